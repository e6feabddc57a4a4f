"""Knowing: what a rule may ask of a guest's visit and orders and of the shelves, as this device knows it."""

from __future__ import annotations

from collections.abc import Sequence

from edge.core.calendar import MINUTE_MS, day_of
from edge.core.catalogue import Article
from edge.core.held import Location
from edge.core.offers import AboutOrders, AboutStock, AboutVisit
from edge.core.offers.shelves import about_shelves
from edge.core.orders import OVER, OrderState
from edge.core.places import Layout, Point
from edge.core.profiles import Profile
from edge.core.visits import Visits, read_word
from edge.service.facts import zone_of
from edge.service.rooms import Rooms
from edge.service.standing_orders import Orders
from edge.store.transaction import Transaction


def about_visit(tx: Transaction, profile: Profile, point: Point) -> AboutVisit:
    """Return where a guest is and since when, by the passages of their band."""
    party = profile.party.size if profile.party is not None else 1
    held = tx.held(profile.band.id)
    where = held.location
    if where is None or where.zone is None:
        return AboutVisit(zones=(point.zone,), party_size=party)
    came = next(iter(held.entries), where)
    return AboutVisit(
        zones=tuple(dict.fromkeys((point.zone, where.zone))),
        dwell_min=_minutes(tx, where),
        arrived_min_ago=_minutes(tx, came),
        party_size=party,
    )


def visits_of(tx: Transaction, profile: Profile, layout: Layout) -> Visits | None:
    """Return on how many days a guest came in, by central's word and this band's own last entry.

    None: central told nothing of it, because nobody may know it here.
    """
    told, held = read_word(profile.tags), tx.held(profile.band.id)
    if told is None:
        return None
    zone, starts_min = zone_of(layout.timezone), layout.day_starts_min
    today = day_of(zone, starts_min, tx.now.now_ms)
    known = told.within_a_year(today)
    inside = held.location is not None and held.location.zone is not None
    came = next(iter(held.entries), held.location) if inside else held.last
    if came is None or came.zone is None:
        return known
    return known.with_day(day_of(zone, starts_min, came.since_ms)).within_a_year(today)


def about_orders(orders: Orders, guest: str) -> AboutOrders:
    """Return how many orders of a guest are to be fetched."""
    mine = [one for one in orders.standing() if one.guest == guest and one.state not in OVER]
    return AboutOrders(open=len(mine), ready=sum(one.state is OrderState.READY for one in mine))


def about_stock(rooms: Rooms, tx: Transaction, goods: Sequence[Article], *, orders: Orders) -> AboutStock:
    """Return how each of these articles of a point is to be had at this site."""
    asked = {article.id for article in goods}
    shelves = [one for one in rooms.profiles.goods.stock() if one.article in asked]
    return about_shelves(goods, shelves, tx.now.now_ms, taken=orders.taken() if shelves else {})


def _minutes(tx: Transaction, where: Location) -> int:
    return max(0, tx.now.now_ms - where.since_ms) // MINUTE_MS
