"""Lanes: what central holds of each device's streams, where each ends and what was kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from edge.core.events import DECISIONS, Decided, Event, Lane, decided_in
from sync.central.machines import devices
from sync.central.store import (
    BY_SITE,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    bindparam,
    func,
    metadata,
    now_of,
    part_by_site,
    select,
    text,
    update,
)
from sync.wire import Tip

RECENT_MAX = 500
WHY_CHARS_MAX = 200
ERASED = "it spoke of a guest who was erased"
"""Why an event is kept aside of which nothing but its place is left."""


class Stream(NamedTuple):
    """One lane of one life of a device."""

    site: str
    device: str
    incarnation: int
    lane: int


class End(msgspec.Struct, frozen=True):
    """Where a stream ends at central; ``frozen``: two devices write it, none is believed."""

    ack: int
    h: bytes
    frozen: bool


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """One event at central and the device it came from."""

    device: str
    incarnation: int
    event: Event


def _key() -> tuple[Column[Any], ...]:
    return (
        Column("site_id", String(64), primary_key=True),
        Column("device_id", String(64), primary_key=True),
        Column("incarnation", Integer, primary_key=True),
        Column("lane", Integer, primary_key=True),
    )


lane_table = Table(
    "lane_end",
    metadata,
    *_key(),
    Column("ack", BigInteger, nullable=False),
    Column("h", LargeBinary, nullable=False),
    Column("frozen", String(WHY_CHARS_MAX), nullable=False),
    Column("moved_ms", BigInteger, nullable=False),
)
event_table = Table(
    "event",
    metadata,
    *_key(),
    Column("seq", BigInteger, primary_key=True),
    Column("hlc", BigInteger, nullable=False),
    Column("offset_ms", BigInteger, nullable=False),
    Column("uncertainty_ms", BigInteger, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("band", LargeBinary),
    Column("body", LargeBinary, nullable=False),
    Column("h", LargeBinary, nullable=False),
    Index("event_hlc", "site_id", "hlc"),
    sqlite_with_rowid=False,
    postgresql_partition_by=BY_SITE,
)
part_by_site(event_table)
quarantine_table = Table(
    "quarantine",
    metadata,
    *_key(),
    Column("seq", BigInteger, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("h", LargeBinary, nullable=False),
    Column("why", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
BEGIN = text(
    "INSERT INTO lane_end (site_id, device_id, incarnation, lane, ack, h, frozen, moved_ms)"
    " VALUES (:site, :device, :incarnation, :lane, 0, :h, '', :now) ON CONFLICT DO NOTHING RETURNING ack"
)


def is_of(table: Table, stream: Stream) -> ColumnElement[bool]:
    """Return the clause of a stream's own rows in a table of streams."""
    own = table.c
    return and_(
        own.site_id == stream.site,
        own.device_id == stream.device,
        own.incarnation == stream.incarnation,
        own.lane == stream.lane,
    )


def _any_of(table: Table) -> ColumnElement[bool]:
    """Return the same clause for whichever stream is named by its fields: made once, asked at every post."""
    own = table.c
    return and_(
        own.site_id == bindparam("of_site"),
        own.device_id == bindparam("of_device"),
        own.incarnation == bindparam("of_incarnation"),
        own.lane == bindparam("of_lane"),
    )


def _named(stream: Stream) -> dict[str, str | int]:
    """Return what that clause is asked with; in a change a column's own name would be its new value."""
    return {f"of_{name}": value for name, value in stream._asdict().items()}


HELD = (
    select(lane_table.c.ack, lane_table.c.h, lane_table.c.frozen).where(_any_of(lane_table)).with_for_update()
)
MOVED = (
    update(lane_table)
    .where(_any_of(lane_table))
    .values(ack=bindparam("to"), h=bindparam("head"), moved_ms=bindparam("now"))
)


def lock(tx: Connection, stream: Stream, start: bytes) -> End:
    """Hold a stream's end until the commit, so that two workers never settle one device at a time."""
    row = tx.execute(HELD, _named(stream)).first()
    if row is None:  # its first batch; two workers may both find that
        if tx.execute(BEGIN, {**stream._asdict(), "h": start, "now": now_of(tx)}).first() is not None:
            return End(0, start, frozen=False)
        row = tx.execute(HELD, _named(stream)).one()
    return End(row.ack, bytes(row.h), bool(row.frozen))


def hold(tx: Connection, stream: Stream) -> None:
    """Hold a stream that was begun before, so that nobody settles it meanwhile."""
    tx.execute(select(lane_table.c.ack).where(is_of(lane_table, stream)).with_for_update()).all()


def move(tx: Connection, stream: Stream, *, ack: int, h: bytes) -> None:
    """Set a stream's end, in the transaction that stored the rows up to it."""
    tx.execute(MOVED, {**_named(stream), "to": ack, "head": h, "now": now_of(tx)})


