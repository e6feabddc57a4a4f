"""Intake: takes batches of events into the store, each event exactly once, and says what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from edge.core.bands import BAND_ID_BYTES
from edge.core.decision import Reason
from edge.core.events import BODY_BYTES_MAX, DECISIONS, Decided, Lane, chain_link, chain_start
from sync.central import alarms
from sync.central.echoes.echo import Heard, resound
from sync.central.echoes.uptake import TAKEN_UP, Heeded, take_up
from sync.central.echoes.uptake import read as read_taken_up
from sync.central.machines import checkpoints, lanes
from sync.central.machines.devices import Device
from sync.central.machines.lanes import Stream
from sync.central.money import restored
from sync.central.planning import plans
from sync.central.privacy import named, remarks
from sync.central.settling import takings, vouchers
from sync.central.store import (
    DIARY,
    REFUSALS,
    Connection,
    Store,
    insert_bearing,
    insert_many,
    now_of,
    wake_here_after,
)
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

LOG = logging.getLogger("polso.central")
UNSURE_MS_MAX = 2**53
"""How far a time may be off, in milliseconds: more is no clock's word."""
SCHEMA_TOP = 1
"""The newest schema of a body that this version reads."""
ACTED_UPON = TAKEN_UP | frozenset(map(int, takings.BODIES))
"""Kinds that change what central holds: one of a newer schema waits aside for a central that reads it."""
POISONS = (*REFUSALS, *UNREADABLE, ValueError, LookupError, TypeError, ArithmeticError)
"""How a body breaks whoever acts upon it; a database that is away or a key that is there already is none."""
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
    decided: Decided | None = None
    """What a decision says, read once."""


def take(
    store: Store, device: Device, batch: Batch, *, enter: Callable[[Connection], None] = lambda tx: None
) -> Ack | Rejected:
    """Store what is new of a batch in one transaction, begun by ``enter``; after an Ack a device prunes.

    Where an event breaks what acts upon it, only those before it are taken, or it alone is kept aside.
    """
    wrong = _misfit(device, batch)
    if wrong:
        return wrong
    rows = read(batch)
    if rows[-1].h != batch.head:
        return Rejected(problem=Problem.CHAIN, detail="The head hash does not fit the rows.")

    def settled(part: list[Row], *, doubtful: bool = True) -> Ack | Rejected:
        with store.queues.turn(device.site), store.transaction() as tx:
            enter(tx)
            return _settle(tx, device, batch, rows=part, doubtful=doubtful)

    try:
        return settled(rows, doubtful=False)
    except POISONS:  # hardly ever: nothing of it is there, and each row is looked at now
        return _as_far_as(settled, rows, device=device)


