"""Results: what the last run found, by site, and who came into or left a segment by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import KEPT
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    delete,
    insert,
    insert_many,
    metadata,
    now_of,
    select,
)

NAME_CHARS_MAX = 40
ROWS_MAX = 500
"""Rows of a report that are kept: the first ones in its own order."""
MOVES_MAX = 200

result_table = Table(
    "analysis",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("name", String(NAME_CHARS_MAX), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("heard_permille", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("rows", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
"""The last result of each report, and of each segment under its code: its size, and no rows."""
move_table = Table(
    "segment_move",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("code", String(NAME_CHARS_MAX), primary_key=True),
    Column("entered", Boolean, primary_key=True),
    Column("version", Integer, nullable=False),
    Index("segment_move_guest", "site_id", "guest_id"),
)
"""Who came into a segment or left it, and when: a notice for whoever acts on it, by time."""
_rows = msgspec.msgpack.Decoder(tuple[tuple[str | int | None, ...], ...])


class Result(NamedTuple):
    """One result: of which version, up to which local day, and how much of the site was heard since."""

    name: str
    version: int
    day: int
    size: int
    heard_permille: int
    mark: str
    """What it was made of: while it is the same nothing has to be computed again."""
    rows: tuple[tuple[Any, ...], ...]
    made_ms: int = 0


class Move(NamedTuple):
    """Somebody came into a segment, or left it."""

    guest: str
    code: str
    entered: bool
    version: int
    at_ms: int = 0


def results(tx: Connection, site: str) -> dict[str, Result]:
    """Return the last result of each report and segment, by name."""
    own = result_table.c
    found = tx.execute(select(result_table).where(own.site_id == site).order_by(own.name))
    return {
        row.name: Result(row.name, row.version, row.day, row.size, row.heard_permille, row.mark,
                         _rows.decode(bytes(row.rows)), row.made_ms)
        for row in found
    }  # fmt: skip


def keep(tx: Connection, site: str, made: Iterable[Result]) -> None:
    """Put results in the place of the former ones."""
    own = result_table.c
    for one in made:
        tx.execute(delete(result_table).where(own.site_id == site, own.name == one.name))
        kept = msgspec.msgpack.encode(one.rows[:ROWS_MAX])
        values = {**one._asdict(), "site_id": site, "rows": kept, "made_ms": now_of(tx)}
        tx.execute(insert(result_table).values(values))


def note(tx: Connection, site: str, moves: Sequence[Move]) -> None:
    """Write down who came and who left."""
    at_ms = now_of(tx)
    insert_many(
        tx, move_table, [(site, at_ms, one.guest, one.code, one.entered, one.version) for one in moves]
    )


def moves(tx: Connection, site: str, *, after_ms: int = 0, limit: int = MOVES_MAX) -> tuple[Move, ...]:
    """Return who came and left after a moment, the oldest first."""
    own = move_table.c
    there = and_(own.site_id == site, own.at_ms > after_ms)
    found = tx.execute(
        select(move_table).where(there).order_by(own.at_ms, own.guest_id, own.code).limit(limit)
    )
    return tuple(Move(row.guest_id, row.code, row.entered, row.version, row.at_ms) for row in found)


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget where these guests came and left."""
    for part in parts(sorted(set(guests))):
        own = move_table.c
        tx.execute(delete(move_table).where(own.site_id == site, own.guest_id.in_(part)))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget who came and left before a moment; returns how much."""
    return tx.execute(delete(move_table).where(move_table.c.at_ms < at_ms)).rowcount


PLACES.append(lambda tx, site, gone: forget(tx, site, [gone.guest]))
KEPT.append(delete_before)
