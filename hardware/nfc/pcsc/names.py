"""What a PC/SC reader calls the band on it: the card name inside the ATR (PC/SC part 3, 3.1.3.2.3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

_STORAGE = bytes.fromhex("4F0CA000000306")
"""Tag, length and registered identifier that begin a storage card's historical octets."""
_STORAGE_AT = 5
_FELICA_STANDARD, _FELICA_NAMES = 0x11, (0x003B, 0xF011, 0xF012)
_TYPE2_NAMES = (0x0003, 0x003A, 0x003D)
"""Ultralight, Ultralight C and Ultralight EV1; NTAG21x go by the first one's name."""
_CLASSIC_SAKS = {
    0x0001: 0x08,
    0x0002: 0x18,
    0x0026: 0x09,
    0x0036: 0x08,
    0x0037: 0x18,
    0x0038: 0x10,
    0x0039: 0x11,
}
"""Classic 1K, 4K and Mini, and MIFARE Plus at the levels that speak Crypto1, with the SAK each would have."""
_BY_SAK = 0xFF
"""First octet of the names that readers make up from a SAK they do not know."""


class Kind(enum.Enum):
    """How a card wants to be spoken to."""

    APDU = "apdu"
    TYPE2 = "type 2"
    FELICA = "felica"
    CLASSIC = "classic"
    OTHER = "other"
    """A memory card of another standard: it has an identifier and nothing more for us."""


@dataclass(frozen=True, slots=True)
class Named:
    """A card as its reader names it; ``sak`` is there only where the name tells it."""

    kind: Kind
    sak: int | None = None


def card_named(atr: bytes) -> Named:
    """Read a card's kind out of its ATR; what carries no card name takes APDUs itself."""
    head = atr[_STORAGE_AT : _STORAGE_AT + len(_STORAGE)]
    rest = atr[_STORAGE_AT + len(_STORAGE) :]
    if head != _STORAGE or len(rest) < 3:
        return Named(Kind.APDU)
    standard, name = rest[0], int.from_bytes(rest[1:3])
    if name in _CLASSIC_SAKS:
        return Named(Kind.CLASSIC, _CLASSIC_SAKS[name])
    if name >> 8 == _BY_SAK and name & 0x08:
        return Named(Kind.CLASSIC, name & 0xFF)
    if standard == _FELICA_STANDARD or name in _FELICA_NAMES:
        return Named(Kind.FELICA)
    return Named(Kind.TYPE2 if name in _TYPE2_NAMES else Kind.OTHER)
