"""The named queries: each has one sentence, each is used, each can be prepared."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import edge
from edge.store.database import open_writer
from edge.store.migrations import PROFILES_1, PROFILES_2, STATE_1, run_all
from edge.store.queries import NAME, QUERIES, load, written

TEXT = written()
SOURCE = "\n".join(path.read_text() for path in Path(edge.__file__).parent.rglob("*.py"))


def test_each_query_begins_with_one_sentence() -> None:
    for body in NAME.split(TEXT)[2::2]:
        sentence = body.strip().splitlines()[0]
        assert re.fullmatch(r"-- [A-Z].*\.", sentence), sentence


def test_each_query_is_used_somewhere() -> None:
    assert [name for name in QUERIES if f'"{name}"' not in SOURCE] == []


def test_names_are_unique() -> None:
    assert len(NAME.findall(TEXT)) == len(QUERIES)


def test_each_query_fits_the_schema(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "both.db")
    run_all(connection, STATE_1)
    run_all(connection, PROFILES_1)
    acts = {"begin", "commit", "rollback", "act_begin", "act_keep", "act_undo"}
    former = {name for name in QUERIES if name.endswith("_former")}
    explain(connection, former)
    run_all(connection, PROFILES_2)
    explain(connection, QUERIES.keys() - acts - former)
    connection.close()


def explain(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Let SQLite understand each query; none is run."""
    for name in names:
        connection.execute(f"EXPLAIN {QUERIES[name]}", [None] * QUERIES[name].count("?"))


def test_comments_do_not_travel_to_the_database() -> None:
    assert load("-- name: one\n-- Says one.\nSELECT 1;\n") == {"one": "SELECT 1"}