def _as_far_as(
    settled: Callable[[list[Row]], Ack | Rejected], rows: list[Row], *, device: Device
) -> Ack | Rejected:
    """Take what can be acted upon, the whole or half of a half of it; a single row that cannot goes aside."""
    while True:
        try:
            return settled(rows)
        except POISONS as error:
            if len(rows) == 1:
                why = unacted(error)  # and no trace: its words may be a guest's
                LOG.error("intake.aside device=%s seq=%d: %s", device.id, rows[0].seq, why)
                return settled([msgspec.structs.replace(rows[0], columns=None, why=why, decided=None)])
            rows = rows[: len(rows) // 2]


def unacted(error: Exception) -> str:
    """Say why an event is kept aside that could be read, not in the error's words: they quote the event."""
    return f"central cannot act upon it: {type(error).__name__}"


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
        decided = None if why else _read(columns)
    except UNREADABLE as error:
        return Row(seq, raw, h, None, _words(f"does not decode: {error}"))
    return Row(seq, raw, h, None, why) if why else Row(seq, raw, h, columns, "", decided)


def _words(text: str) -> str:
    """Return what every database can hold: an error quotes what it found, and PostgreSQL refuses NUL."""
    return "".join(char if char.isprintable() else "?" for char in text)[:TEXT_CHARS_MAX]


def _breaks(columns: Columns, lane: int, seq: int) -> str:
    """Say which rule the columns break; what is from the future and changes nothing here is kept as it is."""
    own_lane, own_seq, hlc, _, unsure_ms, kind, schema, band, body = columns
    if (own_lane, own_seq) != (lane, seq):
        return f"says lane {own_lane}, seq {own_seq}"
    if len(body) > BODY_BYTES_MAX:
        return f"body of {len(body)} bytes"
    if band is not None and len(band) != BAND_ID_BYTES:
        return f"band of {len(band)} bytes"
    if hlc < 0 or not 0 <= unsure_ms <= UNSURE_MS_MAX:
        return f"time {hlc}, by {unsure_ms} ms"
    if schema > SCHEMA_TOP and kind in ACTED_UPON:
        return f"schema {schema} of kind {kind}: this central reads {SCHEMA_TOP}; update it, then replay"
    return ""


def _read(columns: Columns) -> Decided | None:
    """Read a body of this version: it must say something, and a decision must be one."""
    *_, kind, schema, _, body = columns
    if schema > SCHEMA_TOP:
        return None
    if kind in DECISIONS:
        return _decided.decode(body)
    if kind in TAKEN_UP:
        read_taken_up(kind, body)
    else:
        _anything.decode(body)
    return None


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


def _settle(
    tx: Connection, device: Device, batch: Batch, *, rows: list[Row], doubtful: bool
) -> Ack | Rejected:
    stream = Stream(device.site, device.id, device.incarnation, batch.lane)
    start = chain_start(device.site, device.id, batch.lane, public_key=device.public_key)
    end = lanes.lock(tx, stream, start)
    if batch.first > end.ack + 1:
        lanes.review(tx, stream, also=f"gap, holds {end.ack}, was offered {batch.first}")
        return Rejected(problem=Problem.GAP, detail="", ack=end.ack, head=end.h)
    known = {0: start, end.ack: end.h}
    if batch.first <= end.ack:  # else nothing of it is here: the cursor stands in the commit of the rows
        known |= lanes.hashes(tx, stream, first=batch.first - 1, last=rows[-1].seq)
    seen = checkpoints.mark(tx, stream, device)
    if seen is not None and seen.seq > end.ack:
        known[seen.seq] = seen.h  # what the device once signed for binds what it sends later
    if end.frozen or _differs(known, batch, rows):
        lanes.freeze(tx, stream, f"fork at or before {batch.first}")
        return Rejected(problem=Problem.FORK, detail="", ack=end.ack, head=end.h)
    fresh = [row for row in rows if row.seq > end.ack]
    refused = _keep(tx, stream, fresh, doubtful=doubtful)
    if fresh:
        lanes.move(tx, stream, ack=fresh[-1].seq, h=fresh[-1].h)
        if restored.came(tx, stream, fresh[-1].seq):
            alarms.calm_all(tx, device.site, device.id, reason=restored.WITHHELD)
        wake_here_after(tx, DIARY)
    if refused or device.alarm:
        lanes.review(tx, stream)
    if batch.checkpoint is not None:
        checkpoints.take(tx, device, batch.checkpoint)
    return Ack(
        device=device.id,
        lane=batch.lane,
        ack=max(end.ack, rows[-1].seq),
        time_ms=now_of(tx),
        duplicates=len(rows) - len(fresh),
        quarantined=tuple(refused[:QUARANTINED_MAX]),
    )


def _differs(known: dict[int, bytes], batch: Batch, rows: list[Row]) -> bool:
    """Whether central knows another hash at any sequence that the batch speaks of, its ``prev`` included."""
    offered = {batch.first - 1: batch.prev, **{row.seq: row.h for row in rows}}
    return any(offered.get(seq, h) != h for seq, h in known.items())


def _keep(tx: Connection, stream: Stream, fresh: list[Row], *, doubtful: bool) -> list[Refusal]:
    good = without_late(tx, stream.site, [row for row in fresh if row.columns is not None])
    unbearable = insert_bearing(
        tx, lanes.event_table, [record(stream, row) for row in good], doubtful=doubtful
    )
    refused = [(row, row.why) for row in fresh if row.columns is None]
    refused += [(good[place], "the database cannot hold it") for place in unbearable]
    at_ms = now_of(tx)
    aside: list[tuple[Any, ...]] = [(*stream, row.seq, row.raw, row.h, why, at_ms) for row, why in refused]
    insert_many(tx, lanes.quarantine_table, aside)
    kept = [row.columns for place, row in enumerate(good) if place not in unbearable and row.columns]
    # What takes the site's turn comes before what holds wallets and leases: the order of ``holding``.
    resound(tx, stream.site, [heard(row) for row in good], device=stream.device)
    heeded = [
        Heeded(columns[5], columns[8], columns[2] >> 16, columns[7])
        for columns in kept
        if columns[5] in TAKEN_UP
    ]
    take_up(tx, stream.site, heeded, device=stream.device)
    told = [
        takings.Told(columns[1], columns[5], columns[2] >> 16, columns[8], columns[7])
        for columns in kept
        if columns[5] in takings.BODIES
    ]
    vouchers.sweep(tx, stream.site, takings.take(tx, stream, told))
    _follow(tx, stream.site, good)
    return [Refusal(seq=row.seq, why=why) for row, why in refused]


def without_late(tx: Connection, site: str, rows: list[Row]) -> list[Row]:
    """Return rows without what staff wrote in clear about bands of guests who are erased meanwhile.

    A device of this version sealed it, and the key is gone; one of an older version could not.
    """
    clear = {
        row.columns[7]: row
        for row in rows
        if row.columns
        and row.columns[7]
        and row.columns[5] in remarks.ACTED
        and remarks.is_clear(row.columns[8])
    }
    if clear:
        erased = remarks.erased_of(tx, site, [band for band in clear if band])
        rows = [_emptied(row) if row.columns and row.columns[7] in erased else row for row in rows]
    return _nameless(tx, site, rows)


def _nameless(tx: Connection, site: str, rows: list[Row]) -> list[Row]:
    """Return rows whose bodies name no guest who is erased meanwhile."""
    named_by = {
        row.seq: frozenset(named.guests_in(row.columns[8]))
        for row in rows
        if row.columns and row.columns[5] in named.NAMING
    }
    gone = named.erased_among(tx, site, frozenset[str]().union(*named_by.values()))
    return [_without(row, gone & named_by.get(row.seq, frozenset())) for row in rows] if gone else rows


def _without(row: Row, guests: Iterable[str]) -> Row:
    if row.columns is None:
        return row
    *head, body = row.columns
    for guest in guests:
        body = named.without(body, guest) or body
    return msgspec.structs.replace(row, columns=(*head, body))


def _emptied(row: Row) -> Row:
    assert row.columns is not None  # noqa: S101  # only rows with columns come here
    *head, kind, schema, band, body = row.columns
    told = remarks.without(body) if kind in remarks.ACTED else None
    columns = (*head, kind, schema, band, body if told is None else told)
    return msgspec.structs.replace(row, columns=columns)


def _follow(tx: Connection, site: str, rows: list[Row]) -> None:
    """Let money follow its owners through the gates."""
    ways: dict[Reason, list[bytes]] = {Reason.ENTERED: [], Reason.EXITED: []}
    for row in rows:
        if row.decided is not None and row.columns is not None and row.columns[7] is not None:
            ways.get(row.decided.decision.reason, []).append(row.columns[7])
    if any(ways.values()):
        plans.entered(tx, site, ways[Reason.ENTERED], gone=ways[Reason.EXITED])


def heard(row: Row) -> Heard:
    """Return an event as it is told on within central."""
    assert row.columns is not None  # noqa: S101  # only rows with columns are told on
    _, _, hlc, _, _, kind, _, band, body = row.columns
    return Heard(hlc >> 16, kind, band, body, row.decided, row.seq)


def record(stream: Stream, row: Row) -> tuple[Any, ...]:
    """Return an event as its table holds it."""
    assert row.columns is not None  # noqa: S101  # only rows with columns are recorded
    return (*stream, *row.columns[1:], row.h)