def freeze(tx: Connection, stream: Stream, why: str) -> None:
    """Believe nobody who holds this stream's key any more; only a new enrolment goes on."""
    first = and_(is_of(lane_table, stream), lane_table.c.frozen == "")
    tx.execute(update(lane_table).where(first).values(frozen=why[:WHY_CHARS_MAX]))
    review(tx, stream)


def review(tx: Connection, stream: Stream, *, also: str = "") -> None:
    """Tell the operator all that is wrong with a device now, and ``also`` this; nothing: all clear."""
    own = lane_table.c
    mine = and_(own.site_id == stream.site, own.device_id == stream.device, own.frozen != "")
    found = [
        f"lane {row.lane}: {row.frozen}"
        for row in tx.execute(select(own.lane, own.frozen).where(mine).order_by(own.lane))
    ]
    if count := aside(tx, stream.site, stream.device):
        found.append(f"{count} events kept aside")
    if also:
        found.append(f"lane {stream.lane}: {also}")
    devices.alarm(tx, stream.site, stream.device, why="; ".join(found))


def aside(tx: Connection, site: str, device: str) -> int:
    """Return how many events of a device are kept aside."""
    own = quarantine_table.c
    found = select(func.count()).select_from(quarantine_table)
    return int(tx.execute(found.where(own.site_id == site, own.device_id == device)).scalar_one())


def empty_aside(tx: Connection, site: str, words: Sequence[bytes]) -> int:
    """Empty what is kept aside and speaks of these; its place in the stream stays, so that nothing forks."""
    own, gone = quarantine_table.c, 0
    for row in tx.execute(select(quarantine_table).where(own.site_id == site)).all():
        if any(word in bytes(row.raw) for word in words if word):
            stream = Stream(row.site_id, row.device_id, row.incarnation, row.lane)
            this = and_(is_of(quarantine_table, stream), own.seq == row.seq)
            tx.execute(update(quarantine_table).where(this).values(raw=b"", why=ERASED))
            gone += 1
    return gone


def hashes(tx: Connection, stream: Stream, *, first: int, last: int) -> dict[int, bytes]:
    """Return the hash that central holds at each sequence of a range, quarantined ones included."""
    held: dict[int, bytes] = {}
    for table in (event_table, quarantine_table):
        range_ = and_(is_of(table, stream), table.c.seq >= first, table.c.seq <= last)
        held.update(
            {row.seq: bytes(row.h) for row in tx.execute(select(table.c.seq, table.c.h).where(range_))}
        )
    return held


def tips(tx: Connection, site: str, device: str, *, incarnation: int) -> tuple[Tip, ...]:
    """Return where each of a device's lanes ends here."""
    own = lane_table.c
    found = select(own.lane, own.ack, own.h).where(own.site_id == site, own.device_id == device)
    rows = tx.execute(found.where(own.incarnation == incarnation).order_by(own.lane))
    return tuple(Tip(lane=row.lane, seq=row.ack, h=bytes(row.h)) for row in rows)


def recent(tx: Connection, site: str, *, after_hlc: int = 0, limit: int = 100) -> tuple[Arrived, ...]:
    """Return the site's newest events, newest first; with ``after_hlc`` only what is newer than that."""
    own = event_table.c
    found = select(event_table).where(own.site_id == site, own.hlc > after_hlc)
    rows = tx.execute(found.order_by(own.hlc.desc()).limit(min(limit, RECENT_MAX)))
    return tuple(_arrived(row) for row in rows)


def decided_at(tx: Connection, site: str, device: str, *, seq: int) -> Decided | None:
    """Return the decision that a device journaled under an ordinary number, in its newest life."""
    own = event_table.c
    there = and_(own.site_id == site, own.device_id == device, own.lane == Lane.ORDINARY, own.seq == seq)
    query = select(own.body, own.band).where(there, own.kind.in_(DECISIONS))
    row = tx.execute(query.order_by(own.incarnation.desc()).limit(1)).first()
    return None if row is None else decided_in(bytes(row.body), row.band and bytes(row.band))


def event_of(row: Row[Any]) -> Event:
    """Return the event of a whole row of the table of events."""
    return Event(
        lane=row.lane,
        seq=row.seq,
        hlc=row.hlc,
        offset_ms=row.offset_ms,
        uncertainty_ms=row.uncertainty_ms,
        kind=row.kind,
        schema=row.schema,
        band=None if row.band is None else bytes(row.band),
        body=bytes(row.body),
        h=bytes(row.h),
    )


def ends(tx: Connection, site: str) -> list[tuple[Stream, int]]:
    """Return all streams of a site, each with the last number that is settled."""
    own = lane_table.c
    rows = tx.execute(select(own.device_id, own.incarnation, own.lane, own.ack).where(own.site_id == site))
    return [(Stream(site, row.device_id, row.incarnation, row.lane), row.ack) for row in rows]


def _arrived(row: Row[Any]) -> Arrived:
    return Arrived(device=row.device_id, incarnation=row.incarnation, event=event_of(row))
