"""Named: events whose body names a guest by their id: found for the guest, and without it after erasure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from edge.core.events import Kind
from edge.core.offers.said import KINDS as OFFERED
from sync.central.feed import item_table
from sync.central.machines.lanes import event_table
from sync.central.privacy.remarks import ERASE, erasure_key
from sync.central.store import ColumnElement, Connection, and_, func, is_postgres, literal, select, update
from sync.packing import UNREADABLE

NAMING = frozenset(
    (
        *OFFERED,
        Kind.CONSENT_SET,
        Kind.SLOT_MOVED,
        Kind.FEEDBACK_GIVEN,
        Kind.ORDER_ASKED,
        Kind.MANDATE_STOPPED,
        Kind.COUPON_ANSWERED,
    )
)
"""Kinds of such events; OFFERS_EXPOSED keeps its guest: what was chosen is judged again by the same name."""
FIELD = "guest"
_own = event_table.c
_place = (_own.site_id, _own.device_id, _own.incarnation, _own.lane, _own.seq)


def of_guest(tx: Connection, guest: str) -> ColumnElement[bool]:
    """Return what holds for events that name a guest in their body, and for few others."""
    return and_(_own.kind.in_([int(kind) for kind in NAMING]), _holds(tx, guest.encode()))


def guests_in(body: bytes) -> Iterator[str]:
    """Yield the guests that a body names; one that cannot be read names nobody."""
    try:
        waiting: list[Any] = [msgspec.msgpack.decode(body)]
    except UNREADABLE:
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(guest := one.get(FIELD), str) and guest:
                yield guest
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def without(body: bytes, guest: str) -> bytes | None:
    """Return a body that does not name this guest, all else as it was; None where it never did."""
    if guest not in guests_in(body):
        return None
    return msgspec.msgpack.encode(_blanked(msgspec.msgpack.decode(body), guest))


def forget(tx: Connection, site: str, guest: str) -> int:
    """Take a guest's id out of the bodies of events; returns out of how many."""
    gone = 0
    found = select(*_place, _own.body).where(_own.site_id == site, of_guest(tx, guest))
    for *place, body in tx.execute(found).all():
        after = without(bytes(body), guest)
        if after is not None:
            this = and_(*(column == value for column, value in zip(_place, place, strict=True)))
            tx.execute(update(event_table).where(this).values(body=after))
            gone += 1
    return gone


def erased_among(tx: Connection, site: str, guests: Iterable[str]) -> set[str]:
    """Return those who were erased: what a device that was cut off tells of them comes without them."""
    keys = {erasure_key(guest): guest for guest in guests}
    if not keys:
        return set()
    items = item_table.c
    there = (items.site_id == site, items.kind == ERASE, items.key.in_(list(keys)), items.body.is_not(None))
    return {keys[key] for key in tx.execute(select(items.key).where(*there)).scalars()}


def _holds(tx: Connection, octets: bytes) -> ColumnElement[bool]:
    if is_postgres(tx):
        return func.position(literal(octets).op("IN")(_own.body)) > 0
    return func.instr(_own.body, octets) > 0


def _blanked(one: Any, guest: str) -> Any:  # noqa: ANN401  # what a body of any kind holds
    if isinstance(one, dict):
        return {
            key: "" if key == FIELD and value == guest else _blanked(value, guest)
            for key, value in one.items()
        }
    return [_blanked(value, guest) for value in one] if isinstance(one, list) else one
