"""The number of a card, out of what a door reader tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardware.port import Medium, Presented, ReadFault, Trust

CARD_OCTETS_MAX = 64
TEXT = 2
"""libosdp's CARD_FMT_ASCII; the other formats count bits."""
_PRODUCT = "osdp"


def card_of(event: Mapping[str, Any]) -> Presented:
    """Read a card event: whole octets, or so many bits, the last octet padded with zeros."""
    octets, length = bytes(event["data"]), int(event["length"])
    if event["format"] != TEXT:
        used, odd = -(-length // 8), -length % 8
        octets = octets[:used] if len(octets) >= used else b""
        if octets and odd:
            octets = octets[:-1] + bytes([octets[-1] >> odd << odd])
    if not octets or len(octets) > CARD_OCTETS_MAX:
        cause = "the reader sent a card without a number, or a longer one than any"
        return Presented(b"", medium=Medium.OSDP, product=_PRODUCT, fault=ReadFault.GARBAGE, cause=cause)
    return Presented(octets, Trust.UID, Medium.OSDP, _PRODUCT)
