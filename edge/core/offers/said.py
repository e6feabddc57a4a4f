"""What became of an offer: bodies of the events after the choice, each told once."""

from __future__ import annotations

import msgspec


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of the OFFER_ events after the choice: shown, taken, declined, redeemed, returned, made over."""

    exposure: str
    """Of the tile; a coupon's is its own id."""
    offer: str
    campaign: str = ""
    bundle: int = 0
    guest: str | None = None
    point: str = ""
    staff: str = ""
    """Who did it in the guest's place; empty: the guest."""
    op_id: str = ""
    """The basket, where one was paid."""
    minor: int = 0
    """What it took off."""
    units: int = 0
    """What it took out of its budget, or points."""
    to: str = ""
    """The device that it was made over to."""
    earned: int = 0
    """Points that it brings once the goods can no longer come back."""
