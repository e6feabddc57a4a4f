"""Segments and reports: what the last analysis found of a site, each with its cut-off and its size."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.consent import TOPICS
from edge.errors import Unknown
from sync.central.analysis import facts
from sync.central.analysis.listed import CODES, GUESTS_MIN, LIVE, REPORTS
from sync.central.analysis.results import Result, results
from sync.central.analysis.wanted import installed
from sync.central.console import cells
from sync.central.console.answers import Answer, Cell, Export, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import longest_first
from sync.central.console.fields import names_of
from sync.central.console.routes import Audience, Route, read
from sync.central.registry import catalogue, consents
from sync.central.registry.guests import count_guests

COLUMNS = ("code", "guests", "share", "version", "owner", "cut_off", "edges", "reason")
PERCENT, PER_PERCENT = 100, 10
MONTHS = 12
WORDS = {"step": "step.", "channel": "via.", "before": "via.", "after": "via.", "kind": "diary."}
"""Columns whose words have a text of their own."""
COVERAGE = ("topic", "channel", "guests", "rate")
COHORTS = "cohorts"
"""The report whose picture is a flight of stairs, month by month."""


class Stair(NamedTuple):
    """Newcomers of one month: how many, and of a hundred how many came again one, two ... months later."""

    month: str
    guests: int
    shares: tuple[int | None, ...]


def _segments(ask: Ask) -> Sheet:
    found = _found(ask)
    most = max((one.size for one in found.values() if one.name in CODES), default=0) or 1
    rows = [
        (code, found[code].size, cells.share(found[code].size * PERCENT // most), found[code].version,
         ask.words(f"owner.{listed.owner}"), _day(found[code].day),
         cells.share(found[code].heard_permille // PER_PERCENT),
         ask.words(f"segment.{code}"))
        for code, listed in CODES.items() if code in found
    ]  # fmt: skip
    return Sheet(name="segments", columns=COLUMNS, rows=rows)


def _coverage(ask: Ask) -> Sheet:
    """Return of how many of a site's guests each consent stands now, by the ways it was said for.

    Where fewer than ten are left who do not say so, the figure would tell of them: it is not named.
    """
    with ask.store.reading() as tx:
        found, guests = consents.coverage(tx, ask.site), count_guests(tx, ask.site)
    rows = []
    for topic, count in found.items():
        purpose, _, way = topic.partition("@")
        if purpose in TOPICS and count >= GUESTS_MIN:
            by = ask.words(f"via.{way}" if way else "way.spot")
            told: tuple[int | str, Cell | str] = (count, cells.share(count * PERCENT // max(guests, 1)))
            if 0 < guests - count < GUESTS_MIN:
                told = (ask.words("or_more", count=GUESTS_MIN), "-")
            rows.append((ask.words(f"consent.{purpose}"), by, *told))
    return Sheet(name="coverage", columns=COVERAGE, rows=rows)


def _all(ask: Ask) -> Answer:
    found = _found(ask)
    newest = max(
        (one for one in found.values() if one.name not in LIVE), key=lambda one: one.day, default=None
    )
    shown = [name for name in REPORTS if name in found]
    values = {
        "sheet": _segments(ask),
        "coverage": _coverage(ask),
        "bars": longest_first(
            (code, found[code].size) for code in CODES if code in found and found[code].size
        ),
        "reports": shown,
        "cut_off": _day(newest.day) if newest else "",
        "heard": _heard(newest) if newest else "",
        "installed": installed(),
    }
    return Page("segments.html", values)


def _report(ask: Ask) -> Answer:
    one, sheet = _one(ask)
    place = sheet.columns.index("guests")
    bars = [(" · ".join(map(str, row[: _named(one.name)])), int(str(row[place]))) for row in sheet.rows]
    values = {
        "name": one.name,
        "sheet": sheet,
        "bars": longest_first(bars),
        "stairs": _stairs(one) if one.name == COHORTS else (),
        "cut_off": _day(one.day),
        "heard": _heard(one),
    }
    return Page("report.html", values)


def _stairs(one: Result) -> list[Stair]:
    """Return of each month's newcomers how many there were, and the share of them that came again later.

    What is not said of fewer than ten is no nought: it stays empty.
    """
    known = {(int(cohort), int(later)): int(guests) for _, cohort, later, guests in one.rows}
    most = max((later for _, later in known), default=0)
    found = []
    for cohort in sorted({cohort for cohort, _ in known}):
        first, name = known.get((cohort, 0), 0), f"{cohort // MONTHS}-{cohort % MONTHS + 1:02}"
        shares = [
            known[cohort, later] * PERCENT // first if first and (cohort, later) in known else None
            for later in range(1, most + 1)
        ]
        found.append(Stair(name, first, tuple(shares)))
    return found


def _one(ask: Ask) -> tuple[Result, Sheet]:
    name = ask.path["report"]
    one = _found(ask).get(name)
    if name not in REPORTS or one is None:
        raise Unknown(f"There is no report {name[:40]!r} of this site.", hint="It is made in the night.")
    columns = REPORTS[name]
    names = _names(ask, name)
    rows = [
        tuple(names.get(column, {}).get(str(value)) or _word(ask, column, value)
              for column, value in zip(columns, row[1:], strict=True))
        for row in one.rows
    ]  # fmt: skip
    return one, Sheet(name=f"report_{name}", columns=columns, rows=rows)


def _names(ask: Ask, report: str) -> dict[str, dict[str, str]]:
    """Return how the operator calls what a report's columns hold by its id; what is gone keeps its id."""
    language, known = ask.words.language, ask.layout
    if report == "affinity":
        with ask.store.reading() as tx:
            found = {one.id: one.name(language) for one in catalogue.catalogue(tx, ask.site).articles}
        return {"subject": found, "other": found}
    if report == "zones":
        return {"subject": {one.id: names_of(one.names, language, one.id) for one in known.zones}}
    return {"place": {one.id: names_of(one.names, language, one.id) for one in known.points}}


