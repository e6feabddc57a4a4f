"""Ordering: what guests order by a channel to pick up at a store, set aside once, and how it stands."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from edge.core.delivery import said
from edge.core.orders import KEEP_MS, OPEN_MAX, OVER, Order, Ordered, OrderState
from edge.core.profiles import remark_owner
from edge.errors import Refused, Unknown
from sync.central.channels.book import Member
from sync.central.channels.deeds import Invalid
from sync.central.channels.messages import NO_CONTROLS, Id, Moment, ms_of
from sync.central.days import zone_of
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.near import orders, stock
from sync.central.near.bearable import LINES_MAX, QUANTITY_MAX
from sync.central.registry import catalogue, guests
from sync.central.store import Connection, now_of

AHEAD_MS_MAX = 14 * 86_400_000
"""So long at most anything is kept from others."""
OWN_CHARS_MAX = 31
"""With the channel's name before it, an order's number is no longer than any other."""
OwnId = Annotated[str, Meta(min_length=1, max_length=OWN_CHARS_MAX, pattern="^[A-Za-z0-9_-]+$")]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of one article."""

    article: Id
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)] = 1


class Placing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest wants set aside; told again under the same id it is one order."""

    id: OwnId
    """The channel's own; the guest's number is the channel's name, a point, and this."""
    guest: Id
    store: Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_CONTROLS)]
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=LINES_MAX)]
    until: Moment | UnsetType = UNSET
    """So long it is kept; unsaid: as long as what is set aside at a kiosk."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an order stands: at ``ready`` it waits at the counter, for the band or for code and name."""

    number: str
    state: OrderState
    store: str
    counter: str
    until_ms: int
    left: tuple[Line, ...]
    """What of it was not handed over."""
    elsewhere: tuple[str, ...] = ()
    """Where all of it could be had, if this store had too little."""
    delivery: dict[str, dict[str, str]] = {}
    """When each article comes to whom it is sent, by language; what is not sent is not in it."""


def place(tx: Connection, channel: Member, wanted: Placing) -> Standing:
    """Set aside what a guest orders, or say where else it can be had; call it holding the site's turn."""
    number = _number(channel, wanted.id)
    known = orders.find(tx, channel.site, number)
    lines = tuple(Ordered(article=one.article, quantity=one.quantity) for one in wanted.lines)
    if known is not None:
        if (known.guest, known.store, known.lines) != (wanted.guest, wanted.store, lines):
            raise Refused("Another order had this id.", hint="Give each order an id of its own.")
        return _standing(tx, channel.site, known)
    guests.guest(tx, channel.site, wanted.guest)
    now_ms = now_of(tx)
    until_ms = now_ms + KEEP_MS if isinstance(wanted.until, UnsetType) else ms_of(wanted.until)
    if not now_ms < until_ms <= now_ms + AHEAD_MS_MAX:
        raise Invalid("This is over, or too far ahead - at `$.until`")
    if (
        len([one for one in orders.of_guest(tx, channel.site, wanted.guest) if one.state not in OVER])
        >= OPEN_MAX
    ):
        raise Refused(f"{OPEN_MAX} orders wait for this guest already.", hint="Let one be picked up first.")
    made = Order(
        id=number,
        guest=wanted.guest,
        store=wanted.store,
        device=_whose(tx, channel.site, lines, store=wanted.store),
        lines=lines,
        until_ms=until_ms,
    )
    order = orders.place(tx, channel.site, made)
    if order.state is OrderState.RESERVED:
        diary.put(tx, channel.site, [_entry(channel, order, at_ms=now_ms)])
    return _standing(tx, channel.site, order)


def look(tx: Connection, channel: Member, id_: str) -> Standing:
    """Return how an order of this channel stands; of others it is told nothing."""
    return _standing(tx, channel.site, orders.must_find(tx, channel.site, _number(channel, id_)))


def give_up(tx: Connection, channel: Member, id_: str) -> Standing:
    """Give an order up for its guest: what was set aside can be sold again; given up twice it is once."""
    known = orders.must_find(tx, channel.site, _number(channel, id_))
    if known.state is not OrderState.CANCELLED:
        known = orders.cancel(tx, channel.site, known.id)
    return _standing(tx, channel.site, known)


def _number(channel: Member, id_: str) -> str:
    return f"{channel.id}.{id_}"


def _whose(tx: Connection, site: str, lines: tuple[Ordered, ...], *, store: str) -> str:
    """Return the device whose shelf all of it lies on: one hand gives it out, and no other."""
    sold = catalogue.catalogue(tx, site).by_id
    missing = next((at for at, one in enumerate(lines) if one.article not in sold), None)
    if missing is not None:
        raise Invalid(f"There is no such article - at `$.lines[{missing}].article`")
    shelves = [stock.find(tx, site, one.article, store=store) for one in lines]
    hands = {one.device for one in shelves if one is not None}
    if len(hands) != 1 or None in shelves or "" in hands:
        raise Unknown("This store gives out nothing of the kind.", hint="Ask where it can be had.")
    return hands.pop()


def _standing(tx: Connection, site: str, one: Order) -> Standing:
    lacks = one.state is OrderState.CANCELLED
    return Standing(
        number=one.id,
        state=one.state,
        store=one.store,
        counter=one.counter,
        until_ms=one.until_ms or 0,
        left=tuple(Line(article=line.article, quantity=line.quantity) for line in one.left),
        elsewhere=_elsewhere(tx, site, one) if lacks else (),
        delivery=_sent(tx, site, one),
    )


def _sent(tx: Connection, site: str, order: Order) -> dict[str, dict[str, str]]:
    """Return the promise of each article that is sent, as the page of the article says it."""
    sold = catalogue.catalogue(tx, site).by_id
    today = dt.datetime.fromtimestamp(now_of(tx) / 1000, zone_of(tx, site)).date()
    here = dict.fromkeys(line.article for line in order.lines if line.article in sold)
    told = {article: said(sold[article].delivery, today) for article in here}
    return {article: words for article, words in told.items() if words}


def _elsewhere(tx: Connection, site: str, order: Order) -> tuple[str, ...]:
    """Return the stores that have all of an order now."""
    first, *rest = order.lines
    having = [one.store for one in stock.of_article(tx, site, first.article) if one.store != order.store]
    return tuple(
        store for store in having if all(stock.has(tx, site, one, store=store) for one in (first, *rest))
    )


def _entry(channel: Member, order: Order, *, at_ms: int) -> Entry:
    return Entry(
        source=channel.source,
        id=f"order/{order.id}",
        owner=remark_owner(order.guest, b""),
        hlc=at_ms << 16,
        uncertainty_ms=0,
        via=Via(channel.via.value),
        what=What.ORDERED,
        point=order.store,
        subject=", ".join(line.article for line in order.lines)[:120],
        ref=order.id,
    )
