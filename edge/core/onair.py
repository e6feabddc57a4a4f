"""On air: the key by which a band changes its name on the radio, and how its clock stands."""

from __future__ import annotations

from typing import NamedTuple

ON_AIR = 64
"""Its number among a band's own keys; a chip's are below, those that are coming (16 more) too."""
KEY_BYTES = 16
OFFSET_BYTES = 8


class OnAir(NamedTuple):
    """A band's identity key; ``offset_s`` is its clock less UTC in seconds when that was registered."""

    key: bytes
    offset_s: int = 0

    def __repr__(self) -> str:
        """Say nothing."""
        return "OnAir()"


def octets_of(on_air: OnAir) -> bytes:
    """Return the form in which it lies among the band's keys."""
    return on_air.key + on_air.offset_s.to_bytes(OFFSET_BYTES, "big", signed=True)


def on_air_in(octets: bytes) -> OnAir | None:
    """Return what lies among a band's keys; None where that is of no form that we know."""
    if len(octets) != KEY_BYTES + OFFSET_BYTES:
        return None
    return OnAir(octets[:KEY_BYTES], int.from_bytes(octets[KEY_BYTES:], "big", signed=True))
