"""One expression, every engine: the same rows from DuckDB, SQLite and PostgreSQL, and Spark's dialect."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from sync.central.analysis.engine import Row
from sync.central.analysis.figures import FIGURES
from sync.central.analysis.listed import CODES, REPORTS
from sync.central.analysis.segments import members
from sync.central.analysis.tables import unbound
from tests.sync.analysis.park import BASES, DAY, SITE, entry, figures, yes

pytestmark = pytest.mark.real("ibis")
KINDS = (
    "inside",
    "entered",
    "dwelt",
    "offered",
    "redeemed",
    "bought",
    "refunded",
    "fed_back",
    "arrived",
    "opened",
)
CHANNELS = ("gate", "presence", "kiosk", "till", "email")
SPARK = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}
"""In this very process's machine and nowhere else."""
EXAMPLES = 2
"""Each is every figure twice."""
GUESTS = [f"{name}{n}" for n in range(12) for name in ("ada", "Bea", "çelik", "D-")]


def crowd(seed: int, count: int) -> dict[str, Sequence[Row]]:
    """Entries of guests whose names no two collations order alike; many of equal worth."""
    draw = random.Random(seed)  # noqa: S311  # a crowd, not a secret
    said = [
        (SITE, guest, code.partition(":")[0], code, DAY - draw.randrange(500))
        for guest in GUESTS
        for code in ("interest:tea", "demographic:household.pair")
    ]
    allowed = [row for site in (SITE, "other") for row in yes(GUESTS, site=site) if draw.random() < 0.9]
    return {"entries": [_one(draw) for _ in range(count)], "declared": said, "consents": allowed}


def _one(draw: random.Random) -> Row:
    guest, kind, back = draw.choice(GUESTS), draw.choice(KINDS), draw.choice((20, 400))
    gone = 100 if guest.endswith("7") else 0
    sign = -1 if kind == "refunded" else 1
    said = {
        "minute": draw.randrange(1440),
        "channel": draw.choice(CHANNELS),
        "subject": f"a{draw.randrange(4)}",
        "ref": f"{guest}/{draw.randrange(12)}",
        "quantity": sign * draw.randrange(1, 4000),
        "minor": sign * draw.choice((100, 250, 999)),
        "site": draw.choice((SITE, SITE, SITE, "other")),
    }
    return entry(guest, DAY - gone - draw.randrange(back), kind, **said)


@pytest.fixture(scope="module")
def known(engine: ibis.BaseBackend) -> dict[str, list[Row]]:
    found = figures(engine, crowd(1, 6000))
    assert [name for name, rows in found.items() if not rows] == [], "a figure without a row compares nothing"
    return found


def test_sqlite_says_the_same_as_duckdb(known: Mapping[str, list[Row]], tmp_path: Path) -> None:
    assert figures(ibis.sqlite.connect(tmp_path / "other.db"), crowd(1, 6000)) == known


@pytest.mark.postgres
@pytest.mark.timeout(120)
def test_postgresql_says_the_same_as_duckdb(known: Mapping[str, list[Row]], fresh_postgres_url: str) -> None:
    url = make_url(fresh_postgres_url)
    other = ibis.postgres.connect(
        host=url.host or url.query["host"], port=url.port, user=url.username, database=url.database
    )
    try:
        assert figures(other, crowd(1, 6000)) == known
    finally:
        other.disconnect()


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.real("pyspark")
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # of a library that is not ours, on whatever Java there is
def test_spark_says_the_same_as_duckdb(known: Mapping[str, list[Row]], tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    made = SparkSession.builder.master("local[2]").config("spark.sql.warehouse.dir", str(tmp_path))
    for key, value in SPARK.items():
        made = made.config(key, value)
    session = made.getOrCreate()
    try:
        assert figures(ibis.pyspark.connect(session), crowd(1, 6000)) == known
    finally:
        session.stop()


def test_every_expression_compiles_to_spark() -> None:
    named = unbound()
    asked = {**{name: one.over(named, DAY) for name, one in FIGURES.items()}, "members": members(named, DAY)}

    compiled = {name: ibis.to_sql(one, dialect="pyspark") for name, one in asked.items()}

    assert len(compiled) == len(FIGURES) + 1
    assert [name for name, words in compiled.items() if "SELECT" not in words] == []


def test_a_second_run_says_the_same_whatever_order_its_rows_come_in(
    engine: ibis.BaseBackend, known: Mapping[str, list[Row]]
) -> None:
    rows, order = crowd(1, 6000), random.Random(2)  # noqa: S311  # an order, not a secret
    other = {name: order.sample(list(all_), len(all_)) for name, all_ in rows.items()}

    assert figures(engine, other) == known


@given(basis=st.sampled_from(BASES), seed=st.integers(0, 2**16))
@settings(max_examples=EXAMPLES)
def test_what_a_basis_is_taken_away_of_changes_no_figure_of_the_others(
    engine: ibis.BaseBackend, basis: str, seed: int
) -> None:
    """And of its own nothing is left: there is no way to a row but through what guests allow."""
    rows = crowd(seed, 400)
    less = {**rows, "consents": [row for row in rows["consents"] if row[2] != basis]}

    whole, without = figures(engine, rows), figures(engine, less)

    own = {name for name, one in FIGURES.items() if one.basis == basis}
    assert {name: without[name] for name in own} == {name: [] for name in own}
    assert {name: rows_ for name, rows_ in without.items() if name not in own | {"members"}} == {
        name: rows_ for name, rows_ in whole.items() if name not in own | {"members"}
    }
    assert without["members"] == [
        row for row in whole["members"] if FIGURES[CODES[row[2]].figure].basis != basis
    ]


@given(guest=st.sampled_from(GUESTS), seed=st.integers(0, 2**16))
@settings(max_examples=EXAMPLES)
def test_who_takes_back_every_yes_is_in_no_figure_and_in_no_segment(
    engine: ibis.BaseBackend, guest: str, seed: int
) -> None:
    rows = crowd(seed, 400)
    less = {**rows, "consents": [row for row in rows["consents"] if row[1] != guest]}

    found = figures(engine, less)

    assert [name for name, all_ in found.items() if any(guest in row for row in all_)] == []


def test_what_pages_call_columns_is_what_the_expressions_return() -> None:
    named = unbound()
    shown = {name: one.over(named, DAY).columns[1:] for name, one in FIGURES.items() if one.shown}
    assert {name: tuple(columns) for name, columns in shown.items()} == REPORTS
