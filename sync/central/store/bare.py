"""Bare COPY: how fast PostgreSQL itself takes central's rows, the yardstick of `polso bench sync`."""

from __future__ import annotations

import time

from sqlalchemy import Table, select, text
from sqlalchemy import func as sql

from edge.errors import Refused
from sync.central.store.bulk import driver
from sync.central.store.engine import Store

ROWS_MAX = 2_000
BLOCKS_MAX = 1_000
BARE = "polso_bare"


def bare_copy_per_s(store: Store, table: Table, *, with_keys: bool = True) -> float:
    """Return the rows per second of a pre-built binary COPY into an equal table, 2,000 rows a commit."""
    if not store.is_postgres:
        raise Refused("Only PostgreSQL knows COPY.")
    with store.reading() as tx:
        count = int(tx.execute(select(sql.count()).select_from(table)).scalar() or 0)
    blocks = _blocks(store, table, count)
    keys = "INCLUDING ALL" if with_keys else ""
    with store.transaction() as tx:
        tx.execute(text(f'CREATE TABLE {BARE} (LIKE "{table.name}" {keys})'))
    try:
        began = time.perf_counter()
        for block in blocks:
            _take(store, block)
        return count / (time.perf_counter() - began)
    finally:
        with store.transaction() as tx:
            tx.execute(text(f"DROP TABLE {BARE}"))


def _blocks(store: Store, table: Table, count: int) -> list[bytes]:
    order = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    blocks = []
    with store.reading() as tx:
        for at in range(0, min(count, ROWS_MAX * BLOCKS_MAX), ROWS_MAX):
            piece = f'SELECT * FROM "{table.name}" ORDER BY {order} LIMIT {ROWS_MAX} OFFSET {at}'  # noqa: S608  # our own table's name
            with driver(tx).cursor() as cursor, cursor.copy(_out(piece)) as copy:
                blocks.append(b"".join(bytes(part) for part in copy))
    return blocks


def _out(piece: str) -> bytes:
    return f"COPY ({piece}) TO STDOUT (FORMAT BINARY)".encode()


def _take(store: Store, block: bytes) -> None:
    with store.transaction() as tx:
        words = f"COPY {BARE} FROM STDIN (FORMAT BINARY)".encode()
        with driver(tx).cursor() as cursor, cursor.copy(words) as copy:
            copy.write(block)
