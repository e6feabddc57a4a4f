"""Slots: bookable times with the places that each device may give away, and guests' changes of a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.slots import SLOT, Slot, SlotMoved
from edge.errors import Refused, Unknown
from sync.central.feed import Change, head, item_table, publish
from sync.central.near.places import Gates, Lent, gates_of, shared
from sync.central.registry import profiles, rights
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Store,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

SLOTS_MAX = 1_000
"""Times of one call."""
LATE_MS = 24 * 3600 * 1000
"""So long after its end a time may still let somebody in who was late: then nobody asks for its places."""
NOBODY = Gates({}, (), 0)


class Heard(Protocol):
    """Who is to hear of a right that has another time."""

    def __call__(self, tx: Connection, site: str, move: SlotMoved, *, product: str) -> None:
        """Hear of it, in the transaction that changes it."""


MOVED: list[Heard] = []

slot_table = Table(
    "slot",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("point", String(ID_CHARS_MAX), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
_own = slot_table.c
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lent).decode


def put(tx: Connection, site: str, slots: Sequence[Slot]) -> None:
    """Open times, or set more places aside; a share that devices may have given away is never lowered.

    Of a limited time central itself says how many each gate may let in; what ``gates`` says is not taken.
    """
    if len(slots) > SLOTS_MAX:
        raise Refused(f"{len(slots)} times at once, at most {SLOTS_MAX}.")
    if any(slot.capacity_max is not None and slot.capacity_max < 0 for slot in slots):
        raise Refused("A time has no fewer than 0 places.")
    take_turn(tx, site)
    risen = [_risen(slot, _one(tx, site, (slot.point, slot.start_ms))) for slot in slots]
    _keep(tx, site, _lent(tx, site, risen))


def share(store: Store, site: str) -> int:
    """Lend the places of a site's times anew where a gate is short of them; return of how many times."""
    with store.reading() as tx:
        if not _due(tx, site):
            return 0
    with store.transaction() as tx:
        take_turn(tx, site)
        due = _due(tx, site)
        _keep(tx, site, due)
        return len(due)


def _due(tx: Connection, site: str) -> list[Lent]:
    now_ms = now_of(tx)
    query = select(_own.body).where(_own.site_id == site)
    known = [_decode(bytes(body)) for body in tx.execute(query).scalars()]
    open_ = [slot for slot in known if slot.capacity_max is not None and slot.end_ms + LATE_MS > now_ms]
    return [now for slot, now in zip(open_, _lent(tx, site, open_), strict=True) if now != slot]


def _lent(tx: Connection, site: str, times: Sequence[Lent]) -> list[Lent]:
    if all(slot.capacity_max is None for slot in times):
        return [shared(slot, NOBODY, told=0) for slot in times]
    gates = gates_of(tx, site, at=head(tx, site))
    there = (item_table.c.site_id == site, item_table.c.kind == SLOT)
    told = {
        row.key: int(row.seq) for row in tx.execute(select(item_table.c.key, item_table.c.seq).where(*there))
    }
    return [shared(slot, gates, told=told.get(slot.key, 0)) for slot in times]


def slots(tx: Connection, site: str) -> tuple[Slot, ...]:
    """Return every time of a site, by point and start."""
    query = select(_own.body).where(_own.site_id == site).order_by(_own.point, _own.start_ms)
    return tuple(_decode(bytes(body)) for body in tx.execute(query).scalars())


def must_find(tx: Connection, site: str, point: str, *, start_ms: int) -> Slot:
    """Return one time, or say that there is none."""
    known = _one(tx, site, (point, start_ms))
    if known is None:
        raise Unknown("There is no such time to book.", hint="Ask which times there are.")
    return known


def past(tx: Connection, site: str, before_ms: int) -> tuple[Slot, ...]:
    """Return the times of a site that began before a moment."""
    return tuple(slot for slot in slots(tx, site) if slot.start_ms < before_ms)


def close_before(tx: Connection, site: str, before_ms: int) -> int:
    """Forget times that began before a moment, here and at every device; returns how many."""
    over = past(tx, site, before_ms)
    tx.execute(delete(slot_table).where(_own.site_id == site, _own.start_ms < before_ms))
    if over:
        publish(tx, site, [Change(SLOT, slot.key, None) for slot in over])
    return len(over)


def take(tx: Connection, site: str, move: SlotMoved, *, device: str) -> None:
    """Take a guest's change: the right gets its new time, its old place goes to the same device's share."""
    take_turn(tx, site)
    try:
        guest, right = rights.right(tx, site, move.entitlement)
    except Unknown:
        return  # taken back or erased meanwhile: there is nothing left to move
    if guest != move.guest or right.slot != move.was:
        return  # central or another device moved it since: the last word there stands
    rights.put_rights(tx, site, [msgspec.structs.replace(right, slot=move.now)], guest=guest)
    known = _one(tx, site, (move.was.point or "", move.was.start_ms))
    if known is not None:
        shares = {**known.shares, device: known.shares.get(device, 0) + 1}
        _keep(tx, site, [msgspec.structs.replace(known, shares=shares)])
    profiles.publish_guests(tx, site, [guest])
    tell_moved(tx, site, move, product=right.product)


def tell_moved(tx: Connection, site: str, move: SlotMoved, *, product: str) -> None:
    """Tell whoever listens that a right has another time now."""
    for tell in MOVED:
        tell(tx, site, move, product=product)


def _risen(slot: Slot, known: Lent | None) -> Lent:
    before = known or Lent(point=slot.point, product=slot.product, start_ms=slot.start_ms, end_ms=slot.end_ms)
    return msgspec.structs.replace(
        before,
        product=slot.product,
        end_ms=slot.end_ms,
        shares=_more(before.shares, slot.shares),
        outside=_more(before.outside, slot.outside),
        capacity_max=slot.capacity_max,
    )


def _more(before: Mapping[str, int], told: Mapping[str, int]) -> dict[str, int]:
    return {name: max(before.get(name, 0), told.get(name, 0)) for name in (*before, *told)}


def _keep(tx: Connection, site: str, changed: Sequence[Lent]) -> None:
    for slot in changed:
        there = (_own.site_id == site) & (_own.point == slot.point) & (_own.start_ms == slot.start_ms)
        tx.execute(delete(slot_table).where(there))
        row = {"site_id": site, "point": slot.point, "start_ms": slot.start_ms, "body": _encode(slot)}
        tx.execute(insert(slot_table).values(row))
    if changed:
        publish(tx, site, [Change(SLOT, slot.key, _encode(slot.plain)) for slot in changed])


def _one(tx: Connection, site: str, key: tuple[str, int]) -> Lent | None:
    there = (_own.site_id == site) & (_own.point == key[0]) & (_own.start_ms == key[1])
    body = tx.execute(select(_own.body).where(there)).scalar_one_or_none()
    return None if body is None else _decode(bytes(body))
