"""A printer without paper: it takes a real printer's bytes, answers as one, and keeps what it would print."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SLIPS_MAX = 50
ESC, GS, DLE = 0x1B, 0x1D, 0x10
STATUS_FINE, STATUS_OFFLINE = 0x12, 0x1A
CAUSE_FINE, CAUSE_COVER = 0x12, 0x16
PAPER_FINE, PAPER_OUT = 0x12, 0x72
PAGES = {0: "cp437", 2: "cp850", 14: "cp737", 15: "iso8859-7", 16: "cp1252", 17: "cp866", 18: "cp852"}
"""Code pages by ESC t number, as Epson's printers number them."""
PAGES |= {19: "cp858", 33: "cp775", 34: "cp855", 38: "cp869", 39: "iso8859-2", 40: "iso8859-15"}
PAGES |= {45: "cp1250", 47: "cp1253", 48: "cp1254", 51: "cp1257"}
QR_PRINT, QR_STORE = b"1Q0", b"1P0"


@dataclass(slots=True)
class PaperRow:
    """One printed row and how it looks."""

    text: str
    big: bool = False
    strong: bool = False
    centred: bool = False


@dataclass(slots=True)
class PaperSlip:
    """What came out between two cuts."""

    rows: list[PaperRow] = field(default_factory=list)
    code: str = ""
    coupon: str = ""
    """The second code that is on it."""

    @property
    def text(self) -> str:
        """Return it as plain text."""
        return "\n".join(row.text for row in self.rows)


class Paper:
    """The other end of a printer's line (``hardware.printer.Line``), with a cable, a cover and a roll."""

    def __init__(self, came: Callable[[PaperSlip], None] = lambda _slip: None) -> None:
        """Begin with a full roll; ``came`` hears of every slip."""
        self.plugged, self.closed, self.loaded = True, True, True
        self.slips: deque[PaperSlip] = deque(maxlen=SLIPS_MAX)
        self.drawer_opened = 0
        self._came = came
        self._answers: deque[int] = deque()
        self._lock = threading.Lock()
        self._page, self._row = "cp437", ""
        self._big = self._strong = self._centred = False
        self._slip = PaperSlip()
        self._code = ""

    def send(self, sent: bytes) -> None:
        """Take bytes as a printer does; with the cable pulled nothing arrives."""
        if not self.plugged:
            raise ConnectionRefusedError("the printer's cable is pulled")
        with self._lock:
            self._take(sent)

    def answer(self, wait_s: float) -> int | None:
        """Say the next octet; a printer without a cable says nothing."""
        return self._answers.popleft() if self._answers and self.plugged else None

    def close(self) -> None:
        """Nothing is held open."""

    def _take(self, sent: bytes) -> None:
        octets = iter(sent)
        text = bytearray()
        for octet in octets:
            if octet in (ESC, GS, DLE):
                self._row += bytes(text).decode(self._page, "replace")
                text.clear()
                self._command(octet, octets)
            elif octet == 0x0A:
                self._row += bytes(text).decode(self._page, "replace")
                text.clear()
                self._feed()
            else:
                text.append(octet)
        self._row += bytes(text).decode(self._page, "replace")

    def _command(self, lead: int, octets: Iterator[int]) -> None:
        command = next(octets)
        if lead == DLE:
            self._answers.append(self._status(next(octets)))
        elif lead == GS:
            self._command_gs(command, octets)
        elif command == ord("@"):
            self._forget_looks()
        elif command == ord("p"):
            next(octets), next(octets), next(octets)
            self.drawer_opened += 1
        else:
            self._look(command, octets)

    def _look(self, command: int, octets: Iterator[int]) -> None:
        value = next(octets)
        if command == ord("t"):
            self._page = PAGES.get(value, "ascii")
        elif command == ord("!"):
            self._big = bool(value & 0x30)
        elif command == ord("E"):
            self._strong = bool(value)
        elif command == ord("a"):
            self._centred = value in (1, ord("1"))

    def _command_gs(self, command: int, octets: Iterator[int]) -> None:
        if command == ord("("):
            next(octets)
            size = next(octets) + 256 * next(octets)
            body = bytes(next(octets) for _ in range(size))
            if body.startswith(QR_STORE):
                self._code = body[len(QR_STORE) :].decode()
            elif body.startswith(QR_PRINT):
                if self._slip.code:
                    self._slip.coupon = self._code
                else:
                    self._slip.code = self._code
        elif command == ord("V"):
            next(octets)
            self._cut()
        else:
            next(octets)

    def _status(self, asked: int) -> int:
        if asked == 4:
            return PAPER_FINE if self.loaded else PAPER_OUT
        if asked == 2:
            return CAUSE_FINE if self.closed else CAUSE_COVER
        return STATUS_FINE if self.loaded and self.closed else STATUS_OFFLINE

    def _feed(self) -> None:
        if self.loaded:
            row = PaperRow(self._row.rstrip(), big=self._big, strong=self._strong, centred=self._centred)
            self._slip.rows.append(row)
        self._row = ""

    def _cut(self) -> None:
        slip, self._slip = self._slip, PaperSlip()
        if self.loaded:
            self.slips.append(slip)
            self._came(slip)

    def _forget_looks(self) -> None:
        self._page, self._row = "cp437", ""
        self._big = self._strong = self._centred = False
