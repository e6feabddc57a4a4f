"""Intake: takes batches of events into the store, each event exactly once, and says what became of them."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.events import BODY_BYTES_MAX, Decided, Kind, Lane, chain_link, chain_start
from sync.central import lanes
from sync.central.devices import Device
from sync.central.lanes import Stream
from sync.central.store import Connection, Store, insert_bearing, insert_many, now_of
from sync.packing import UNREADABLE
from sync.wire import (
    QUARANTINED_MAX,
    ROWS_MAX,
    SCHEMA_FLOOR,
    TEXT_CHARS_MAX,
    WIRE_FLOOR,
    WIRE_VERSION,
    Ack,
    Batch,
    Problem,
    Refusal,
)

JUDGED = (Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN)
"""Kinds whose body is a decision: what is stored of them can be judged again."""
Columns = tuple[int, int, int, int, int, int, int, bytes | None, bytes]
_columns = msgspec.msgpack.Decoder(Columns)
_decided = msgspec.msgpack.Decoder(Decided)
_anything = msgspec.msgpack.Decoder()


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of which nothing was stored, and where central stands."""

    problem: Problem
    detail: str
    ack: int | None = None
    head: bytes | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One event of a batch after the look at it: its columns, or why it is kept aside."""

    seq: int
    raw: bytes
    h: bytes
    columns: Columns | None
    why: str = ""


def take(store: Store, device: Device, batch: Batch) -> Ack | Rejected:
    """Store what is new of a batch in one transaction; after an Ack the device may prune."""
    wrong = _misfit(device, batch)
    if wrong:
        return wrong
    rows = read(batch)
    if rows[-1].h != batch.head:
        return Rejected(problem=Problem.CHAIN, detail="The head hash does not fit the rows.")
    with store.transaction() as tx:
        return _settle(tx, device, batch, rows=rows)


def read(batch: Batch) -> list[Row]:
    """Link the chain over the rows and look at each; a row that cannot be read is no reason to stop."""
    rows, previous = [], batch.prev
    for seq, raw in enumerate(map(bytes, batch.rows), batch.first):
        previous = chain_link(previous, raw)
        rows.append(look(batch.lane, seq, raw, h=previous))
    return rows


def look(lane: int, seq: int, raw: bytes, *, h: bytes) -> Row:
    """Read one event, or say why it cannot be read."""
    try:
        columns = _columns.decode(raw)
        why = _breaks(columns, lane, seq)
    except UNREADABLE as error:
        return Row(seq, raw, h, None, _words(f"does not decode: {error}"))
    return Row(seq, raw, h, None, why) if why else Row(seq, raw, h, columns)


def _words(text: str) -> str:
    """Return what every database can hold: an error quotes what it found, and PostgreSQL refuses NUL."""
    return "".join(char if char.isprintable() else "?" for char in text)[:TEXT_CHARS_MAX]


def _breaks(columns: Columns, lane: int, seq: int) -> str:
    """Say which rule the columns break; a kind or schema from the future breaks none and is kept as is."""
    own_lane, own_seq, _, _, _, kind, schema, band, body = columns
    if (own_lane, own_seq) != (lane, seq):
        return f"says lane {own_lane}, seq {own_seq}"
    if len(body) > BODY_BYTES_MAX:
        return f"body of {len(body)} bytes"
    if band is not None and len(band) != BAND_ID_BYTES:
        return f"band of {len(band)} bytes"
    if schema <= 1:
        (_decided if kind in JUDGED else _anything).decode(body)
    return ""


def _misfit(device: Device, batch: Batch) -> Rejected | None:
    if not WIRE_FLOOR <= batch.v <= WIRE_VERSION or batch.schema_top < SCHEMA_FLOOR:
        here = f"here wire {WIRE_FLOOR} to {WIRE_VERSION}, schema from {SCHEMA_FLOOR}"
        return Rejected(problem=Problem.SCHEMA, detail=f"wire {batch.v}, schema {batch.schema_top}; {here}")
    if (batch.site, batch.device, batch.incarnation) != (device.site, device.id, device.incarnation):
        return Rejected(problem=Problem.MALFORMED, detail="The batch is of another device.")
    count = batch.last - batch.first + 1
    if batch.lane not in tuple(Lane) or batch.first < 1 or count != len(batch.rows) or not batch.rows:
        return Rejected(problem=Problem.MALFORMED, detail="Lane, first, last and rows do not fit together.")
    if count > ROWS_MAX:
        return Rejected(problem=Problem.TOO_LARGE, detail=f"{count} rows, at most {ROWS_MAX}")
    return None


def _settle(tx: Connection, device: Device, batch: Batch, *, rows: list[Row]) -> Ack | Rejected:
    stream = Stream(device.site, device.id, device.incarnation, batch.lane)
    start = chain_start(device.site, device.id, batch.lane, public_key=device.public_key)
    end = lanes.lock(tx, stream, start)
    if batch.first > end.ack + 1:
        lanes.review(tx, stream, also=f"gap, holds {end.ack}, was offered {batch.first}")
        return Rejected(problem=Problem.GAP, detail="", ack=end.ack, head=end.h)
    known = {0: start, end.ack: end.h, **lanes.hashes(tx, stream, first=batch.first - 1, last=batch.last)}
    if end.frozen or _differs(known, batch, rows):
        lanes.freeze(tx, stream, f"fork at or before {batch.first}")
        return Rejected(problem=Problem.FORK, detail="", ack=end.ack, head=end.h)
    fresh = [row for row in rows if row.seq > end.ack]
    refused = _keep(tx, stream, fresh)
    if fresh:
        lanes.move(tx, stream, ack=fresh[-1].seq, h=fresh[-1].h)
    if refused or device.alarm:
        lanes.review(tx, stream)
    return Ack(
        device=device.id,
        lane=batch.lane,
        ack=max(end.ack, batch.last),
        time_ms=now_of(tx),
        duplicates=len(rows) - len(fresh),
        quarantined=tuple(refused[:QUARANTINED_MAX]),
    )


def _differs(known: dict[int, bytes], batch: Batch, rows: list[Row]) -> bool:
    """Whether central knows another hash at any sequence that the batch speaks of, its ``prev`` included."""
    offered = {batch.first - 1: batch.prev, **{row.seq: row.h for row in rows}}
    return any(offered.get(seq, h) != h for seq, h in known.items())


def _keep(tx: Connection, stream: Stream, fresh: list[Row]) -> list[Refusal]:
    good = [row for row in fresh if row.columns is not None]
    unbearable = insert_bearing(tx, lanes.event_table, [record(stream, row) for row in good])
    refused = [(row, row.why) for row in fresh if row.columns is None]
    refused += [(good[place], "the database cannot hold it") for place in unbearable]
    at_ms = now_of(tx)
    aside: list[tuple[Any, ...]] = [(*stream, row.seq, row.raw, row.h, why, at_ms) for row, why in refused]
    insert_many(tx, lanes.quarantine_table, aside)
    return [Refusal(seq=row.seq, why=why) for row, why in refused]


def record(stream: Stream, row: Row) -> tuple[Any, ...]:
    """Return an event as its table holds it."""
    assert row.columns is not None  # noqa: S101  # only rows with columns are recorded
    return (*stream, *row.columns[1:], row.h)
