"""Sales are found in a long diary by their reference: what takes one back asks for it in each piece read."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, inspect

from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, text
from tests.sync.builders import SITE
from tests.sync.journey.book import OWNER, Book


@pytest.fixture
def book(store: Store) -> Book:
    return Book(store)


def _entry(id_: str, what: What, ref: str) -> Entry:
    return Entry("/x", id_, OWNER, int(id_) << 16, 0, Via.TILL, what, ref=ref)


def _plan(tx: Connection, *refs: str) -> tuple[set[str], str]:
    """What is found, and the way in which this database looks for it."""
    asked: list[tuple[Any, ...]] = []
    event.listen(tx, "before_cursor_execute", lambda *told: asked.append(told))
    found = diary.sales(tx, SITE, refs)
    ((_, _, statement, given, _, _),) = asked
    ask = "EXPLAIN " if tx.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    return found, repr(tx.exec_driver_sql(ask + statement, given).fetchall())


def test_sales_are_found_by_an_index_of_sales_alone(book: Book) -> None:
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        told = [(What.BOUGHT, "op-1"), (What.BOUGHT, "op-2"), (What.REFUNDED, "op-3"), (What.ENTERED, "")]
        diary.put(tx, SITE, [_entry(str(at), *one) for at, one in enumerate(told)])
    with book.store.transaction() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(text("SET LOCAL enable_seqscan = off"))  # four rows are read whole by anybody
        found, plan = _plan(tx, "op-1", "op-3", "op-9")
    assert found == {"op-1"}
    assert diary.SALES.name is not None
    assert diary.SALES.name in plan


def test_a_central_that_was_there_before_gets_the_index_when_it_opens(book: Book) -> None:
    def indexes(tx: Connection) -> set[str | None]:
        return {one["name"] for one in inspect(tx).get_indexes(diary.diary_table.name)}

    with book.store.transaction() as tx:
        diary.SALES.drop(tx)
        tx.execute(text("DELETE FROM schema_step WHERE number = 9"))
        assert diary.SALES.name not in indexes(tx)
    book.store.bring_up()
    with book.store.reading() as tx:
        assert diary.SALES.name in indexes(tx)
