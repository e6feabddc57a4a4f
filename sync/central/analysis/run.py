"""A run: computes what changed since the last one up to a cut-off, keeps it, and moves who has to move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sync.central.analysis import facts, membership
from sync.central.analysis.engine import Row, duckdb, load, rows_of
from sync.central.analysis.figures import FIGURES, Figure
from sync.central.analysis.heard import PERMILLE, heard_permille
from sync.central.analysis.listed import CODES, GUESTS_MIN, LIVE
from sync.central.analysis.persons import persons
from sync.central.analysis.results import Result, keep, results
from sync.central.analysis.segments import members as in_segments
from sync.central.store import Store

DAYS_MAX = 365


class Ran(NamedTuple):
    """What a run came to: figures and segments computed, those that stood, and who moved."""

    day: int
    computed: tuple[str, ...]
    stood: int
    moved: int
    heard_permille: int


def analyse(store: Store, site: str, day: int, *, anew: bool = False) -> Ran:
    """Bring a site's reports and segments up to a local day; ``anew`` computes also what did not change."""
    with store.reading() as tx:
        marks, heard = facts.marks(tx, site), heard_permille(tx, site, day)
        former = {name: found for name, found in results(tx, site).items() if name not in LIVE}
        due = {
            name: mark
            for name, mark in _wanted(marks, day)
            if anew or name not in former or former[name].mark != mark
        }
        one = persons(tx, site)
        rows = facts.rows(tx, site, first=day - DAYS_MAX + 1, last=day) if due else {}
        engine = duckdb()
        named = load(engine, rows) if due else {}
    reports = {name: rows_of(engine, FIGURES[name].over(named, day)) for name in due if name in FIGURES}
    codes = [code for code in due if code in CODES]
    members = _members(codes, rows_of(engine, in_segments(named, day, codes)) if codes else [])
    moved = membership.bring(
        store, site, one.spread(members), versions={code: listed.version for code, listed in CODES.items()}
    )
    made = [
        Result(name, FIGURES[name].version, day, len(found), heard, due[name], tuple(found))
        for name, found in reports.items()
    ]
    made += [
        Result(code, CODES[code].version, day, len(found), heard, due[code], ())
        for code, found in members.items()
    ]
    with store.transaction() as tx:
        keep(tx, site, made)
    return Ran(day, tuple(sorted(due)), len(former.keys() - due.keys()), moved, heard)


def live(rows: Mapping[str, Iterable[Row]], day: int) -> dict[str, frozenset[str]]:
    """Return which persons are in each live segment as these rows of a day stand."""
    engine = duckdb()
    try:
        return _members(LIVE, rows_of(engine, in_segments(load(engine, rows), day, LIVE)))
    finally:
        engine.disconnect()


def _wanted(marks: dict[str, str], day: int) -> Iterable[tuple[str, str]]:
    """Yield every report and segment with what it would be made of: its version, the day and its rows."""
    for figure in FIGURES.values():
        if figure.shown:
            yield figure.name, _mark(figure, marks, day, version=figure.version)
    for code, segment in CODES.items():
        if segment.live:
            continue
        figure = FIGURES[segment.figure]
        yield code, _mark(figure, marks, day, version=segment.version * PERMILLE + figure.version)


def _mark(figure: Figure, marks: dict[str, str], day: int, *, version: int) -> str:
    if figure.reads == "declared":
        read: Iterable[str] = ("declared",)
    else:
        read = figure.kinds or [kind for kind in marks if kind not in ("declared", "consents")]
    told = " ".join(f"{kind}={marks.get(kind, '')}" for kind in sorted({*read, "consents"}))
    return f"{version} {day} {told}"


def _members(codes: Iterable[str], found: Iterable[tuple[Any, ...]]) -> dict[str, frozenset[str]]:
    """Return which persons are in each segment; of fewer than ten nobody is, for anybody to see."""
    guests: dict[str, set[str]] = {code: set() for code in codes}
    for _, guest, code in found:
        guests[code].add(guest)
    return {code: frozenset(all_ if len(all_) >= GUESTS_MIN else ()) for code, all_ in guests.items()}
