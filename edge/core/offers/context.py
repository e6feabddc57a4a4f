"""A context: what a rule may ask about a guest, a visit and a moment, frozen and numbered."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib

import msgspec

from edge.core.facts import Fact

CONTEXT_VERSION = (1, 1)
"""A field that is new, or filled where nobody filled it, raises the second number; one that goes or means
something else raises the first. 1.1: visits, birthdays, weather, crowd and ``call_us`` are filled."""
DIGEST_FORM = (CONTEXT_VERSION[0], 0)
"""What a digest begins with: a choice of before a field was filled comes out equal when it is made again."""
SEASONS = ("winter", "spring", "summer", "autumn")


class StockCode(enum.StrEnum):
    """How sure an article is to be had here."""

    IN_STOCK = "in_stock"
    LAST_PIECES = "last_pieces"
    CALL_US = "call_us"
    OUT = "out"


class AboutGuest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``guest``: never a name, an age or a date of birth."""

    segments: tuple[str, ...] | None = None
    """Codes as ``interest:coffee``: before the colon stands the namespace of their consent."""
    tier: str | None = None
    points: int | None = None
    """Those that can be spent: at a device what of them lies there, in a channel all that the wallet has."""
    visits: int | None = None
    """On how many local days of a year they came in, today among them; only of who allows behaviour."""
    first_visit: bool | None = None
    """They came in today, and on no day of that year before."""
    language: str | None = None
    birthday: str | None = None
    """``today``, or ``week`` on the seven days after it; only of who declared it and allows that."""


class AboutVisit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``visit``: where the guest is, and since when."""

    zones: tuple[str, ...] | None = None
    dwell_min: int | None = None
    """Minutes in the present zone."""
    arrived_min_ago: int | None = None
    """Minutes since the guest came in from outside."""
    party_size: int | None = None


class AboutNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``now``: in the site's own time."""

    minute: int | None = None
    """Of the local day."""
    weekday: int | None = None
    """Monday is 0."""
    season: str | None = None
    to_closing_min: int | None = None
    """Minutes until the point closes, or the site's last one where it keeps no hours of its own."""


def about_now(wall: dt.datetime, to_closing_min: int | None = None) -> AboutNow:
    """Return what a rule may ask about a moment, at its wall time."""
    return AboutNow(
        minute=wall.hour * 60 + wall.minute,
        weekday=wall.weekday(),
        season=SEASONS[wall.month % 12 // 3],
        to_closing_min=to_closing_min,
    )


class AboutSite(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``site``: codes that an operator or a channel told."""

    id: str | None = None
    weather: str | None = None
    """As somebody told it within three hours (``edge.core.conditions.Weather``)."""
    crowd: str | None = None
    """As somebody told it within three quarters of an hour (``Crowd``)."""


class AboutPoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``point``: where the guest stands."""

    id: str | None = None
    kind: str | None = None
    zone: str | None = None


class AboutBasket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``basket``: what lies on the till."""

    articles: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    total_minor: int | None = None


class AboutStock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``stock``: articles by how sure they are to be had here."""

    in_stock: tuple[str, ...] | None = None
    last_pieces: tuple[str, ...] | None = None
    call_us: tuple[str, ...] | None = None
    """Counted too long ago to say: it may be there, and an offer of it is made."""
    out: tuple[str, ...] | None = None


class AboutOrders(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``orders``: how many of the guest's are to be fetched."""

    open: int | None = None
    """Those that are not over, ready ones among them."""
    ready: int | None = None


class AboutHistory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``history``: codes, never raw events."""

    codes: tuple[str, ...] | None = None
    """What became of the offers that are in force, as ``shown:ID`` and ``redeemed:ID``."""


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that a rule may ask; None is what nobody knows, and a rule that asks for it says no.

    An edge leaves ``stock``, ``orders`` and ``history`` out, too, where no rule of its bundle names them.

    Whole numbers, words, yes or no, and lists of words alone; money is in minor units.
    """

    guest: AboutGuest = AboutGuest()
    visit: AboutVisit = AboutVisit()
    now: AboutNow = AboutNow()
    site: AboutSite = AboutSite()
    point: AboutPoint = AboutPoint()
    basket: AboutBasket = AboutBasket()
    stock: AboutStock = AboutStock()
    orders: AboutOrders = AboutOrders()
    history: AboutHistory = AboutHistory()


_PARTS = {field.name: type(field.default) for field in msgspec.structs.fields(Context)}
FIELDS: frozenset[str] = frozenset(
    f"{part}.{field.name}" for part, struct in _PARTS.items() for field in msgspec.structs.fields(struct)
)
"""Each name that a rule may ask for, as ``guest.tier``."""
OF_GUESTS = ("guest", "visit", "orders", "history")
"""Parts that tell of one guest: of an unknown visitor they are empty."""


def facts_of(context: Context) -> dict[str, Fact]:
    """Return what is known, by full name; what is not known is absent."""
    facts: dict[str, Fact] = {}
    for part in _PARTS:
        for name, value in msgspec.structs.asdict(getattr(context, part)).items():
            if value is not None:
                facts[f"{part}.{name}"] = list(value) if isinstance(value, tuple) else value
    return facts


def unknown(context: Context) -> Context:
    """Return the same moment for a visitor of whom nothing is known."""
    return msgspec.structs.replace(context, **{part: _PARTS[part]() for part in OF_GUESTS})


def stock_of(context: Context) -> dict[str, StockCode]:
    """Return how each article stands; of two words for one the worse holds, and of none nothing is known."""
    return {article: code for code in StockCode for article in getattr(context.stock, code.value) or ()}


def digest_of(context: Context) -> str:
    """Return 32 hex digits that are equal where contexts are, on every machine."""
    told = msgspec.json.encode((DIGEST_FORM, facts_of(context)), order="sorted")
    return hashlib.sha256(told).hexdigest()[:32]
