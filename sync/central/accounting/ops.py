"""Ops: every basket that central has heard of, and what of its history needs a person's eye."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from edge.core.basket import Line
from edge.core.payment import Leg
from sync.central.machines.lanes import Stream
from sync.central.money.basket import Op
from sync.central.registry.tables import parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    insert_many,
    metadata,
    select,
    update,
)

ID_CHARS_MAX = 64

op_table = Table(
    "money_op",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("op_id", String(ID_CHARS_MAX), primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("point", String(64), nullable=False),
    Column("staff", String(64), nullable=False),
    Column("wallet_id", String(64), nullable=False),
    Column("currency", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("held_minor", BigInteger, nullable=False),
    Column("captured_minor", BigInteger, nullable=False),
    Column("voided_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("legs", LargeBinary, nullable=False),
    Column("lines", LargeBinary, nullable=False),
    Index("money_op_day", "site_id", "at_ms"),
    Index("money_op_wallet", "site_id", "wallet_id", "at_ms"),
)
note_table = Table(
    "money_note",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("incarnation", Integer, primary_key=True),
    Column("lane", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("what", String(16), primary_key=True),
    Column("of", String(128), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("why", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("money_note_day", "site_id", "at_ms"),
)
_legs = msgspec.msgpack.Decoder(tuple[Leg, ...])
_lines = msgspec.msgpack.Decoder(tuple[Line, ...])
_encode = msgspec.msgpack.Encoder().encode


class What(enum.StrEnum):
    """What is noted of an event of money."""

    ASIDE = "aside"
    """It could not be booked: kept, told, and tried again by `polso replay`."""
    DUPLICATE = "duplicate"
    """It was booked before under the same key; nothing moved."""
    LATE = "late"
    """It came after its lease had been written off, and was set against the loss."""
    FALSE_DENIAL = "false_denial"
    """A guest was refused although the money was free at central."""


class Note(NamedTuple):
    """One thing noted of one event."""

    stream: Stream
    seq: int
    what: What
    of: str
    minor: int
    why: str
    at_ms: int


def by_id(tx: Connection, site: str, ids: Iterable[str]) -> dict[str, Op]:
    """Return those of the baskets that are known; nobody else moves them until the commit."""
    found = (tx.execute(query.with_for_update()) for query in _by_id(site, ids))
    return {row.op_id: _op(row) for rows in found for row in rows}


def read(tx: Connection, site: str, ids: Iterable[str]) -> Iterator[Op]:
    """Yield those of the baskets that are known, as they stand now."""
    for query in _by_id(site, ids):
        yield from map(_op, tx.execute(query))


def of_wallet(tx: Connection, site: str, wallet: str, *, limit: int, skip: int = 0) -> tuple[Op, ...]:
    """Return what was sold to a wallet, the newest first."""
    own = op_table.c
    query = select(op_table).where(own.site_id == site, own.wallet_id == wallet, own.captured_minor > 0)
    newest = query.order_by(own.at_ms.desc(), own.op_id).limit(limit).offset(skip)
    return tuple(_op(row) for row in tx.execute(newest))


def put(tx: Connection, site: str, fresh: Sequence[Op], *, moved: Sequence[Op]) -> None:
    """Store baskets: new ones at the speed of the database, known ones as they are now."""
    insert_many(tx, op_table, [tuple(_values(site, one).values()) for one in fresh])
    if moved:
        tx.execute(MOVE, [{**_values(site, one), "own_site": site, "own_op": one.id} for one in moved])


def note(tx: Connection, notes: Iterable[Note]) -> None:
    """Keep what was noted, once each."""
    rows = {(one.stream, one.seq, one.what): one for one in notes}
    insert_many(
        tx,
        note_table,
        [
            (*one.stream, one.seq, one.what.value, one.of[:128], one.minor, one.why[:200], one.at_ms)
            for one in rows.values()
        ],
    )


def notes(
    tx: Connection, site: str, *, what: What, from_ms: int = 0, until_ms: int = 2**62
) -> tuple[Note, ...]:
    """Return what was noted of events between two moments, the oldest first."""
    own = note_table.c
    query = select(note_table).where(
        own.site_id == site, own.what == what.value, own.at_ms >= from_ms, own.at_ms < until_ms
    )
    return tuple(_note(row) for row in tx.execute(query.order_by(own.at_ms, own.device_id, own.seq)))


def drop_note(tx: Connection, one: Note) -> None:
    """Forget a note that is settled."""
    own, stream = note_table.c, one.stream
    this = and_(
        own.site_id == stream.site,
        own.device_id == stream.device,
        own.incarnation == stream.incarnation,
        own.lane == stream.lane,
        own.seq == one.seq,
        own.what == one.what.value,
    )
    tx.execute(delete(note_table).where(own.site_id == stream.site, this))


MOVE = (
    update(op_table)
    .where(op_table.c.site_id == bindparam("own_site"), op_table.c.op_id == bindparam("own_op"))
    .values({one.name: bindparam(one.name) for one in op_table.c if one.name not in ("site_id", "op_id")})
)


def _by_id(site: str, ids: Iterable[str]) -> Iterator[Select[Any]]:
    own = op_table.c
    for part in parts(sorted(set(ids))):
        yield select(op_table).where(own.site_id == site, own.op_id.in_(part)).order_by(own.op_id)


def _values(site: str, one: Op) -> dict[str, Any]:
    return {
        "site_id": site,
        "op_id": one.id,
        "device_id": one.device,
        "point": one.point[:64],
        "staff": one.staff[:64],
        "wallet_id": one.wallet,
        "currency": one.currency,
        "state": one.state,
        "total_minor": one.total_minor,
        "held_minor": one.held_minor,
        "captured_minor": one.captured_minor,
        "voided_minor": one.voided_minor,
        "refunded_minor": one.refunded_minor,
        "at_ms": one.at_ms,
        "legs": _encode(one.legs),
        "lines": _encode(one.lines),
    }


def _op(row: Row[Any]) -> Op:
    return Op(
        id=row.op_id,
        device=row.device_id,
        currency=row.currency,
        point=row.point,
        staff=row.staff,
        wallet=row.wallet_id,
        state=row.state,
        total_minor=row.total_minor,
        held_minor=row.held_minor,
        captured_minor=row.captured_minor,
        voided_minor=row.voided_minor,
        refunded_minor=row.refunded_minor,
        at_ms=row.at_ms,
        legs=_legs.decode(bytes(row.legs)),
        lines=_lines.decode(bytes(row.lines)),
    )


def _note(row: Row[Any]) -> Note:
    stream = Stream(row.site_id, row.device_id, row.incarnation, row.lane)
    return Note(stream, row.seq, What(row.what), row.of, row.minor, row.why, row.at_ms)
