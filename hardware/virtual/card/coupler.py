"""What a PC/SC reader does between a band in its field and the card that it shows to the host."""

from __future__ import annotations

import threading

from hardware.virtual.bands.band import Band, anticollide
from hardware.virtual.card.blocks import BandSilent, Blocks, read_ats

_GOOD, _FAILED, _UNKNOWN = b"\x90\x00", b"\x63\x00", b"\x6a\x81"
_RATS = b"\xe0\x80"
_POLL_F = bytes.fromhex("0600FFFF0000")
_RID = bytes.fromhex("A000000306")
_TYPE_A_PART_3, _FELICA = 0x03, 0x11
_NAMES = {0x08: b"\x00\x01", 0x18: b"\x00\x02", 0x09: b"\x00\x26", 0x00: b"\x00\x03"}
"""PC/SC part 3 supplement: card names of MIFARE Classic 1K, 4K, Mini, and Ultralight (NTAG21x too)."""
_FELICA_NAME = b"\x00\x3b"


def _sealed(atr: bytes) -> bytes:
    """Close an ATR with its check octet."""
    check = 0
    for octet in atr[1:]:
        check ^= octet
    return atr + bytes([check])


def _storage_atr(standard: int, name: bytes) -> bytes:
    """Name a card without APDUs as PC/SC part 3 does."""
    return _sealed(bytes.fromhex("3B8F8001804F0C") + _RID + bytes([standard]) + name + bytes(4))


class Coupler:
    """One band in a reader's field; ``cut`` ends whatever still waits for it."""

    def __init__(self, band: Band, *, hands_on_felica: bool = True) -> None:
        """Lay the band down; nothing is sent yet. Not every reader hands FeliCa frames on."""
        self._hands_on_felica = hands_on_felica
        self.cut = threading.Event()
        self._band = band
        self._uid = b""
        self._sak: int | None = None
        self._blocks: Blocks | None = None
        self.atr: bytes | None = None
        band.place()

    def power(self) -> bytes | None:
        """Switch the field off and on and find the band; returns its ATR, None where it cannot be found."""
        self._band.reset()
        self._blocks, self.atr = None, None
        self.atr = self._find_type_a() or self._find_felica()
        return self.atr

    def _ask_a(self, frame: bytes) -> bytes | None:
        return None if self.cut.is_set() else self._band.answer("106A", frame)

    def _ask_f(self, frame: bytes) -> bytes | None:
        return None if self.cut.is_set() else self._band.answer("212F", frame)

    def _find_type_a(self) -> bytes | None:
        """Run anticollision, and select a band that takes APDUs."""
        if self._ask_a(b"\x26") is None:
            return None
        self._uid, self._sak = anticollide(self._ask_a)
        if self._sak is None:
            return None
        ats = self._ask_a(_RATS) if self._sak & 0x20 else None
        if ats is None and self._sak & 0x20 and not self._sak & 0x08:
            return None
        if ats is None:
            return _storage_atr(_TYPE_A_PART_3, _NAMES.get(self._sak, bytes([0xFF, self._sak])))
        selected = read_ats(ats)
        if selected is None:
            return None
        self._blocks = Blocks(self._ask_a, self.cut.wait, selected)
        history = selected.historical[:15]
        return _sealed(bytes([0x3B, 0x80 | len(history), 0x80, 0x01]) + history)

    def _find_felica(self) -> bytes | None:
        """Poll for FeliCa."""
        found = self._ask_f(_POLL_F)
        if found is None or len(found) < 18 or found[0] != len(found) or found[1] != 1:
            return None
        self._uid, self._sak = found[2:10], None
        return _storage_atr(_FELICA, _FELICA_NAME)

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one APDU of the host: the reader's own (class FFh) or the band's; raises ``BandSilent``."""
        if apdu[:1] == b"\xff":
            return self._pseudo(apdu)
        return self._blocks.exchange(apdu) if self._blocks is not None else _UNKNOWN

    def _pseudo(self, apdu: bytes) -> bytes:
        """Answer what readers answer themselves: identifier, memory pages, and FeliCa frames passed on."""
        code = apdu[1:4]
        if code == b"\xca\x00\x00":
            return self._uid + _GOOD
        if self._sak == 0 and code[:2] == b"\xb0\x00" and len(apdu) == 5:
            return self._read_pages(apdu[3], apdu[4] or 16)
        if (
            self._hands_on_felica
            and self._sak is None
            and code == b"\x00\x00\x00"
            and len(apdu) > 5
            and apdu[4] == len(apdu) - 5
        ):
            answer = self._ask_f(apdu[5:])
            return _FAILED if answer is None else answer + _GOOD
        return _UNKNOWN

    def _read_pages(self, page: int, octets: int) -> bytes:
        """Read four pages of a memory band, and hand on as many octets as were asked for."""
        found = self._ask_a(bytes([0x30, page]))
        return found[:octets] + _GOOD if found is not None and len(found) == 16 else _FAILED


__all__ = ["BandSilent", "Coupler"]
