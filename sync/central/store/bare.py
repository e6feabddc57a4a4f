"""Bare PostgreSQL: how fast it takes rows and commits by itself, the yardstick of `polso bench`."""

from __future__ import annotations

import statistics
import threading
import time

from sqlalchemy import Table, select, text
from sqlalchemy import func as sql

from edge.errors import Refused
from sync.central.store.bulk import driver
from sync.central.store.engine import Store

ROWS_MAX = 2_000
BLOCKS_MAX = 1_000
PASSES = 3
BARE = "polso_bare"
ROW = bytes(300)
"""About the size of one event."""


def bare_copy_per_s(store: Store, table: Table, *, with_keys: bool = True) -> float:
    """Return the rows per second of a pre-built binary COPY into an equal table, 2,000 rows a commit.

    One pass takes half a second and the next may take twice that: the one in the middle counts.
    """
    if not store.is_postgres:
        raise Refused("Only PostgreSQL knows COPY.")
    with store.reading() as tx:
        count = int(tx.execute(select(sql.count()).select_from(table)).scalar() or 0)
    blocks = _blocks(store, table, count)
    keys = "INCLUDING ALL" if with_keys else ""
    made = f'CREATE TABLE {BARE} (LIKE "{table.name}" {keys})'
    return count / statistics.median(_pass_s(store, made, blocks) for _ in range(PASSES))


def _pass_s(store: Store, made: str, blocks: list[bytes]) -> float:
    with store.transaction() as tx:
        tx.execute(text(made))
    try:
        began = time.perf_counter()
        for block in blocks:
            _take(store, block)
        return time.perf_counter() - began
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


def bare_commits_per_s(store: Store, clients: int, *, seconds: float) -> float:
    """Return the durable transactions a second of so many clients: update one row, insert one, commit."""
    if not store.is_postgres:
        raise Refused("Only PostgreSQL is the yardstick of a sale.")
    with store.transaction() as tx:
        tx.execute(text(f"CREATE TABLE {BARE} (id BIGINT PRIMARY KEY, sum BIGINT NOT NULL)"))
        tx.execute(text(f"CREATE TABLE {BARE}_row (id BIGSERIAL PRIMARY KEY, client BIGINT, body BYTEA)"))
        for number in range(clients):
            tx.execute(text(f"INSERT INTO {BARE} VALUES ({number}, 0)"))  # noqa: S608  # our own number
    try:
        return _committed(store, clients, seconds) / seconds
    finally:
        with store.transaction() as tx:
            tx.execute(text(f"DROP TABLE {BARE}, {BARE}_row"))


def _committed(store: Store, clients: int, seconds: float) -> int:
    counts = [0] * clients
    update = f"UPDATE {BARE} SET sum = sum + 1 WHERE id = %s".encode()  # noqa: S608  # our own table
    insert = f"INSERT INTO {BARE}_row (client, body) VALUES (%s, %s)".encode()  # noqa: S608  # our own table
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        with store.transaction() as tx:
            raw = driver(tx)
            while time.perf_counter() < until:
                raw.execute(update, (number,))
                raw.execute(insert, (number, ROW))
                raw.commit()
                counts[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)
