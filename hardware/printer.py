"""Receipt printers that speak ESC/POS: python-escpos builds the bytes, a link of ours carries them."""

from __future__ import annotations

import os
import select
import socket
import textwrap
import threading
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from escpos.capabilities import CAPABILITIES
from escpos.constants import QR_ECLEVEL_M
from escpos.printer import Dummy

from hardware.port import DeviceError, NotPrinted, PaperFault, Printer, Slip, SlipRow

Setting = str | int | float | bool

PROFILE = "default"
PAGE_FIRST = "CP858"
"""Western letters and the euro sign in one code page; others are switched to where a letter asks for them."""
WITHOUT = {"€": "EUR", "·": "-", "×": "x", "–": "-", "—": "-", "’": "'", "…": "..."}  # noqa: RUF001 - they are what is replaced
"""What stands for a sign that none of a printer's code pages knows."""
QR_SIZE = 6
PORT = 9100
ANSWER_S_MAX = 1.0
"""How long a printer may take to say how it is."""
SEND_S_MAX = 5.0
PRINTER_STATUS, OFFLINE_CAUSE, PAPER_SENSOR = (b"\x10\x04%c" % number for number in (1, 2, 4))
"""DLE EOT n, which a printer answers even while it is offline (ESC/POS command reference)."""
OFFLINE_BIT, COVER_BIT, PAPER_BITS = 0x08, 0x04, 0x60
DRAWER_PIN = 2


class Line(Protocol):
    """What carries bytes to a printer and its answers back."""

    def send(self, octets: bytes) -> None:
        """Send all of it; raise ``OSError`` where it cannot."""

    def answer(self, wait_s: float) -> int | None:
        """Return the next octet that the printer says; None where it says none in time."""

    def close(self) -> None:
        """Give the way back; the next call opens it anew."""


class Socket:
    """A printer on the network, at its raw port."""

    def __init__(self, host: str, port: int) -> None:
        """Remember where it is."""
        self._address = (host, port)
        self._open: socket.socket | None = None

    def send(self, octets: bytes) -> None:
        """See ``Line``."""
        if self._open is None:
            self._open = socket.create_connection(self._address, timeout=SEND_S_MAX)
        self._open.settimeout(SEND_S_MAX)
        self._open.sendall(octets)

    def answer(self, wait_s: float) -> int | None:
        """See ``Line``."""
        if self._open is None:
            return None
        self._open.settimeout(wait_s)
        try:
            told = self._open.recv(1)
        except TimeoutError:
            return None
        return told[0] if told else None

    def close(self) -> None:
        """See ``Line``."""
        line, self._open = self._open, None
        if line is not None:
            line.close()


