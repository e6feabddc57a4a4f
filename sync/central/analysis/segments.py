"""Segments: which guests a code stands for, each one filter of a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from sync.central.analysis.figures import FIGURES
from sync.central.analysis.listed import CODES, Listed

BEST = 4
WEEK_DAYS = 9
MONTH_DAYS = 40
NEW_DAYS = 30
STAYS_MINUTES = 300


@dataclass(frozen=True, slots=True)
class Segment:
    """One code, and how its members are filtered out of its figure's rows."""

    listed: Listed
    members: Callable[[ir.Table], ir.Table]

    def over(self, named: dict[str, ir.Table], day: int) -> ir.Table:
        """Return site and guest of each member up to a local day."""
        found = self.members(FIGURES[self.listed.figure].over(named, day))
        return found.select("site", "guest").distinct()


def _declared(code: str) -> Callable[[ir.Table], ir.Table]:
    return lambda said: said.filter(said.code == code)


def _best(all_: ir.Table) -> ir.Table:
    return all_.filter(all_.recency >= BEST, all_.frequency >= BEST, all_.money >= BEST)


def _new_buyers(all_: ir.Table) -> ir.Table:
    return all_.filter(all_.baskets == 1, all_.recency_days < NEW_DAYS)


def _weekly(all_: ir.Table) -> ir.Table:
    return all_.filter(all_.visits >= BEST, all_.gap_days <= WEEK_DAYS)


def _monthly(all_: ir.Table) -> ir.Table:
    return all_.filter(all_.visits >= BEST, all_.gap_days > WEEK_DAYS, all_.gap_days <= MONTH_DAYS)


def _first_visits(all_: ir.Table) -> ir.Table:
    return all_.filter(all_.visits == 1, all_.away_days < NEW_DAYS)


def _stays(spent: ir.Table) -> ir.Table:
    guests = spent.group_by("site", "guest").agg(minutes=spent.minutes.sum().cast("int64"))
    return guests.filter(guests.minutes >= STAYS_MINUTES)


_MEMBERS: dict[str, Callable[[ir.Table], ir.Table]] = {
    "behaviour:best": _best,
    "behaviour:new-buyer": _new_buyers,
    "behaviour:weekly": _weekly,
    "behaviour:monthly": _monthly,
    "behaviour:first-visit": _first_visits,
    "behaviour:lapsing": lambda all_: all_,
    "behaviour:stays": _stays,
    "behaviour:inside": lambda all_: all_,
    "behaviour:here-today": lambda all_: all_.filter(all_.away_days == 0),
    "behaviour:first-today": lambda all_: all_.filter(all_.away_days == 0, all_.visits == 1),
    "behaviour:bought-today": lambda all_: all_.filter(all_.recency_days == 0),
}
SEGMENTS = {code: Segment(one, _MEMBERS.get(code) or _declared(code)) for code, one in CODES.items()}


def members(named: dict[str, ir.Table], day: int, codes: Iterable[str] = tuple(SEGMENTS)) -> ir.Table:
    """Return site, guest and code of every member of these segments up to a local day: one expression."""
    wanted = [SEGMENTS[code] for code in codes]
    return ibis.union(*(one.over(named, day).mutate(code=ibis.literal(one.listed.code)) for one in wanted))