def _word(ask: Ask, column: str, value: str | int) -> Cell | str | int:
    """Return a cell as the operator's language has it."""
    if column == "cohort":
        return f"{int(value) // MONTHS}-{int(value) % MONTHS + 1:02}"
    if column == "hour":
        return f"{int(value):02}:00"
    if column == "minor":
        return cells.amount(int(value), ask.layout.currency)
    if column == "share_permille":
        return cells.share(_tenths(int(value)))
    if column == "lift_permille":
        return cells.figure(_tenths(int(value) // PERCENT), "\u00d7")
    key = f"{WORDS[column]}{value}" if column in WORDS else ""
    return ask.words(key) if key and ask.words.has(key) else value


def _tenths(value: int) -> str:
    return f"{value // PER_PERCENT}.{value % PER_PERCENT}"


def _named(name: str) -> int:
    """Return how many columns name a row, before its figures."""
    return 2 if name in ("channels", "cohorts", "affinity", "collected", "funnel", "hours") else 1


def _found(ask: Ask) -> dict[str, Result]:
    """Return the last results; a report that a former release made of other columns waits for the night."""
    with ask.store.reading() as tx:
        found = results(tx, ask.site)
    return {name: one for name, one in found.items() if _has_our_columns(one)}


def _has_our_columns(one: Result) -> bool:
    return one.name not in REPORTS or all(len(row) == len(REPORTS[one.name]) + 1 for row in one.rows)


def _day(day: int) -> str:
    return facts.date_of(day).isoformat()


def _heard(one: Result) -> str:
    return f"{one.heard_permille // PER_PERCENT} %"


def _exported(ask: Ask) -> Answer:
    return Export("segments", iter([_segments(ask)]))


def _report_exported(ask: Ask) -> Answer:
    one, sheet = _one(ask)
    return Export(one.name, iter([sheet]))


_SEEN_BY = Audience.FIGURES
ROUTES: tuple[Route, ...] = (
    read("/sites/<site>/segments", _all, "Segments by size, and the last reports.", audience=_SEEN_BY),
    read("/sites/<site>/segments.csv", _exported, "The same segments as CSV.", audience=_SEEN_BY),
    read("/sites/<site>/reports/<report>", _report, "One report of the last night.", audience=_SEEN_BY),
    read(
        "/sites/<site>/reports/<report>.csv", _report_exported, "The same report as CSV.", audience=_SEEN_BY
    ),
)
