"""Bulk: many rows into one table at the speed of the database at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import BigInteger, Boolean, Connection, Integer, LargeBinary, Table
from sqlalchemy.exc import DataError

from sync.central.store.engine import is_postgres

REFUSALS = (DataError, OverflowError, psycopg.DataError)
"""What it looks like when a database cannot hold a value; never a broken key, never a full disk."""
TYPES = {BigInteger: "int8", Integer: "int4", LargeBinary: "bytea", Boolean: "bool"}

Record = tuple[Any, ...]


def insert_many(tx: Connection, table: Table, rows: Sequence[Record]) -> None:
    """Insert rows whose values stand in the order of the table's columns: COPY on PostgreSQL."""
    if not rows:
        return
    if is_postgres(tx):
        _copy(tx, table, rows)
    else:
        marks = ", ".join("?" * len(table.columns))
        tx.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({marks})", list(rows))  # noqa: S608  # our own table's name


def insert_bearing(
    tx: Connection, table: Table, rows: Sequence[Record], *, doubtful: bool = True
) -> list[int]:
    """Insert what the database can hold; return the places of the rows that it refused, found by halving.

    Where nothing is ``doubtful`` they go in without a savepoint, and a row that is refused all the same
    raises one of ``REFUSALS``: the whole transaction has then to be begun again, with doubts.
    """
    if not doubtful:
        insert_many(tx, table, rows)
        return []
    return _halve(tx, table, list(enumerate(rows))) if rows else []


def _halve(tx: Connection, table: Table, rows: list[tuple[int, Record]]) -> list[int]:
    try:
        with tx.begin_nested():
            insert_many(tx, table, [row for _, row in rows])
    except REFUSALS:
        if len(rows) == 1:
            return [rows[0][0]]
        middle = len(rows) // 2
        return _halve(tx, table, rows[:middle]) + _halve(tx, table, rows[middle:])
    return []


def driver(tx: Connection) -> psycopg.Connection[Any]:
    """Return the driver's own connection of a transaction, for COPY inside it."""
    return cast("psycopg.Connection[Any]", tx.connection.driver_connection)


def _copy(tx: Connection, table: Table, rows: Sequence[Record]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    types = [TYPES.get(type(column.type), "text") for column in table.columns]
    words = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
    with driver(tx).cursor() as cursor, cursor.copy(words.encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
