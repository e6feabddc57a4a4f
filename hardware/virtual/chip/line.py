"""A virtual PN532 at the end of a pseudo terminal: what nfcpy's pn532 driver opens as a serial port."""

from __future__ import annotations

import contextlib
import enum
import os
import select
import tempfile
import threading
import tty
from pathlib import Path

from hardware.virtual.bands.band import Band
from hardware.virtual.chip.pn532 import Pn532

_START = b"\x00\x00\xff"
ACK = b"\x00\x00\xff\x00\xff\x00"
_TO_CHIP = 0xD4


class LineFault(enum.Enum):
    """What can be wrong between chip and host."""

    NONE = "none"
    HANG = "hang"
    """Nothing comes back at all."""
    HANG_AFTER_ACK = "hang_after_ack"
    GARBAGE = "garbage"
    CHECKSUM = "checksum"
    HALF_FRAME = "half_frame"


def frame_of(octets: bytes) -> bytes:
    """Frame a response for the host (PN532 user manual 6.2.1), extended beyond 255 octets."""
    tail = octets + bytes([-sum(octets) & 0xFF, 0])
    if len(octets) < 256:
        return _START + bytes([len(octets), -len(octets) & 0xFF]) + tail
    size = len(octets).to_bytes(2)
    return _START + b"\xff\xff" + size + bytes([-sum(size) & 0xFF]) + tail


def take_command(buffer: bytearray) -> bytes | None:
    """Take the first whole command off the buffer; acknowledgements and preambles are passed over."""
    while (start := buffer.find(_START)) >= 0 and len(buffer) >= start + 5:
        head, size = start + 5, buffer[start + 3]
        if size in (0x00, 0xFF) and buffer[start + 4] == size ^ 0xFF:
            del buffer[: start + 5]
            continue
        if size == 0xFF and buffer[start + 4] == 0xFF:
            head, size = start + 8, int.from_bytes(buffer[start + 5 : start + 7])
        if len(buffer) < head + size + 2:
            return None
        command = bytes(buffer[head : head + size])
        del buffer[: head + size + 2]
        if command[:1] == bytes([_TO_CHIP]) and len(command) > 1:
            return command
    return None


class PtyChip:
    """A PN532 on a pseudo terminal, served by one thread; ``path`` stays the same over unplugging."""

    def __init__(self) -> None:
        """Plug the chip in."""
        self._folder = tempfile.TemporaryDirectory(prefix="polso-chip-")
        self._link = Path(self._folder.name) / "pn532"
        self._cut = threading.Event()
        self.chip = Pn532(self._cut.wait)
        self.fault = LineFault.NONE
        self._master = self._slave = self._alarm_in = self._alarm_out = -1
        self._thread: threading.Thread | None = None
        self.replug()

    @property
    def path(self) -> str:
        """Return the path by which the nfcpy driver opens this chip."""
        return f"pty:{self._link}"

    @property
    def plugged(self) -> bool:
        """Say whether the cable is in."""
        return self._thread is not None

    def place(self, band: Band) -> None:
        """Lay a band into the field, in place of the one that was there."""
        self.chip.place(band)

    def remove(self) -> None:
        """Take the band away."""
        self.chip.remove()

    def replug(self) -> None:
        """Put the cable back: another terminal under the same path."""
        if self._thread is not None:
            return
        self._cut.clear()
        self._master, self._slave = os.openpty()
        self._alarm_out, self._alarm_in = os.pipe()
        tty.setraw(self._slave)
        self._link.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._serve, name="virtual-pn532", daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable: whoever holds the terminal open gets its error."""
        if self._thread is None:
            return
        self._cut.set()
        self._link.unlink()
        os.write(self._alarm_in, b"!")
        self._thread.join(timeout=2)
        self._thread = None
        for descriptor in (self._master, self._slave, self._alarm_in, self._alarm_out):
            os.close(descriptor)

    def close(self) -> None:
        """Unplug for good and leave nothing behind."""
        self.unplug()
        self._folder.cleanup()

    def _serve(self) -> None:
        """Read commands and answer them until the cable is pulled."""
        buffer = bytearray()
        while not self._cut.is_set():
            ready, _, _ = select.select([self._master, self._alarm_out], [], [])
            if self._alarm_out in ready:
                return
            # EIO: the host closed the terminal and has not opened it again.
            with contextlib.suppress(OSError):
                buffer += os.read(self._master, 4096)
            while (command := take_command(buffer)) is not None:
                self._reply(command)

    def _reply(self, command: bytes) -> None:
        """Acknowledge and answer one command, as the fault allows."""
        if self.fault is LineFault.HANG:
            return
        if self.fault is LineFault.GARBAGE:
            self._send(bytes(range(0x5A, 0x7A)))
            return
        self._send(ACK)
        answer = frame_of(self.chip.execute(command))
        if self.fault is LineFault.CHECKSUM:
            answer = answer[:-2] + bytes([answer[-2] ^ 0x55]) + answer[-1:]
        if self.fault is LineFault.HALF_FRAME:
            answer = answer[:3]
        if self.fault is not LineFault.HANG_AFTER_ACK and not self._cut.is_set():
            self._send(answer)

    def _send(self, octets: bytes) -> None:
        """Write to the host."""
        os.write(self._master, octets)