class DeviceFile:
    """A printer at a device file: ``/dev/usb/lp0``, or a serial port that is set up already."""

    def __init__(self, path: str) -> None:
        """Remember where it is."""
        self._path = path
        self._open: int | None = None

    def send(self, octets: bytes) -> None:
        """See ``Line``."""
        if self._open is None:
            self._open = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        until = time.monotonic() + SEND_S_MAX
        while octets:
            _, ready, _ = select.select([], [self._open], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("the printer takes nothing more")
            octets = octets[os.write(self._open, octets) :]

    def answer(self, wait_s: float) -> int | None:
        """See ``Line``."""
        if self._open is None or not select.select([self._open], [], [], wait_s)[0]:
            return None
        told = os.read(self._open, 1)
        return told[0] if told else None

    def close(self) -> None:
        """See ``Line``."""
        descriptor, self._open = self._open, None
        if descriptor is not None:
            os.close(descriptor)


class EscposPrinter:
    """One printer; it is asked how it is before each slip, so that none is sent into nothing."""

    def __init__(self, name: str, line: Line, *, profile: str = PROFILE, asks: bool = True) -> None:
        """Print over ``line`` as ``profile`` says; ``asks`` False where it tells nothing of itself."""
        self._name, self._line, self._profile, self._asks = name, line, profile, asks
        self._lock = threading.Lock()

    @property
    def columns(self) -> int:
        """See ``port.Printer``."""
        return _columns(Dummy(profile=self._profile))

    def print(self, slip: Slip) -> None:
        """See ``port.Printer``."""
        self._send(composed(slip, self._profile))

    def open_drawer(self) -> None:
        """See ``port.Printer``."""
        maker = Dummy(profile=self._profile)
        maker.cashdraw(DRAWER_PIN)
        self._send(bytes(maker.output), paper=False)

    def fault(self) -> PaperFault | None:
        """See ``port.Printer``."""
        with self._lock:
            try:
                return self._look() if self._asks else None
            except OSError:
                self._line.close()
                return PaperFault.LOST

    def close(self) -> None:
        """See ``port.Printer``."""
        with self._lock:
            self._line.close()

    def _send(self, octets: bytes, *, paper: bool = True) -> None:
        with self._lock:
            try:
                found = self._look() if self._asks else None
                if found is PaperFault.LOST or (paper and found is not None):
                    raise self._not_printed(found)
                self._line.send(octets)
                after = self._look() if self._asks and paper else None
                if after is not None:
                    raise self._not_printed(after)
            except OSError as cause:
                raise self._not_printed(PaperFault.LOST) from cause
            finally:
                self._line.close()

    def _look(self) -> PaperFault | None:
        status = self._asked(PRINTER_STATUS)
        if status is None:
            return PaperFault.LOST
        paper = self._asked(PAPER_SENSOR)
        if paper is not None and paper & PAPER_BITS:
            return PaperFault.PAPER_OUT
        if status & OFFLINE_BIT:
            cause = self._asked(OFFLINE_CAUSE)
            return PaperFault.COVER_OPEN if cause is not None and cause & COVER_BIT else PaperFault.PAPER_OUT
        return None

    def _asked(self, question: bytes) -> int | None:
        self._line.send(question)
        return self._line.answer(ANSWER_S_MAX)

    def _not_printed(self, fault: PaperFault) -> NotPrinted:
        hints = {
            PaperFault.PAPER_OUT: "Put a new roll in.",
            PaperFault.COVER_OPEN: "Close its cover.",
            PaperFault.LOST: "Check its cable and that it is switched on.",
        }
        return NotPrinted(fault, f"printer {self._name}: {fault.value.replace('_', ' ')}", hints[fault])


def composed(slip: Slip, profile: str = PROFILE) -> bytes:
    """Return a slip as the bytes that a printer of this profile takes."""
    maker = Dummy(profile=profile)
    maker.hw("INIT")
    pages = set(maker.profile.get_code_pages())
    if PAGE_FIRST in pages:
        maker.magic.write_with_encoding(PAGE_FIRST, "")
    columns = _columns(maker)
    if slip.open_drawer:
        maker.cashdraw(DRAWER_PIN)
    for rows, code in ((slip.rows, slip.code), (slip.below, slip.coupon)):
        for row in rows:
            _set(maker, row)
            plain = replace(row, left=_known(row.left, pages), right=_known(row.right, pages))
            for text in rows_of(plain, columns // 2 if row.big else columns):
                maker.text(text + "\n")
        if code:
            maker.set_with_default(align="center")
            maker.qr(code, native=True, size=QR_SIZE, ec=QR_ECLEVEL_M)
    maker.set_with_default()
    maker.cut()
    return bytes(maker.output)


def _columns(maker: Dummy) -> int:
    return int(maker.profile.get_columns("a"))


def rows_of(row: SlipRow, columns: int) -> Iterator[str]:
    """Yield one row as lines of so many columns: what is right stands right, what is left breaks at words."""
    if row.rule:
        yield "-" * columns
        return
    if row.centred:
        yield from textwrap.wrap(f"{row.left} {row.right}".strip(), columns) or [""]
        return
    room = columns - len(row.right) - bool(row.right)
    if room < columns // 3:
        yield from textwrap.wrap(row.left, columns)
        yield row.right.rjust(columns)
        return
    first, *rest = textwrap.wrap(row.left, room) or [""]
    if not rest:
        yield f"{first}{row.right.rjust(columns - len(first))}" if row.right else first
        return
    yield first
    *middle, last = rest
    yield from middle
    yield f"{last}{row.right.rjust(columns - len(last))}" if row.right else last


def _set(maker: Dummy, row: SlipRow) -> None:
    maker.set_with_default(
        align="center" if row.centred else "left",
        bold=row.strong,
        double_height=row.big,
        double_width=row.big,
    )


def _known(text: str, pages: set[str]) -> str:
    """Return a text in which each sign that no code page holds is written in plain letters."""
    rich = PAGE_FIRST in pages
    return "".join(sign if _prints(sign, rich=rich) else _plain(sign) for sign in text)


def _prints(sign: str, *, rich: bool) -> bool:
    if sign.isascii():
        return sign.isprintable()
    with suppress(UnicodeEncodeError):
        sign.encode("cp858" if rich else "cp437")
        return True
    return rich and unicodedata.category(sign).startswith("L")


def _plain(sign: str) -> str:
    if sign in WITHOUT:
        return WITHOUT[sign]
    bare = unicodedata.normalize("NFKD", sign)
    return "".join(part for part in bare if part.isascii() and part.isprintable()) or "?"


def build(name: str, settings: Mapping[str, Setting]) -> Printer:
    """Make the printer of the configuration: ``host`` and ``port``, or ``path``; needs ``polso[printer]``."""
    profile = str(settings.get("profile", PROFILE))
    if profile not in CAPABILITIES["profiles"]:
        known = ", ".join(sorted(CAPABILITIES["profiles"]))
        raise DeviceError(f"printer {name}: there is no profile {profile!r}", hint=f"profiles are: {known}")
    asks = bool(settings.get("asks", True))
    if "host" in settings:
        line: Line = Socket(str(settings["host"]), int(settings.get("port", PORT)))
    elif "path" in settings:
        line = DeviceFile(str(settings["path"]))
    else:
        raise DeviceError(
            f"printer {name}: neither host nor path is set",
            hint='give host = "192.168.1.9" or path = "/dev/usb/lp0"',
        )
    return EscposPrinter(name, line, profile=profile, asks=asks)
