"""Keeping: how long this device remembers what guests did at a kiosk, and how it forgets one of them."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from edge.core.orders import Order
from edge.core.slots import SlotMoved
from edge.service.near.feedback import GIVEN as FEEDBACK_GIVEN
from edge.service.standing_orders import ORDERS
from edge.service.times import GIVEN as SLOT_GIVEN
from edge.service.times import KEPT as SLOT_KEPT
from edge.service.times import MOVED, kept_until_ms
from edge.store.counting import TAKEN
from edge.store.transaction import Transaction

DAYS = 2
"""So long after its time a change or an order is of use to nobody."""
_moves = msgspec.msgpack.Decoder(tuple[SlotMoved, ...]).decode
_order = msgspec.msgpack.Decoder(Order).decode


def moved_ms(tx: Transaction, key: str, body: bytes) -> int:
    """Return when the last time begins that a guest chose."""
    del tx, key
    return _moves(body)[-1].now.start_ms


def slot_ms(tx: Transaction, key: str, body: bytes) -> int:
    """Return when a time begins of which places were given or taken."""
    del tx, body
    return int(key.rpartition("/")[2])


def held_ms(tx: Transaction, key: str, body: bytes) -> int:
    """Return until when a time was kept for who came too late."""
    del tx, key
    return kept_until_ms(body)


def order_ms(tx: Transaction, key: str, body: bytes) -> int:
    """Return until when an order was kept, or 0 where nothing is said of that."""
    del tx, key
    return _order(body).until_ms or 0


def asked_ms(tx: Transaction, key: str, body: bytes) -> int:
    """Return when somebody was asked for a word."""
    del tx, key
    return int(body)


KEPT = (
    (MOVED, moved_ms),
    (SLOT_GIVEN, slot_ms),
    (SLOT_KEPT, held_ms),
    (TAKEN, slot_ms),
    (ORDERS, order_ms),
    (FEEDBACK_GIVEN, asked_ms),
)
"""Every kind of small things that this room keeps, and when each began to age."""


def forget(tx: Transaction, guest: str, rights: Collection[str]) -> int:
    """Forget a guest's changed times and orders; returns how many there were."""
    gone = [
        (kind, right) for kind in (MOVED, SLOT_KEPT) for right in rights if tx.get(kind, right) is not None
    ]
    gone += [(ORDERS, key) for key, body in tx.rows(ORDERS) if _order(body).guest == guest]
    for kind, key in gone:
        tx.delete(kind, key)
    return len(gone)
