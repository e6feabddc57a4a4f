"""Outliers: day by day, who of a site's staff stands out, by which figure, beside what is usual."""

from __future__ import annotations

import datetime as dt

from edge.core.outliers import Figure, Outlier
from sync.central import conduct
from sync.central.console import looks
from sync.central.console.answers import Answer, Cell, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Route, read
from sync.central.registry import staff

COLUMNS = ("staff", "figure", "count", "usual", "about")
BANDS = frozenset({Figure.SAME_BAND})


def _day(ask: Ask) -> Answer:
    today = dt.datetime.fromtimestamp(ask.store.now_ms() / 1000, ask.zone).date()
    day = _date(ask.arg("day")) if ask.arg("day") else today
    one = dt.timedelta(days=1)
    values = {
        "sheet": Sheet(name="outliers", columns=COLUMNS, rows=_rows(ask, day)),
        "day": day.isoformat(),
        "before": (day - one).isoformat(),
        "after": (day + one).isoformat() if day < today else "",
    }
    return Page("outliers.html", values)


def _rows(ask: Ask, day: dt.date) -> list[tuple[Cell | str | int, ...]]:
    from_ms, until_ms = _at(ask, day), _at(ask, day + dt.timedelta(days=1))
    with ask.store.reading() as tx:
        names = {one.id: one.name for one in staff.staff(tx, ask.site)}
        found = conduct.outliers(tx, ask.site, from_ms, until_ms=until_ms)
        lookers = looks.outliers(tx, ask.site, from_ms, until_ms=until_ms)
    here = [_row(ask, one, names) for one in found]
    # Operators and staff are called by different lists: a name of one is never looked up in the other.
    at_console = [(ask.words("outlier.operator", name=one.staff), *_row(ask, one, {})[1:]) for one in lookers]
    return [*here, *at_console]


def _row(ask: Ask, one: Outlier, names: dict[str, str]) -> tuple[Cell | str | int, ...]:
    who = Cell(names.get(one.staff, one.staff), f"{ask.home}/staff/{one.staff}" if one.staff in names else "")
    about = one.about if one.figure in BANDS else names.get(one.about, one.about)
    return who, ask.words(f"figure.{one.figure}"), one.count, f"{one.usual:g}", about


def _at(ask: Ask, day: dt.date) -> int:
    """Return when a local day begins, through UTC, so that the nights of a clock change count right."""
    return round(dt.datetime.combine(day, dt.time(), ask.zone).timestamp() * 1000)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Mistyped("day", "wrong.date", text=text) from None


ROUTES: tuple[Route, ...] = (read("/sites/<site>/outliers", _day, "Who stands out, day by day."),)
