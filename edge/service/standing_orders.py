"""Standing orders: every order as it stands, told by central and further on where this device brought it."""

from __future__ import annotations

import msgspec

from edge.core.orders import OVER, Order, newer
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

ORDERS = "orders"
"""Orders by their id, as this device brought them further or was asked for them."""
_DECODE = msgspec.msgpack.Decoder(Order).decode


def order_here(tx: Transaction, id_: str) -> Order | None:
    """Return an order as this device keeps it itself."""
    body = tx.get(ORDERS, id_)
    return None if body is None else _DECODE(body)


def standing_orders(rooms: Rooms, tx: Transaction) -> list[Order]:
    """Return every order as it stands."""
    told = {order.id: order for order in rooms.profiles.goods.orders()}
    here = {id_: _DECODE(body) for id_, body in tx.rows(ORDERS)}
    return [newer(told[id_], here.get(id_)) if id_ in told else here[id_] for id_ in {**told, **here}]


def taken_here(rooms: Rooms, tx: Transaction) -> dict[tuple[str, str], int]:
    """Return what was set aside here that central's figure cannot know of yet, by article and store."""
    told = {order.id for order in rooms.profiles.goods.orders()}
    taken: dict[tuple[str, str], int] = {}
    for id_, body in tx.rows(ORDERS):
        order = _DECODE(body)
        for line in order.left if id_ not in told and order.state not in OVER else ():
            name = (line.article, order.store)
            taken[name] = taken.get(name, 0) + line.quantity
    return taken
