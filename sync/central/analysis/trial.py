"""Trial: how long an engine takes over invented entries, made by counting: always the same ones."""

from __future__ import annotations

import time
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from sync.central.analysis.engine import duckdb, rows_of
from sync.central.analysis.figures import FIGURES
from sync.central.analysis.segments import members
from sync.central.analysis.tables import CONSENTS, DECLARED, ENTRIES

DAY, DAY_MS, DAYS = 20_000, 86_400_000, 365
MIX, OTHER = 2_654_435_761, 40_503
"""Steps that share no divisor with anything here: counting by them looks like chance."""
SITES, ARTICLES, ZONES = 3, 140, 24
BASES = ("behaviour", "demographic", "interest", "research")
KINDS = (
    "entered",
    "dwelt",
    "offered",
    "dwelt",
    "bought",
    "dwelt",
    "opened",
    "redeemed",
    "bought",
    "fed_back",
)
"""A diary is mostly of where somebody was, and of what was bought."""
CHANNELS = ("gate", "presence", "kiosk", "presence", "till", "presence", "email", "kiosk", "till", "kiosk")


class Took(NamedTuple):
    """How long it took, and how many rows came out."""

    seconds: float
    rows: int


def segments(purchases: int) -> Took:
    """Make every segment of so many purchases, by a third as many guests."""
    engine = duckdb()
    named = _made(engine, purchases, kinds=("bought",), channels=("till",))
    began = time.perf_counter()
    found = engine.to_pyarrow(members(named, DAY)).num_rows
    return Took(time.perf_counter() - began, found)


def figures(entries: int) -> Took:
    """Compute every figure of so many entries, one after the other, and every segment."""
    engine = duckdb()
    named = _made(engine, entries, kinds=KINDS, channels=CHANNELS)
    began, found = time.perf_counter(), 0
    for one in FIGURES.values():
        expression = one.over(named, DAY)
        found += len(rows_of(engine, expression)) if one.shown else engine.to_pyarrow(expression).num_rows
    found += engine.to_pyarrow(members(named, DAY)).num_rows
    return Took(time.perf_counter() - began, found)


def _made(
    engine: ibis.BaseBackend, count: int, *, kinds: tuple[str, ...], channels: tuple[str, ...]
) -> dict[str, ir.Table]:
    n = ibis.range(count).unnest().name("n").as_table()
    guests = max(1, count * 35 // 100)
    n = n.mutate(who=n.n * MIX % guests, step=n.n % len(kinds), day=DAY - n.n * OTHER % DAYS)
    made = n.select(
        site=_word("s", n.who % SITES),
        guest=_word("g", n.who),
        guest_key=n.who * MIX % 4_294_967_296,
        entry_key=n.n,
        at_ms=n.day * DAY_MS + n.n * MIX % DAY_MS,
        day=n.day,
        month=n.day // 30,
        hour=n.n * MIX % 24,
        kind=_one_of(kinds, n.step),
        channel=_one_of(channels, n.step),
        place=_word("p", n.n % ZONES),
        subject=_word("a", n.n * MIX % (ARTICLES + n.who % 7)),
        ref=_word("b", n.n // 3),
        quantity=n.n * OTHER % 90 + 1,
        minor=n.n * OTHER % 20_000 + 1,
    )
    engine.create_table("entries", made.cast(dict(ENTRIES.items())))
    people = engine.table("entries").select("site", "guest").distinct()
    said = ibis.union(*(people.mutate(basis=ibis.literal(one)) for one in BASES))
    engine.create_table("consents", said.cast(dict(CONSENTS.items())))
    bands = people.mutate(
        basis=ibis.literal("demographic"),
        code=ibis.literal("demographic:household.pair"),
        day=ibis.literal(DAY - 1, "int64"),
    )
    engine.create_table("declared", bands.cast(dict(DECLARED.items())))
    return {name: engine.table(name) for name in ("entries", "consents", "declared")}


def _word(letter: str, number: ir.Value) -> ir.Value:
    return ibis.literal(letter) + number.cast("string")


def _one_of(words: tuple[str, ...], step: ir.Value) -> ir.Value:
    return ibis.cases(*((step == place, word) for place, word in enumerate(words)), else_=words[0])
