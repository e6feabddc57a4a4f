"""A virtual PN532 inside an ACR122U: the CCID transport that nfcpy's acr122 driver speaks to."""

from __future__ import annotations

import errno
import os
import struct
import threading

from hardware.virtual.chip.pn532 import Pn532

_TRANSFER, _POWER_ON, _ANSWER = 0x6F, 0x62, 0x80
_FIRMWARE = b"ACR122U207"
_TUNNEL = bytes.fromhex("FF000000")
_VERSION = bytes.fromhex("FF00480000")
_LAMP = bytes.fromhex("FF00400C0400000000")
_GOOD = b"\x90\x00"


class Acr122u:
    """Stands where nfcpy's USB transport stands; one object is one reader on its cable."""

    TYPE = "USB"
    manufacturer_name = "ACS"
    product_name = "ACR122U virtual"

    def __init__(self) -> None:
        """Plug the reader in."""
        self.chip = Pn532(threading.Event().wait)
        self.plugged = True
        self.lamp_off = False
        """The reader was closed politely: lamp off."""
        self.powered_down = False
        """The chip was sent to sleep, from which stock firmware does not wake without replugging."""
        self._answers: list[bytes] = []

    def write(self, frame: bytes, timeout: int = 0) -> None:
        """Take a CCID message."""
        self._must_be_plugged()
        self._answers.append(self._answer(bytes(frame)))

    def read(self, timeout: int = 0) -> bytearray:
        """Return the answer to the last message."""
        self._must_be_plugged()
        if not self._answers:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return bytearray(self._answers.pop(0))

    def close(self) -> None:
        """Release the cable."""
        self._answers.clear()

    def _must_be_plugged(self) -> None:
        """Raise what libusb raises about a pulled cable."""
        if not self.plugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _answer(self, frame: bytes) -> bytes:
        """Answer the power command and block transfers."""
        payload = self._transfer(frame[10:]) if frame[0] == _TRANSFER else b""
        return struct.pack("<BI5x", _ANSWER, len(payload)) + payload

    def _transfer(self, apdu: bytes) -> bytes:
        """Answer the pseudo APDUs of the reader, and tunnel the chip's."""
        if apdu == _VERSION:
            return _FIRMWARE
        if apdu.startswith(_TUNNEL) and len(apdu) > 6:
            self.powered_down = self.powered_down or apdu[6] == 0x16
            return self.chip.execute(apdu[5:]) + _GOOD
        self.lamp_off = self.lamp_off or apdu == _LAMP
        return _GOOD
