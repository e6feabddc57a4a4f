"""Offered: how often each guest was shown an offer or redeemed it, summed by device and told to each."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.calendar import day_of
from edge.core.offers.elsewhere import COUNTED, OFFER_CHARS_MAX, OFFER_TIMES, Times, Totals, added
from edge.core.offers.said import Told
from sync.central.days import zone_of
from sync.central.feed import Change, item_table, publish
from sync.central.registry import guests, layout
from sync.central.registry.tables import parts
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, and_, now_of, select
from sync.packing import UNREADABLE

PAGE_MAX = 500
"""Guests let go in one transaction."""
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
    zone, now_ms, there = zone_of(tx, site), now_of(tx), layout.published(tx, site)
    starts_min = there.day_starts_min if there is not None else 0
    fresh: dict[str, list[Times]] = {}
    for one in seen:
        if one.guest in known:
            # No device's clock says what was shown next year: until then no cap would hold.
            day = day_of(zone, starts_min, min(one.at_ms, now_ms))
            counted, times = COUNTED[one.kind]
            fresh.setdefault(one.guest, []).append(Times(one.offer, counted, day, times))
    before = _known(tx, site, list(fresh))
    after = {guest: added(before.get(guest, {}), new, device=device) for guest, new in fresh.items()}
    changes = [Change(OFFER_TIMES, guest, msgspec.msgpack.encode(all_)) for guest, all_ in after.items()]
    publish(tx, site, changes)
    return len(changes)


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


def _known(tx: Connection, site: str, who: list[str]) -> dict[str, Totals]:
    own, found = item_table.c, dict[str, Totals]()
    for part in parts(who):
        these = and_(own.site_id == site, own.kind == OFFER_TIMES, own.key.in_(part))
        for row in tx.execute(select(own.key, own.body).where(these)):
            if row.body is not None:
                found[row.key] = _totals(bytes(row.body))
    return found
