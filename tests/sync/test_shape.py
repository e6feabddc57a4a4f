"""Shape: questions that are asked at every tap and grant look up what they name, and walk through no site."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from sync.central.money import placed
from sync.central.registry import rights
from sync.central.store import Connection, Store
from sync.central.store.shape import stat
from tests.sync.builders import SITE

Ask = Callable[[Connection], None]


def plans(store: Store, ask: Ask) -> list[str]:
    """How SQLite goes about each question that ``ask`` puts."""
    said: list[tuple[str, object]] = []
    with store.reading() as tx:
        event.listen(
            tx, "before_cursor_execute", lambda _c, _k, words, values, *_: said.append((words, values))
        )
        ask(tx)
        raw = tx.connection.dbapi_connection
        assert raw is not None
        found = []
        for words, values in said:
            cursor = raw.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {words}", values)
            found += [row[3] for row in cursor.fetchall()]
    return found


def leases_of_a_wallet(tx: Connection) -> None:
    placed.of_wallet(tx, SITE, "w", kind="money", held=True)
    placed.of_wallet(tx, SITE, "w", held=True)


def rights_of_guests(tx: Connection) -> None:
    rights.rights_of(tx, SITE, [f"g-{number}" for number in range(500)])


@pytest.mark.parametrize(
    ("ask", "index"), [(leases_of_a_wallet, "lease_wallet"), (rights_of_guests, "entitlement_guest")]
)
def test_what_is_asked_often_is_looked_up_by_all_that_it_names(
    small_store: Store, ask: Ask, index: str
) -> None:
    told = plans(small_store, ask)
    assert told
    looked_up = [one for one in told if one.startswith(("SEARCH", "SCAN"))]
    assert all(index in one and "site_id=? AND" in one for one in looked_up), told


def test_a_key_tells_one_row_and_a_column_of_few_values_little() -> None:
    assert stat(["site_id", "lease_id"], unique=True) == "1000000 100000 1"
    assert stat(["site_id", "wallet_id", "kind"], unique=False) == "1000000 100000 2 2"
    assert stat(["site_id", "state", "doubt_ms"], unique=False) == "1000000 100000 10000 2"
