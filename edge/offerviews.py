"""What the service tells screens about offers: tiles for a guest, and for staff why these."""

from __future__ import annotations

import msgspec

from edge.core.offers import Choice, Kind, Message


class OfferTile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One offer as a screen shows it; ``exposure`` is said back once it is painted."""

    exposure: str
    offer: str
    kind: Kind
    campaign: str = ""
    messages: dict[str, Message]
    """By language; a screen takes the guest's, else its own, else Italian."""
    until: str = ""
    """Last local date, ISO 8601."""
    currency: str = ""
    price_minor: int | None = None
    """What one costs with it, where it names a price."""
    was_minor: int | None = None
    """What one costs without it, where it is about one article."""
    off_minor: int = 0
    percent: int = 0
    points_earned: int = 0
    points_spent: int = 0
    personal: bool = False
    """It was chosen for this guest, and not for anybody."""
    taken: bool = False
    """The guest took it up and has not used it."""


class OffersView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody is offered at a point now; no tile is an answer, too."""

    point: str
    exposure: str = ""
    bundle: int = 0
    tiles: tuple[OfferTile, ...] = ()
    quiet: bool = False
    """The guest asked for none today."""


class TillElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """A till that another device of the site keeps, by name."""

    device: str
    point: str
    names: dict[str, str]


class TakenView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offer that a guest took up: any till of this device knows of it, another one reads the code."""

    exposure: str
    offer: str
    label: str
    until: str = ""
    code: str = ""
    """What a QR code of it says; empty: this device stays alone and signs nothing."""
    elsewhere: tuple[TillElsewhere, ...] = ()
    """Tills of other devices to one of which it can be made over."""
    to: str = ""
    """The device that it was made over to: there alone it is good."""


class ExplainedView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One choice for staff: what was shown, and of every other offer why not."""

    exposure: str
    point: str
    at_ms: int
    choice: Choice
    shown: tuple[str, ...] = ()
    """Tiles that a screen has painted."""
    taken: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    names: dict[str, str] = {}
    """Of the offers, in the site's first language."""
    personal: bool = False
