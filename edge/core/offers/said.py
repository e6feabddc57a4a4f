"""What became of an offer: bodies of the events after the choice, each told once."""

from __future__ import annotations

import msgspec

from edge.core.events import Kind

KINDS = (
    *(Kind.OFFER_SHOWN, Kind.OFFER_TAKEN, Kind.OFFER_DECLINED),
    *(Kind.OFFER_REDEEMED, Kind.OFFER_RETURNED, Kind.OFFER_MADE_OVER),
)
"""What became of an offer that was chosen for somebody: the events whose body is ``Told``."""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of each of these."""

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
