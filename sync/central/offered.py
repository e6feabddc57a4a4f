"""Offered: how often each guest was shown an offer or redeemed it, summed by device and told to each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.calendar import day_of
from edge.core.offers.elsewhere import (
    COUNTED,
    OFFER_CHARS_MAX,
    OFFER_TIMES,
    ROWS_MAX,
    Times,
    Totals,
    added,
)
from edge.core.offers.offer import Counted
from edge.core.offers.said import Told
from sync.central.feed import Change, item_table, publish
from sync.central.registry import guests, links
from sync.central.registry.localday import turn_of
from sync.central.registry.tables import parts
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, and_, now_of, select
from sync.packing import UNREADABLE

PAGE_MAX = 500
"""Guests let go in one transaction."""
ONE = "@"
"""Under which name, among devices, a guest is told of what was shown to whom they are one with."""
LOG = logging.getLogger(__name__)
_told = msgspec.msgpack.Decoder(Told).decode
_totals = msgspec.msgpack.Decoder(Totals).decode


class Seen(NamedTuple):
    """One event as far as it counts: of which guest, what, and when."""

    guest: str
    offer: str
    kind: int
    at_ms: int


def read(kind: int, body: bytes, *, at_ms: int) -> Seen | None:
    """Return what an event counts as; of an unknown visitor, or unreadable, it counts as nothing."""
    try:
        said = _told(body)
    except UNREADABLE as error:
        LOG.warning("offered.unread kind=%d: %s", kind, error)
        return None
    if not said.guest or not 0 < len(said.offer) <= OFFER_CHARS_MAX:
        return None
    return Seen(said.guest, said.offer, kind, at_ms)


def merge(tx: Connection, site: str, told: Iterable[Seen], *, device: str) -> int:
    """Add what is new of one device to its own totals and tell them; return of how many guests.

    Each event comes here once, and what is told is always the whole of it: heard twice it is the same. What
    the feed holds is the memory. Of a guest who was erased meanwhile nothing is kept again.
    """
    seen = list(told)
    if not seen:
        return 0
    take_turn(tx, site)  # or a total could be published over a higher one
    known = guests.guests_of(tx, site, [one.guest for one in seen])
    turn, now_ms = turn_of(tx, site), now_of(tx)
    fresh: dict[str, list[Times]] = {}
    for one in seen:
        if one.guest in known:
            # No device's clock says what was shown next year: until then no cap would hold.
            day = day_of(*turn, min(one.at_ms, now_ms))
            counted, times = COUNTED[one.kind]
            fresh.setdefault(one.guest, []).append(Times(one.offer, counted, day, times))
    before = _own_of(tx, site, fresh)
    after = {guest: added(before.get(guest, {}), new, device=device) for guest, new in fresh.items()}
    _tell(tx, site, after)
    return len(after)


def level(tx: Connection, site: str, who: Iterable[str]) -> None:
    """Tell anew of guests who were found to be one person, or are no more: a cap is a person's."""
    take_turn(tx, site)
    people = tuple(who)
    own = _own_of(tx, site, people)
    _tell(tx, site, {guest: own.get(guest, {}) for guest in people})


def of_guest(tx: Connection, site: str, guest: str, *, device: str = "") -> Totals:
    """Return how often a guest, and who is one with them, was shown or redeemed what; or at one device."""
    told = _known(tx, site, [guest]).get(guest, {})
    return {name: there for name, there in told.items() if device in ("", name)}


def before(tx: Connection, site: str, at_ms: int, *, after: str = "") -> tuple[str, int]:
    """Let one page of guests go who were shown nothing since a moment; returns its last one and how many.

    It has ended once it ends where it began. The edges hear of it as of everything that is gone.
    """
    own = item_table.c
    old = and_(
        own.site_id == site,
        own.kind == OFFER_TIMES,
        own.key > after,
        own.body.is_not(None),
        own.at_ms < at_ms,
    )
    if tx.execute(select(own.key).where(old).limit(1)).first() is None:
        return after, 0
    take_turn(tx, site)
    page = list(tx.execute(select(own.key).where(old).order_by(own.key).limit(PAGE_MAX)).scalars())
    publish(tx, site, [Change(OFFER_TIMES, guest, None) for guest in page])
    return page[-1] if page else after, len(page)


def _tell(tx: Connection, site: str, own: dict[str, Totals]) -> None:
    """Publish what each of these was shown, and beside it what was shown to whom they are one with.

    What a device counted of a guest stays under its name: it leaves that out, because it knows it better.
    """
    people = links.together(tx, site, own)
    led = links.roots(tx, site, people)
    was, changes = _known(tx, site, people), list[Change]()
    all_ = _own(was) | own
    for guest in people:
        rows = [
            all_.get(one, {}) for one in people if one != guest and led.get(one, one) == led.get(guest, guest)
        ]
        others = _summed(rows)
        told = {**all_.get(guest, {}), **({ONE: others} if others else {})}
        if told != was.get(guest, {}):
            changes.append(Change(OFFER_TIMES, guest, msgspec.msgpack.encode(told) if told else None))
    publish(tx, site, changes)


def _summed(told: Iterable[Totals]) -> tuple[Times, ...]:
    """Return the sums of several guests over all devices, the newest days of them."""
    sums: Counter[tuple[str, Counted, int]] = Counter()
    for one in (one for totals in told for there in totals.values() for one in there):
        sums[one.offer, one.counted, one.day] += one.times
    newest = sorted(sums.items(), key=lambda row: (-row[0][2], row[0][0], row[0][1]))[:ROWS_MAX]
    return tuple(Times(*key, times) for key, times in newest)


def _own_of(tx: Connection, site: str, who: Iterable[str]) -> dict[str, Totals]:
    """Return what was counted of each of these themselves."""
    return _own(_known(tx, site, who))


def _own(known: dict[str, Totals]) -> dict[str, Totals]:
    return {guest: {name: one for name, one in told.items() if name != ONE} for guest, told in known.items()}


def _known(tx: Connection, site: str, who: Iterable[str]) -> dict[str, Totals]:
    own, found = item_table.c, dict[str, Totals]()
    for part in parts(sorted(set(who))):
        these = and_(own.site_id == site, own.kind == OFFER_TIMES, own.key.in_(part))
        for row in tx.execute(select(own.key, own.body).where(these)):
            if row.body is not None:
                found[row.key] = _totals(bytes(row.body))
    return found
