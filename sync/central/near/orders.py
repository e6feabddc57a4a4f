"""Orders: what guests pick up, set aside out of a store's stock, brought further by its device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.orders import ORDER, OVER, Order, Ordered, OrderMoved, OrderState, handed, moved
from edge.errors import Refused, Unknown
from sync.central.feed import Change, publish
from sync.central.near import stock
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    insert,
    metadata,
    now_of,
    select,
    update,
)

PAGE_MAX = 200
ENDED = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
"""States in which central took an order out of the store's hands."""

order_table = Table(
    "pickup_order",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("order_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)


class Changed(NamedTuple):
    """An order, and when it came to stand as it does."""

    order: Order
    at_ms: int


_own = order_table.c
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Order).decode


def place(tx: Connection, site: str, order: Order) -> Order:
    """Take an order: set aside what it wants, or cancel it where a shelf has too little; twice is once."""
    known = find(tx, site, order.id)
    if known is not None:
        return known
    if not order.lines or any(line.quantity < 1 for line in order.lines):
        raise Refused("An order is of at least one of something.")
    # What a device has set aside is gone from its shelf, whatever central counted: it is booked as it is.
    sure = order.state is not OrderState.PLACED
    has = all(stock.has(tx, site, line, store=order.store) for line in order.lines)
    state = OrderState.RESERVED if sure or has else OrderState.CANCELLED
    after = replace(order, state=state if not sure else order.state)
    if after.state not in OVER:
        stock.reserve(tx, site, after.lines, store=after.store, sign=1)
    row = {"site_id": site, "order_id": after.id, "guest_id": after.guest, "state": after.state.value,
           "body": _encode(after), "changed_ms": now_of(tx)}  # fmt: skip
    tx.execute(insert(order_table).values(row))
    publish(tx, site, [Change(ORDER, after.id, _encode(after))])
    return after


def take(tx: Connection, site: str, move: OrderMoved, *, device: str) -> None:
    """Take what a store's device did with its order; what it handed over is gone from the shelf."""
    known = find(tx, site, move.order)
    if known is None or known.device != device:
        return
    if move.lines or move.state is OrderState.HANDED_OVER:
        _give(tx, site, known, lines=move.lines)
    else:
        _move(tx, site, known, to=move.state, counter=move.counter)


def step(tx: Connection, site: str, id_: str, *, to: OrderState, counter: str = "") -> Order:
    """Bring an order further in the store's place; it is handed over at the store alone, to a band."""
    known = must_find(tx, site, id_)
    after = None if to is OrderState.HANDED_OVER else _move(tx, site, known, to=to, counter=counter)
    if after is None:
        raise Refused(f"No way leads from {known.state} to {to}.")
    return after


def extend(tx: Connection, site: str, id_: str, *, until_ms: int) -> Order:
    """Keep an order for longer."""
    known = must_find(tx, site, id_)
    if known.state in OVER or until_ms <= max(now_of(tx), known.until_ms or 0):
        raise Refused("Only what still waits can be kept for longer, and until later than now.")
    return _keep(tx, site, replace(known, until_ms=until_ms))


def cancel(tx: Connection, site: str, id_: str) -> Order:
    """Give an order up at central; what was set aside can be sold again."""
    known = must_find(tx, site, id_)
    after = _move(tx, site, known, to=OrderState.CANCELLED)
    if after is None:
        raise Refused(f"An order that is {known.state} cannot be cancelled.")
    return after


def late(tx: Connection, site: str) -> Sequence[Order]:
    """Return what nobody fetched in time."""
    now_ms, over = now_of(tx), [state.value for state in OVER]
    query = select(_own.body).where(_own.site_id == site, _own.state.not_in(over)).order_by(_own.order_id)
    found = [_decode(bytes(body)) for body in tx.execute(query).scalars()]
    return [one for one in found if one.until_ms is not None and one.until_ms < now_ms]


def expire(tx: Connection, site: str) -> int:
    """End what nobody fetched in time; returns how many."""
    return sum(_move(tx, site, one, to=OrderState.EXPIRED) is not None for one in late(tx, site))


def find(tx: Connection, site: str, id_: str) -> Order | None:
    """Return one order."""
    there = (_own.site_id == site) & (_own.order_id == id_)
    body = tx.execute(select(_own.body).where(there)).scalar_one_or_none()
    return None if body is None else _decode(bytes(body))


def must_find(tx: Connection, site: str, id_: str) -> Order:
    """Return one order, or say that there is none."""
    known = find(tx, site, id_)
    if known is None:
        raise Unknown(f"There is no order {id_}.")
    return known


def orders(tx: Connection, site: str) -> Sequence[Order]:
    """Return the newest orders of a site."""
    return [one.order for one in page(tx, site)]


def page(tx: Connection, site: str, *, after: tuple[int, str] | None = None) -> Sequence[Changed]:
    """Return one page of a site's orders, the last changed first, behind one that was seen."""
    behind: ColumnElement[bool] = _own.site_id == site
    if after is not None:
        older = _own.changed_ms < after[0]
        behind = and_(behind, older | ((_own.changed_ms == after[0]) & (_own.order_id > after[1])))
    query = select(_own.body, _own.changed_ms).where(behind)
    rows = tx.execute(query.order_by(_own.changed_ms.desc(), _own.order_id).limit(PAGE_MAX))
    return [Changed(_decode(bytes(row.body)), row.changed_ms) for row in rows]


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Order, ...]:
    """Return every order of a guest that is kept."""
    there = (_own.site_id == site) & (_own.guest_id == guest)
    bodies = tx.execute(select(_own.body).where(there).order_by(_own.order_id)).scalars()
    return tuple(_decode(bytes(body)) for body in bodies)


def forget(tx: Connection, site: str, guest: str) -> None:
    """Take a guest's name off their orders: what was sold stays, nobody's."""
    there = (_own.site_id == site) & (_own.guest_id == guest)
    for body in list(tx.execute(select(_own.body).where(there)).scalars()):
        nobodys = replace(_decode(bytes(body)), guest="")
        own = (_own.site_id == site) & (_own.order_id == nobodys.id)
        tx.execute(update(order_table).where(own).values(guest_id="", body=_encode(nobodys)))
        publish(tx, site, [Change(ORDER, nobodys.id, None)])


def _move(tx: Connection, site: str, known: Order, *, to: OrderState, counter: str = "") -> Order | None:
    after = moved(known, to, counter=counter)
    if after is None:
        return None
    if after.state in OVER:
        stock.reserve(tx, site, known.left, store=known.store, sign=-1)
    return _keep(tx, site, after)


def _give(tx: Connection, site: str, known: Order, *, lines: tuple[Ordered, ...]) -> None:
    """Take what was carried home, also out of an order that central ended before the store heard of it."""
    ended = known.state in ENDED
    after = handed(replace(known, state=OrderState.READY) if ended else known, lines)
    if after is None:
        return
    gone = lines or known.left
    if not ended:
        stock.reserve(tx, site, gone, store=known.store, sign=-1)
    stock.leave(tx, site, gone, store=known.store)
    _keep(tx, site, replace(after, state=known.state) if ended and after.left else after)


def _keep(tx: Connection, site: str, after: Order) -> Order:
    there = (_own.site_id == site) & (_own.order_id == after.id)
    values = {"state": after.state.value, "body": _encode(after), "changed_ms": now_of(tx)}
    tx.execute(update(order_table).where(there).values(values))
    publish(tx, site, [Change(ORDER, after.id, _encode(after))])
    return after
