"""FeliCa through a PC/SC reader: its frames as pseudo APDUs, on the readers that pass them on."""

from __future__ import annotations

from hardware.nfc.ntag424 import OK, Apdu
from hardware.nfc.pcsc.lost import BandLost

_PASS_ON = bytes.fromhex("FF000000")
"""ACS's direct command (ACR1252U and its kin); PC/SC itself has no word for a FeliCa frame."""
_NOT_KNOWN = (b"\x6a\x81", b"\x6d\x00", b"\x6e\x00", b"\x68\x00")
_READ, _WRITE = 0x06, 0x08
_READ_SERVICE, _WRITE_SERVICE = b"\x0b\x00", b"\x09\x00"
_POLL = bytes.fromhex("0600FFFF0000")
_LITE_S = (0xF1, 0xF2)


class NotPassedOn(Exception):
    """This reader has no way to hand a FeliCa frame on."""


class BlockRefused(Exception):
    """The card answered with an error status: it refuses a proof that way."""


class Blocks:
    """The blocks of a FeliCa Lite-S (``hardware.nfc.felica.Card``)."""

    def __init__(self, apdu: Apdu, uid: bytes) -> None:
        """Speak to the card of this identifier by ``apdu``."""
        self._apdu, self._uid = apdu, uid

    def is_lite_s(self) -> bool:
        """Ask the card for its product; raises ``NotPassedOn`` on a reader that cannot."""
        answer = self._frame(_POLL[1:])
        return len(answer) >= 18 and answer[2:10] == self._uid and answer[11] in _LITE_S

    def read(self, *blocks: int) -> bytes:
        """Read by the read-only service."""
        body = self._command(_READ, _READ_SERVICE, blocks)
        if not body or body[0] != len(blocks) or len(body) != 1 + 16 * len(blocks):
            raise BandLost("the card sent less than was read")
        return body[1:]

    def write(self, octets: bytes, *blocks: int) -> None:
        """Write by the read-write service."""
        self._command(_WRITE, _WRITE_SERVICE, blocks, octets=octets)

    def _command(self, code: int, service: bytes, blocks: tuple[int, ...], *, octets: bytes = b"") -> bytes:
        """Send one command and return what follows its two status octets."""
        listed = b"".join(bytes([0x80, block]) for block in blocks)
        body = bytes([code]) + self._uid + b"\x01" + service + bytes([len(blocks)]) + listed + octets
        answer = self._frame(body)
        if len(answer) < 12 or answer[1] != code + 1 or answer[2:10] != self._uid:
            raise BandLost("the card answered something else")
        if answer[10]:
            raise BlockRefused("the card refused")
        return answer[12:]

    def _frame(self, body: bytes) -> bytes:
        """Pass one frame on, its length octet in front, and return the card's."""
        frame = bytes([len(body) + 1]) + body
        answer = self._apdu(_PASS_ON + bytes([len(frame)]) + frame)
        status, told = answer[-2:], answer[:-2]
        if status in _NOT_KNOWN:
            raise NotPassedOn
        if status != OK or not told or told[0] != len(told):
            raise BandLost("the card did not answer")
        return told
