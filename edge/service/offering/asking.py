"""Asking: the frozen context of one choice, from what this device knows and the guest allows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from edge.core import birthday
from edge.core.basket import Line
from edge.core.calendar import date_text, day_of, local
from edge.core.children import is_child
from edge.core.closing import to_closing_min
from edge.core.consent import Channel
from edge.core.facts import Moment
from edge.core.lease import LeaseKind, ready
from edge.core.offers import (
    AboutBasket,
    AboutGuest,
    AboutHistory,
    AboutNow,
    AboutPoint,
    AboutSite,
    AboutStock,
    Context,
    about_now,
    history_of,
    standing_by,
)
from edge.core.offers.control import draw_of
from edge.core.offers.occasion import Occasion, Standing
from edge.core.places import Layout, Point, PointKind
from edge.core.profiles import Profile
from edge.core.vouchers import base_of
from edge.core.waiting import waits
from edge.rules import turn_of
from edge.service.bundles import Live
from edge.service.consents import Consents
from edge.service.facts import zone_of
from edge.service.offerbook import NOBODY, Book, book_of, counts_of, promised_of, times_elsewhere
from edge.service.offering import slots
from edge.service.offering.knowing import about_orders, about_stock, about_visit, visits_of
from edge.service.payments import chest
from edge.service.rooms import Rooms
from edge.service.standing_orders import Orders
from edge.store.transaction import Transaction

EXPOSURE_BYTES = 8
CHANNELS = {PointKind.TILL: Channel.TILL}


class Question(NamedTuple):
    """Who stands where, before what."""

    live: Live
    layout: Layout
    point: Point
    profile: Profile | None
    """Of the guest who may be offered things of their own; None: an unknown visitor."""
    standing: Standing
    lines: Sequence[Line]
    watched: bool


class _Told(NamedTuple):
    """What is found out for the whole occasion, and told to rules as well."""

    points: int
    history: AboutHistory


def standing_of(consents: Consents, profile: Profile | None, channel: Channel) -> Standing:
    """Return what a guest allows by one way, as all consents stand now."""
    if profile is None:
        return Standing()
    quiet = consents.is_quiet(profile)
    stands = standing_by(consents.of(profile), channel, child=is_child(profile), quiet=quiet)
    return replace(stands, cared=waits(profile.tags))


class Asking:
    """Gathers what one choice stands on, inside the transaction that keeps it."""

    def __init__(self, rooms: Rooms, consents: Consents) -> None:
        """Act through these rooms."""
        self._rooms, self._consents = rooms, consents

    def occasion(self, tx: Transaction, asked: Question, *, visit: str) -> Occasion:
        """Return everything that the choice stands on."""
        layout, live, profile = asked.layout, asked.live, asked.profile
        zone, exposure = zone_of(layout.timezone), f"e{secrets.token_hex(EXPOSURE_BYTES)}"
        day = day_of(zone, layout.day_starts_min, tx.now.now_ms)
        book = book_of(tx, profile.guest) if profile is not None and profile.guest else Book()
        screen = book_of(tx, f"{NOBODY}{asked.point.id}")
        there = times_elsewhere(tx, profile.guest) if profile is not None and profile.guest else {}
        counts = counts_of(book, screen, there, day=day, visit=visit)
        points, at = self._points(tx, profile), slots.At(self._rooms.device, day, self._rooms.current())
        return Occasion(
            exposure=exposure,
            draw=draw_of(live.bundle.control.salt, exposure),
            bundle=live.bundle,
            rules=live.rules,
            context=self._context(tx, asked, _Told(points, history_of(counts, live.bundle))),
            moment=Moment(now_ms=tx.now.now_ms, uncertainty_ms=tx.now.uncertainty_ms, trusted=tx.now.trusted),
            timezone=zone,
            site=layout.site,
            point=asked.point.id,
            zones=(asked.point.zone,),
            guest=profile.guest if profile is not None else None,
            standing=asked.standing,
            watched=asked.watched,
            counts=slots.with_shares(tx, counts, live.bundle, of=profile, at=at),
            slices=self.slices(tx),
            points_left=points,
            lines=tuple(asked.lines),
        )

    def slices(self, tx: Transaction) -> dict[str, int]:
        """Return what this device can still promise of each budget: what lies here less what is promised."""
        now, left = self._rooms.clock.monotonic_ms(), dict[str, int]()
        for lease in chest.leases_of(tx, chest.OF_DEVICE, proven=self._rooms.current()):
            left[lease.kind] = left.get(lease.kind, 0) + ready(lease, now)
        promised = promised_of(tx)
        return {kind: max(0, units - promised.get(kind, 0)) for kind, units in sorted(left.items())}

    def _points(self, tx: Transaction, profile: Profile | None) -> int:
        if profile is None or profile.wallet is None:
            return 0
        now = self._rooms.clock.monotonic_ms()
        mine = chest.leases_of(tx, profile.wallet.id, proven=self._rooms.current())
        return sum(ready(lease, now) for lease in mine if base_of(lease.kind) == LeaseKind.POINTS)

    def _context(self, tx: Transaction, asked: Question, told: _Told) -> Context:
        point, now_ms = asked.point, tx.now.now_ms
        profile, lines = asked.profile, asked.lines
        named, orders = asked.live.named, Orders(self._rooms, tx)
        known = Context(
            now=self._now(asked, now_ms),
            site=self._site(asked, now_ms),
            point=AboutPoint(id=point.id, kind=point.kind.value, zone=point.zone),
            basket=AboutBasket(
                articles=tuple(sorted({line.item for line in lines})),
                categories=tuple(sorted({line.category for line in lines if line.category})),
                total_minor=sum(line.gross_minor for line in lines),
            ),
            stock=self._stock(tx, asked, orders),
        )
        if profile is None or profile.guest is None:
            return known
        mine = replace(
            known,
            guest=self._guest(tx, asked, profile, points=told.points),
            visit=about_visit(tx, profile, point),
        )
        if "orders" in named:
            mine = replace(mine, orders=about_orders(orders, profile.guest))
        # The journal keeps the context: what may not choose an offer is not written down for one either.
        behaviour = asked.standing.behaviour and "history" in named
        return replace(mine, history=told.history) if behaviour else mine

    def turn(self, asked: Question) -> str:
        """Return in which turn of clock, weather and crowd a choice is made now.

        A screen shows a choice for a whole visit, and one that nobody stands at for a day: noon comes, and
        rain ends, before. Asked before the act: who decides waits for none of it.
        """
        zone, now_ms = zone_of(asked.layout.timezone), self._rooms.clock.now_ms()
        now, site = self._now(asked, now_ms), self._site(asked, now_ms)
        return turn_of(asked.live.bundle, local(zone, now_ms), now=now, site=site)

    def _now(self, asked: Question, now_ms: int) -> AboutNow:
        zone, point = zone_of(asked.layout.timezone), asked.point.id
        return about_now(local(zone, now_ms), to_closing_min(asked.layout, point, zone=zone, at_ms=now_ms))

    def _site(self, asked: Question, now_ms: int) -> AboutSite:
        told = self._rooms.profiles.goods.conditions()
        return AboutSite(id=asked.layout.site, weather=told.weather_at(now_ms), crowd=told.crowd_at(now_ms))

    def _stock(self, tx: Transaction, asked: Question, orders: Orders) -> AboutStock:
        """Return how articles stand: all of the point where a rule names any, else those that offers need.

        A site can have thousands of shelves, and a choice is made at each tap and each change of a basket.
        """
        live = asked.live
        if "stock" not in live.named and not live.needed:
            return AboutStock()
        goods = self._rooms.profiles.catalogue().at(asked.point.id).articles
        some = goods if "stock" in live.named else [one for one in goods if one.id in live.needed]
        return about_stock(self._rooms, tx, some, orders=orders)

    def _guest(self, tx: Transaction, asked: Question, profile: Profile, *, points: int) -> AboutGuest:
        channel, layout = CHANNELS.get(asked.point.kind, Channel.KIOSK), asked.layout
        # As with history: what may not choose is not written down.
        came = visits_of(tx, profile, layout) if asked.standing.behaviour else None
        today = day_of(zone_of(layout.timezone), layout.day_starts_min, tx.now.now_ms)
        return AboutGuest(
            segments=self._consents.segments(profile, channel),
            tier=profile.tier,
            points=points or None,
            visits=came.days if came is not None else None,
            first_visit=came.is_first(today) if came is not None else None,
            birthday=birthday.read_word(profile.tags, today) if asked.standing.declared else None,
            language=profile.language or None,
        )


def visit_of(tx: Transaction, asked: Question) -> str:
    """Return by what a visit of a zone is told from another: its day, and when its guest came in."""
    layout = asked.layout
    day = date_text(day_of(zone_of(layout.timezone), layout.day_starts_min, tx.now.now_ms))
    since = 0
    if asked.profile is not None:
        where = tx.held(asked.profile.band.id).location
        since = where.since_ms if where is not None and where.zone is not None else 0
    # Who begins to wait for us, or waits no more, is chosen for anew: what they saw before is not shown on.
    waiting = "/waits" if asked.standing.cared else ""
    return f"{asked.point.zone}/{day}/{since}/{asked.live.bundle.version}{waiting}"
