"""NTAG213 and NTAG216: memory anybody can read, with a 32-bit password in front of it if wanted."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from hardware.virtual.bands.band import TypeA, check_octet

_ACK, _NAK_ARGUMENT, _NAK_PASSWORD = b"\x0a", b"\x00", b"\x04"
_PAGE = 4


@dataclass(frozen=True, slots=True)
class Model:
    """What tells the members of the family apart (NXP NTAG213/215/216 data sheet)."""

    version: bytes
    pages: int
    size_code: int
    config_page: int


NTAG213 = Model(bytes.fromhex("0004040201000F03"), 45, 0x12, 41)
NTAG216 = Model(bytes.fromhex("0004040201001303"), 231, 0x6D, 227)


class Ntag21x(TypeA):
    """A band of the NTAG21x family."""

    def __init__(self, uid: bytes, model: Model, *, message: bytes = b"", password: bytes = b"") -> None:
        """Hold an NDEF message; ``password`` is 4 octets and 2 of acknowledgement, or empty for none."""
        super().__init__(uid, atqa=b"\x44\x00", sak=0x00)
        self.model = model
        self.signature = bytes(32)
        self._memory = bytearray(model.pages * _PAGE)
        self._open = not password
        self._password = password
        serial = uid[:3] + bytes([check_octet(b"\x88" + uid[:3])]) + uid[3:7] + bytes([check_octet(uid[3:7])])
        self._memory[0:9] = serial
        self._memory[9] = 0x48
        self._memory[12:16] = bytes([0xE1, 0x10, model.size_code, 0x00])
        self._write_message(message)
        config = model.config_page * _PAGE
        self._memory[config : config + 5] = bytes([4, 0, 0, 4 if password else 0xFF, 0x80 if password else 0])

    def _write_message(self, message: bytes) -> None:
        """Lay the message out as one TLV and its end mark."""
        head = bytes([0x03, len(message)]) if len(message) < 0xFF else b"\x03\xff" + len(message).to_bytes(2)
        tlv = head + message + b"\xfe"
        if len(tlv) > self.model.size_code * 8:
            raise ValueError("the message is longer than this band's memory")
        self._memory[16 : 16 + len(tlv)] = tlv

    def reset(self) -> None:
        """Forget that the password was given."""
        super().reset()
        self._open = not self._password

    def _read(self, first: int, last: int) -> bytes:
        """Return pages, rolling over at the end; password and locked pages read as zeros or not at all."""
        limit = self.model.config_page + 2
        if first >= self.model.pages or (not self._open and last >= 4):
            self.halt()
            return _NAK_ARGUMENT
        found = b""
        for page in range(first, last + 1):
            start = page % self.model.pages * _PAGE
            found += bytes(_PAGE) if page >= limit else bytes(self._memory[start : start + _PAGE])
        return found

    def _write(self, page: int, octets: bytes) -> bytes:
        """Write one page where the password, if there is one, was given."""
        if not self._open or not 2 <= page < self.model.pages or len(octets) != _PAGE:
            self.halt()
            return _NAK_ARGUMENT
        self._memory[page * _PAGE : (page + 1) * _PAGE] = octets
        return _ACK

    def _present_password(self, password: bytes) -> bytes:
        """Answer the acknowledgement for the right password, and fall silent after a wrong one."""
        if self._password and hmac.compare_digest(password, self._password[:4]):
            self._open = True
            return self._password[4:6]
        self.halt()
        return _NAK_PASSWORD

    def command(self, frame: bytes) -> bytes | None:
        """Answer the commands that nfcpy sends to this family; stay silent on others."""
        code, rest = frame[0], frame[1:]
        if code == 0x30 and len(rest) == 1:
            return self._read(rest[0], rest[0] + 3)
        if code == 0x3A and len(rest) == 2 and rest[0] <= rest[1]:
            return self._read(rest[0], rest[1])
        if code == 0xA2 and len(rest) == 5:
            return self._write(rest[0], rest[1:])
        if code == 0x1B and len(rest) == 4:
            return self._present_password(rest)
        if code == 0x60 and not rest:
            return self.model.version
        if code == 0x3C and rest == b"\x00":
            return self.signature
        self.halt()
        return None
