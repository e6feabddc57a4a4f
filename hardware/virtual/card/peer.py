"""The far end of vpcd's socket: lays virtual bands on a reader of the real pcscd."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

from hardware.virtual.bands.band import Band
from hardware.virtual.card.blocks import BandSilent
from hardware.virtual.card.coupler import Coupler

PORT = 35963
"""Where vpcd listens for the card of its first reader; the second one's port is the next."""
_OFF, _ON, _RESET, _ATR = b"\x00", b"\x01", b"\x02", b"\x04"
_FIND_S, _DIAL_S = 0.05, 0.05
_LIMBO_S = 1.0
"""vpcd asks for the ATR 2.5 times a second; a line on which nobody asks is one that it has lost."""
_ABSENT_S = 0.5
"""So long a card stays away: one that comes back between two of pcscd's looks is absent to pcscd for ever."""

Dial = Callable[[], socket.socket]
"""Connects to vpcd, or raises ``OSError`` while nobody listens there."""


def dial(host: str = "127.0.0.1", port: int = PORT) -> socket.socket:
    """Connect to the vpcd of this machine's pcscd."""
    return socket.create_connection((host, port), timeout=2)


class VirtualCard:
    """One reader of pcscd's with at most one band on it, served by one thread until ``close``.

    A band put in the place of another is not announced: that is a swap between two looks of a real reader,
    and the driver has to notice it by itself. The daemon may end and come back; the band lies there still.
    """

    def __init__(self, dial: Dial = dial) -> None:
        """Stand beside the reader with no band on it."""
        self._dial = dial
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._coupler: Coupler | None = None
        self._line: socket.socket | None = None
        self._closing = False
        self._not_before = time.monotonic() + _ABSENT_S
        self.hands_on_felica = True
        """Whether this is a reader that knows ACS's direct command."""
        self.apdus = 0
        """Command APDUs answered, the reader's own among them."""
        self._thread = threading.Thread(target=self._run, name="virtual-card", daemon=True)
        self._thread.start()

    @property
    def announced(self) -> bool:
        """Say whether vpcd was told of a band."""
        return self._line is not None

    def place(self, band: Band) -> None:
        """Lay a band onto the reader, in place of the one that was there."""
        self._change(Coupler(band, hands_on_felica=self.hands_on_felica))

    def remove(self) -> None:
        """Take the band away, in the middle of an exchange too."""
        self._change(None)

    def close(self) -> None:
        """Take the band away for good and join the thread."""
        self._closing = True
        self._change(None)
        self._thread.join(timeout=3)

    def _change(self, coupler: Coupler | None) -> None:
        """Put another band, or none, in place of the present one."""
        if coupler is not None:
            coupler.power()
        with self._changed:
            if self._coupler is not None:
                self._coupler.cut.set()
            self._coupler = coupler
            if coupler is None or coupler.atr is None:
                self._hang_up()
            self._changed.notify_all()

    def _hang_up(self) -> None:
        """Tell vpcd that the card is gone; the thread closes what it serves."""
        if self._line is not None:
            self._not_before = time.monotonic() + _ABSENT_S
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        """Announce what lies there, serve it, and begin again."""
        while not self._closing:
            with self._changed:
                if self._coupler is None and not self._closing:
                    self._changed.wait()
                coupler = self._coupler
            if coupler is None:
                continue
            if coupler.atr is None and coupler.power() is None:
                coupler.cut.wait(_FIND_S)
                continue
            self._announce(coupler)

    def _announce(self, coupler: Coupler) -> None:
        """Connect to vpcd and serve until either side ends it."""
        if coupler.cut.wait(max(0.0, self._not_before - time.monotonic())):
            return
        try:
            line = self._dial()
        except OSError:
            coupler.cut.wait(_DIAL_S)
            return
        with line, contextlib.suppress(OSError):
            with self._lock:
                self._line = line
                if self._coupler is None:
                    self._hang_up()
            line.settimeout(_LIMBO_S)
            while (message := _receive(line)) is not None:
                self._answer(line, message)
        with self._lock:
            self._line = None

    def _answer(self, line: socket.socket, message: bytes) -> None:
        """Answer one message: switch the card, name it, or pass an APDU on; silence ends the session."""
        coupler = self._coupler
        if coupler is None:
            self._hang_up()
        elif message == _OFF:
            coupler.atr = None
        elif message in (_ON, _RESET):
            if coupler.atr is None or message == _RESET:
                coupler.power()
        elif message == _ATR:
            self._name(line, coupler)
        else:
            self._transmit(line, coupler, message)

    def _name(self, line: socket.socket, coupler: Coupler) -> None:
        """Send the ATR; a band that cannot be found any more has left (vpcd would wait for an empty one)."""
        atr = coupler.atr or coupler.power()
        if atr is None:
            self._hang_up()
        else:
            _send(line, atr)

    def _transmit(self, line: socket.socket, coupler: Coupler, apdu: bytes) -> None:
        """Answer an APDU, or end the card's session as a reader does whose band went silent."""
        self.apdus += 1
        try:
            _send(line, coupler.transmit(apdu))
        except BandSilent:
            coupler.atr = None
            self._hang_up()


def _receive(line: socket.socket) -> bytes | None:
    """Read one message behind its two octets of length; None at the end."""
    head = _exactly(line, 2)
    return None if head is None else _exactly(line, int.from_bytes(head))


def _exactly(line: socket.socket, octets: int) -> bytes | None:
    """Read so many octets. Without an acknowledgement at once, vpcd's next octets wait 40 ms for it."""
    found = b""
    while len(found) < octets:
        part = line.recv(octets - len(found))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not part:
            return None
        found += part
    return found


def _send(line: socket.socket, octets: bytes) -> None:
    """Send one message behind its two octets of length."""
    line.sendall(len(octets).to_bytes(2) + octets)
