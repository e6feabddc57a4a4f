"""An offer: what somebody may be told, where, when and how often, and what it does to a price."""

from __future__ import annotations

import enum

import msgspec

from edge.core.calendar import DAY_MINUTES
from edge.core.offers.message import Message


class Kind(enum.StrEnum):
    """What sort of offer it is; one of the tiles is kept for what is new."""

    NEW = "new"
    DISCOUNT = "discount"
    GIFT = "gift"
    SAMPLE = "sample"
    POINTS = "points"
    UPGRADE = "upgrade"
    SERVICE = "service"
    """A word about the visit itself; it is never ranked."""


class Level(enum.StrEnum):
    """At which step a price changes: each begins with what the one before it left."""

    LINE = "line"
    BASKET = "basket"
    COUPON = "coupon"
    POINTS = "points"


class Counted(enum.StrEnum):
    """What a cap counts."""

    SHOWN = "shown"
    REDEEMED = "redeemed"


class Span(enum.StrEnum):
    """Over what a cap counts."""

    SESSION = "session"
    DAY = "day"
    WEEK = "week"
    CAMPAIGN = "campaign"
    """As long as the campaign lasts."""


class Unit(enum.StrEnum):
    """What a budget holds."""

    UNITS = "units"
    MONEY = "money"
    """Minor units of the site's currency."""


class Period(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an offer holds, in the site's own time; what is empty is no bound."""

    first: str = ""
    """First local date, ISO 8601."""
    last: str = ""
    """Last local date."""
    weekdays: tuple[int, ...] = ()
    """Monday is 0."""
    from_min: int = 0
    until_min: int = DAY_MINUTES
    """Local minutes of the day; an end that is not after the beginning lies beyond midnight."""


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an offer takes off a basket: of each thing at level LINE, once off the fitting sum elsewhere."""

    level: Level = Level.LINE
    percent: int = 0
    off_minor: int = 0
    price_minor: int | None = None
    """The price of one thing instead of its own, at level LINE."""
    articles: tuple[str, ...] = ()
    """Of these; with ``categories`` empty too: of anything."""
    categories: tuple[str, ...] = ()
    units: int = 0
    """So many things of a basket, the dearest first, at level LINE; 0: all of them."""


class Cap(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How often at most, for each guest, or on each screen whoever stands there."""

    counted: Counted = Counted.SHOWN
    span: Span = Span.DAY
    most: int
    screen: bool = False
    everywhere: int = 0
    """So often on all devices together, also while they are apart: dealt out beforehand (``dealing``).

    ``most`` is 0 beside it: a device that does not know this word never shows the offer."""


class Budget(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a campaign may cost, given to devices in slices by lease."""

    id: str
    """The lease's kind, as ``gift:<campaign>``."""
    unit: Unit = Unit.UNITS
    each: int = 1
    """What one redemption takes at most: an offer whose slice holds less is not shown."""


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One offer, whole: what is empty does not restrict it."""

    id: str
    kind: Kind
    campaign: str
    messages: dict[str, Message] = {}
    """By language."""
    period: Period = Period()
    sites: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    """The guest must be in one of them."""
    rule: str = ""
    """Id of a rule of the bundle; empty: for everybody."""
    needs: tuple[str, ...] = ()
    """Articles without which it is not shown; what is given away is one of them."""
    priority: int = 0
    """The higher one goes first."""
    group: str = ""
    excludes: tuple[str, ...] = ()
    """Offers that cannot stand beside it, whichever of the two says so."""
    stack: str = ""
    """Stacking category; empty: joint with every other, without a limit of its own."""
    caps: tuple[Cap, ...] = ()
    dealt: tuple[str, ...] = ()
    """Devices among which caps that hold everywhere are dealt; central fixed them once for the campaign."""
    budget: Budget | None = None
    effect: Effect | None = None
    gives: str = ""
    """Article of the line at price zero that comes with it."""
    points_earned: int = 0
    """Pending until the goods can no longer come back."""
    points_after_days: int = 14
    """For so long they can, after central heard of the sale."""
    points_spent: int = 0
    worth_minor: int = 0
    """What it is worth to a guest where no basket says it."""
    public: bool = False
    """Shown to unknown visitors, too: it asks nothing of the guest."""
    sensitive: str = ""
    """Why it is never on a screen that others see: ``health``, ``child``, ``age`` or ``debt``."""
    experiment: str = ""
    """Id of the experiment whose control arm does not get it."""
