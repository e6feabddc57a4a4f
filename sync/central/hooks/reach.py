"""Reach: how far a subscriber was told of each stream, and of which bands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from edge.core.events import Event
from sync.central.hooks import happened
from sync.central.hooks.happened import OWN
from sync.central.machines import lanes
from sync.central.machines.lanes import Stream, event_of, event_table, is_of
from sync.central.privacy.erasure import PLACES, Gone
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    func,
    metadata,
    select,
    text,
)

end_table = Table(
    "hook_end",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("hook_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("incarnation", Integer, primary_key=True),
    Column("lane", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
told_table = Table(
    "hook_told",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("hook_id", String(64), primary_key=True),
    Column("band_id", LargeBinary(16), primary_key=True),
)
TABLES = (end_table, told_table)
LEAVING: list[Callable[..., None]] = []
"""Told which subscription was told of which bands of a guest who is erased now, before that is forgotten."""
MOVE = text(
    "INSERT INTO hook_end (site_id, hook_id, device_id, incarnation, lane, seq)"
    " VALUES (:site_id, :hook_id, :device_id, :incarnation, :lane, :seq)"
    " ON CONFLICT (site_id, hook_id, device_id, incarnation, lane) DO UPDATE SET seq = excluded.seq"
)
KNOW = text(
    "INSERT INTO hook_told (site_id, hook_id, band_id) VALUES (:site_id, :hook_id, :band_id)"
    " ON CONFLICT DO NOTHING"
)


class Waiting(NamedTuple):
    """A stream that has gone on since a subscriber was told: up to where it was told and is settled."""

    stream: Stream
    told: int
    settled: int


def move(tx: Connection, hook: str, stream: Stream, *, seq: int) -> None:
    """Set the place up to which a subscriber was told of a stream."""
    columns = {"device_id": stream.device, "incarnation": stream.incarnation, "lane": stream.lane}
    tx.execute(MOVE, {"site_id": stream.site, "hook_id": hook, "seq": seq, **columns})


def ends(tx: Connection, site: str) -> list[tuple[Stream, int]]:
    """Return every stream of a site, the devices' and central's own, each with its last settled number."""
    return [*lanes.ends(tx, site), *happened.ends(tx, site)]


def go_back(tx: Connection, site: str, hook: str, *, from_ms: int) -> None:
    """Set every stream to just before a moment in UTC milliseconds."""
    own = event_table.c
    for stream, ack in ends(tx, site):
        before = select(func.max(own.seq)).where(is_of(event_table, stream), own.hlc < from_ms << 16)
        if stream.device == OWN:
            seq = happened.before(tx, site, from_ms)
        else:
            seq = tx.execute(before).scalar_one() or 0
        move(tx, hook, stream, seq=min(ack, seq))


def pending(tx: Connection, site: str, hook: str) -> list[Waiting]:
    """Return the streams of which a subscriber has not heard all."""
    own = end_table.c
    rows = tx.execute(select(end_table).where(own.site_id == site, own.hook_id == hook))
    told = {Stream(site, row.device_id, row.incarnation, row.lane): row.seq for row in rows}
    all_ = [Waiting(stream, told.get(stream, 0), ack) for stream, ack in ends(tx, site)]
    return [one for one in all_ if one.settled > one.told]


def page(tx: Connection, waiting: Waiting, kinds: Sequence[int], *, limit: int) -> tuple[list[Event], int]:
    """Return a stream's next events of these kinds, and the number up to which was looked."""
    if waiting.stream.device == OWN:
        span = (waiting.told, waiting.settled)
        events = happened.page(tx, waiting.stream.site, span=span, kinds=kinds, limit=limit)
        return events, events[-1].seq if len(events) == limit else waiting.settled
    own = event_table.c
    found = select(event_table).where(
        is_of(event_table, waiting.stream),
        own.seq > waiting.told,
        own.seq <= waiting.settled,
        own.kind.in_(list(kinds)),
    )
    events = [event_of(row) for row in tx.execute(found.order_by(own.seq).limit(limit))]
    return events, events[-1].seq if len(events) == limit else waiting.settled


def oldest_ms(tx: Connection, site: str, hook: str, *, kinds: Sequence[int]) -> int | None:
    """Return when the oldest event happened that a subscriber has still to hear; None: nothing waits."""
    pages = (page(tx, one, kinds, limit=1)[0] for one in pending(tx, site, hook))
    return min((events[0].hlc >> 16 for events in pages if events), default=None)


def known(tx: Connection, site: str, hook: str, *, bands: Iterable[bytes]) -> set[bytes]:
    """Return of which of these bands a subscriber was told before."""
    own = told_table.c
    found = select(own.band_id).where(own.site_id == site, own.hook_id == hook, own.band_id.in_(list(bands)))
    return {bytes(row.band_id) for row in tx.execute(found)}


def know(tx: Connection, site: str, hook: str, *, bands: Iterable[bytes]) -> None:
    """Remember of which bands a subscriber is told."""
    rows = [{"site_id": site, "hook_id": hook, "band_id": band} for band in sorted(set(bands))]
    if rows:
        tx.execute(KNOW, rows)


def forget(tx: Connection, site: str, gone: Gone) -> None:
    """Forget who was told of an erased guest, once it is written down that they hear of the erasure."""
    own, person = told_table.c, happened.person(gone.guest)
    there = and_(own.site_id == site, own.band_id.in_([*gone.bands, person]))
    told = dict[str, list[bytes]]()
    for row in tx.execute(select(own.hook_id, own.band_id).where(there).order_by(own.hook_id, own.band_id)):
        told.setdefault(row.hook_id, []).append(bytes(row.band_id))
    for hook, bands in told.items():
        for room in LEAVING:
            room(tx, site, hook, names=[person, *(band for band in bands if band != person)])
    tx.execute(delete(told_table).where(there))


PLACES.append(forget)
