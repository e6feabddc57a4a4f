"""A serial line as libosdp's channel: raw octets, taken for ourselves alone, with its errors kept."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import termios
import time
import tty
import zlib

from hardware.port import DeviceError

_START, _REPLY = 0x53, 0x80


class Line:
    """An open serial line; ``read`` and ``write`` never raise and never block: libosdp calls them."""

    def __init__(self, port: str, baud: int) -> None:
        """Open the line and shut everybody else out; raises ``DeviceError`` with a hint."""
        self.id = zlib.crc32(port.encode()) & 0x7FFFFFFF
        self.error: OSError | None = None
        self.heard_ns = time.monotonic_ns()
        self.heard: set[int] = set()
        """Addresses from which anything came, enciphered or not."""
        self._descriptor = -1
        try:
            self._descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tty.setraw(self._descriptor)
            speed: int = getattr(termios, f"B{baud}")
            attributes = termios.tcgetattr(self._descriptor)
            attributes[4] = attributes[5] = speed
            termios.tcsetattr(self._descriptor, termios.TCSANOW, attributes)
        except (OSError, termios.error) as error:
            self.close()
            raise DeviceError(f"serial line {port}: {error}", _hint(error)) from error

    def read(self, octets_max: int) -> bytes:
        """Return what came, empty if nothing did."""
        try:
            octets = os.read(self._descriptor, octets_max)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.error = error
            return b""
        if octets:
            self.heard_ns = time.monotonic_ns()
            pairs = itertools.pairwise(octets)
            self.heard.update(second & 0x7F for first, second in pairs if first == _START and second & _REPLY)
        return octets

    def write(self, octets: bytes) -> int:
        """Send; a line that cannot be written to is dead."""
        try:
            return os.write(self._descriptor, octets)
        except OSError as error:
            self.error = error
            return -1

    def flush(self) -> None:
        """Forget what came and was not read: half an answer is none."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def close(self) -> None:
        """Give the line back."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _hint(error: Exception) -> str:
    """Say what a person can do about a line that does not open."""
    if isinstance(error, BlockingIOError):
        return "another program holds the line: stop the service before `polso osdp install`"
    if isinstance(error, PermissionError):
        return "add the service's account to group dialout, or copy polso.rules to /etc/udev/rules.d/"
    return "plug the RS-485 adapter in; name it by /dev/serial/by-id/..., which stays the same"
