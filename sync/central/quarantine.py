"""Quarantine: events that central could not read, kept as they came until somebody tries them again."""

from __future__ import annotations

from typing import Any, NamedTuple

from sync.central.echoes.echo import resound
from sync.central.echoes.uptake import TAKEN_UP, Heeded, take_up
from sync.central.intake import POISONS, heard, look, record, unacted, without_late
from sync.central.journey.diarist import rewind
from sync.central.machines import lanes
from sync.central.machines.lanes import Stream, quarantine_table
from sync.central.settling import retaking
from sync.central.settling.takings import BODIES, Told
from sync.central.store import Connection, Row, Store, delete, insert_bearing, select, tuple_

PIECE_MAX = 500
"""Events tried in one transaction."""


class Aside(NamedTuple):
    """One event that is kept aside: whose it is, where it belongs and why it is not there."""

    device: str
    lane: int
    seq: int
    why: str
    at_ms: int


class Replayed(NamedTuple):
    """What became of trying again: events that are in their place now, and those still kept aside."""

    mended: int
    left: tuple[Aside, ...]


def kept(tx: Connection, site: str, *, limit: int = PIECE_MAX) -> tuple[Aside, ...]:
    """Return what is kept aside of a site, the oldest first."""
    own = quarantine_table.c
    found = select(quarantine_table).where(own.site_id == site).order_by(own.at_ms, own.seq).limit(limit)
    return tuple(_aside(row) for row in tx.execute(found))


def replay(store: Store, site: str) -> Replayed:
    """Look at everything kept aside again, with what this version can read; nothing is ever deleted.

    An event that can be read now goes to its place beside its neighbours, under the very bytes and hash that
    it came with. Killed anywhere, each event is in exactly one of the two places. Money is booked afterwards,
    with what could be read before and not be booked: in the order of its device.
    """
    mended, left = 0, []
    last: tuple[Any, ...] | None = None
    while rows := _piece(store, site, after=last):
        last = _place(rows[-1])
        with store.transaction() as tx:
            for row in rows:
                why = _tried(tx, row)
                mended += not why
                left += [_aside(row)._replace(why=why)] if why not in ("", retaking.WAITING) else []
            for stream in {Stream(*_place(row)[:4]) for row in rows}:
                lanes.review(tx, stream)
    money = retaking.retake(store, site)
    left += [Aside(one.stream.device, one.stream.lane, one.seq, one.why, one.at_ms) for one in money.left]
    return Replayed(mended + money.booked, tuple(left))


def _tried(tx: Connection, row: Row[Any]) -> str:
    """Try one event apart from the others: one that still breaks what acts upon it keeps nobody back."""
    try:
        with tx.begin_nested():
            return _again(tx, row)
    except POISONS as error:
        return unacted(error)


def _again(tx: Connection, row: Row[Any]) -> str:
    """Put one event where it belongs and return nothing, or why it stays; money waits to be booked."""
    stream = Stream(row.site_id, row.device_id, row.incarnation, row.lane)
    if row.why == lanes.ERASED:
        return lanes.ERASED
    seen = look(row.lane, row.seq, bytes(row.raw), h=bytes(row.h))
    if seen.columns is None:
        return seen.why
    (seen,) = without_late(tx, row.site_id, [seen])
    own = quarantine_table.c
    this = tuple_(own.site_id, own.device_id, own.incarnation, own.lane, own.seq) == _place(row)
    if not tx.execute(delete(quarantine_table).where(own.site_id == row.site_id, this)).rowcount:
        return ""  # somebody else replays too
    if insert_bearing(tx, lanes.event_table, [record(stream, seen)]):
        tx.execute(quarantine_table.insert().values(tuple(row)))
        return str(row.why)
    rewind(tx, stream, row.seq)
    told = heard(seen)
    if told.kind in BODIES:
        retaking.set_aside(tx, stream, Told(seen.seq, told.kind, told.at_ms, told.body, told.band))
    resound(tx, stream.site, [told], device=stream.device)
    heeded = [Heeded(told.kind, told.body, told.at_ms, told.band)] if told.kind in TAKEN_UP else []
    take_up(tx, row.site_id, heeded, device=row.device_id)
    return retaking.WAITING if told.kind in BODIES else ""


def _piece(store: Store, site: str, *, after: tuple[Any, ...] | None) -> list[Row[Any]]:
    own = quarantine_table.c
    place = tuple_(own.site_id, own.device_id, own.incarnation, own.lane, own.seq)
    found = select(quarantine_table).where(own.site_id == site)
    if after is not None:
        found = found.where(place > after)
    order = (own.site_id, own.device_id, own.incarnation, own.lane, own.seq)
    with store.reading() as tx:
        return list(tx.execute(found.order_by(*order).limit(PIECE_MAX)))


def _place(row: Row[Any]) -> tuple[Any, ...]:
    return row.site_id, row.device_id, row.incarnation, row.lane, row.seq


def _aside(row: Row[Any]) -> Aside:
    return Aside(row.device_id, row.lane, row.seq, row.why, row.at_ms)
