"""Migrations: numbered steps from one shape of central's tables to the next, each applied once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, inspect, select, text

from edge.errors import StoreError
from sync.central.store import shape
from sync.central.store.words import metadata

SCHEMA_LOCK = 0x506F6C736F
"""Workers that start together take turns: PostgreSQL's advisory lock by this number."""

step_table = Table(
    "schema_step",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
)

Step = Callable[[Connection], None]


class Steps(dict[int, Step]):
    """Number to step; the second step of a number is refused where its module is imported."""

    def __setitem__(self, number: int, step: Step) -> None:
        """Register a step, or raise ``StoreError``: of two only one would ever be taken."""
        if number in self:
            raise StoreError(f"There are two steps {number}.", hint="Take the next number that is free.")
        super().__setitem__(number, step)


STEPS = Steps()
"""A number is never used again. New tables need none, changed ones do."""


def bring_up(tx: Connection) -> None:
    """Create what is missing; a database that had tables takes the steps it has not seen, in order."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": SCHEMA_LOCK})
    there = set(
        inspect(tx).get_table_names()
    )  # asked once: one question for each of them takes longer than all else
    fresh = step_table.name not in there
    metadata.create_all(tx, [one for one in metadata.sorted_tables if one.name not in there])
    done = set(tx.execute(select(step_table.c.number)).scalars())
    due = sorted(set(STEPS) - done)
    for number in due:
        if not fresh:
            STEPS[number](tx)
        tx.execute(insert(step_table).values(number=number, at_ms=tx.info["polso_now_ms"]))
    if tx.dialect.name == "sqlite" and (due or len(there) < len(metadata.tables) or not shape.is_told(tx)):
        shape.tell(tx)
