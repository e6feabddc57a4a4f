"""Knowing: what a rule may ask of a guest's visit and orders and of the shelves, as this device knows it."""

from __future__ import annotations

from collections.abc import Sequence

from edge.core.calendar import MINUTE_MS
from edge.core.catalogue import Article
from edge.core.held import Location
from edge.core.offers import AboutOrders, AboutStock, AboutVisit
from edge.core.orders import OVER, OrderState, Shelf, shelf
from edge.core.places import Point
from edge.core.profiles import Profile
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


def about_orders(orders: Orders, guest: str) -> AboutOrders:
    """Return how many orders of a guest are to be fetched."""
    mine = [one for one in orders.standing() if one.guest == guest and one.state not in OVER]
    return AboutOrders(open=len(mine), ready=sum(one.state is OrderState.READY for one in mine))


def about_stock(rooms: Rooms, tx: Transaction, goods: Sequence[Article], *, orders: Orders) -> AboutStock:
    """Return how each of these articles of a point is to be had at this site.

    What nobody counts, or was counted long ago, is there unless it was switched off: a line that is cut for
    half an hour ends no offer.
    """
    asked, known = {article.id for article in goods}, dict[str, set[Shelf]]()
    shelves = [one for one in rooms.profiles.goods.stock() if one.article in asked]
    taken = orders.taken() if shelves else {}
    for one in shelves:
        word = shelf(one, tx.now.now_ms, taken=taken.get((one.article, one.store), 0))
        known.setdefault(one.article, set()).add(word)
    told: dict[Shelf, list[str]] = {Shelf.IN_STOCK: [], Shelf.LAST: [], Shelf.NONE: []}
    for article in goods:
        words = known.get(article.id, {Shelf.IN_STOCK})
        best = next((one for one in (Shelf.NONE, Shelf.LAST) if words <= {one, Shelf.NONE}), Shelf.IN_STOCK)
        told[Shelf.NONE if article.off else best].append(article.id)
    return AboutStock(
        in_stock=tuple(told[Shelf.IN_STOCK]),
        last_pieces=tuple(told[Shelf.LAST]),
        out=tuple(told[Shelf.NONE]),
    )


def _minutes(tx: Transaction, where: Location) -> int:
    return max(0, tx.now.now_ms - where.since_ms) // MINUTE_MS
