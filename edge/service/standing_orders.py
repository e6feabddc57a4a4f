"""Standing orders: every order as it stands, told by central and further on where this device brought it."""

from __future__ import annotations

from functools import cached_property

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


class Orders:
    """All orders at one moment of a transaction; those kept here are decoded once, and only if asked for."""

    def __init__(self, rooms: Rooms, tx: Transaction) -> None:
        """Read in this transaction."""
        self._rooms, self._tx = rooms, tx

    @cached_property
    def _told(self) -> dict[str, Order]:
        return {order.id: order for order in self._rooms.profiles.goods.orders()}

    @cached_property
    def _here(self) -> dict[str, Order]:
        return {id_: _DECODE(body) for id_, body in self._tx.rows(ORDERS)}

    def standing(self) -> list[Order]:
        """Return every order as it stands."""
        told, here = self._told, self._here
        return [newer(told[id_], here.get(id_)) if id_ in told else here[id_] for id_ in {**told, **here}]

    def taken(self) -> dict[tuple[str, str], int]:
        """Return what was set aside here that central's figure cannot know of yet, by article and store."""
        taken: dict[tuple[str, str], int] = {}
        for id_, order in self._here.items():
            for line in order.left if id_ not in self._told and order.state not in OVER else ():
                name = (line.article, order.store)
                taken[name] = taken.get(name, 0) + line.quantity
        return taken


def standing_orders(rooms: Rooms, tx: Transaction) -> list[Order]:
    """Return every order as it stands."""
    return Orders(rooms, tx).standing()


def taken_here(rooms: Rooms, tx: Transaction) -> dict[tuple[str, str], int]:
    """Return what was set aside here that central's figure cannot know of yet, by article and store."""
    return Orders(rooms, tx).taken()
