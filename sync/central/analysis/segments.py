"""Segments: which guests a code stands for, each one filter of a figure, with who wants it and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from edge.core.segments import namespace_of
from sync.central.analysis.figures import FIGURES

BEST = 4
WEEK_DAYS = 9
MONTH_DAYS = 40
NEW_DAYS = 30
STAYS_MINUTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One code; its version rises when it stands for other guests than before."""

    code: str
    figure: str
    version: int = 1
    owner: str = "marketing"
    reason: str
    """Why it exists, for whoever asks."""
    members: Callable[[ir.Table], ir.Table]
    """Filters the figure's rows."""

    @property
    def namespace(self) -> str:
        """Which part of a guest it tells of."""
        return namespace_of(self.code)

    def over(self, named: dict[str, ir.Table], day: int) -> ir.Table:
        """Return site and guest of each member up to a local day."""
        found = self.members(FIGURES[self.figure].over(named, day))
        return found.select("site", "guest").distinct()


def _declared(code: str, figure: str, reason: str) -> Segment:
    return Segment(
        code=code, figure=figure, reason=reason, members=lambda said: said.filter(said.code == code)
    )


SEGMENTS: dict[str, Segment] = {
    one.code: one
    for one in (
        Segment(
            code="behaviour:best",
            figure="rfm",
            reason="Who buys lately, often and much is thanked, not persuaded.",
            members=lambda all_: all_.filter(
                all_.recency >= BEST, all_.frequency >= BEST, all_.money >= BEST
            ),
        ),
        Segment(
            code="behaviour:new-buyer",
            figure="rfm",
            reason="A first basket within a month: what is shown now decides about the second.",
            members=lambda all_: all_.filter(all_.baskets == 1, all_.recency_days < NEW_DAYS),
        ),
        Segment(
            code="behaviour:weekly",
            figure="rhythm",
            reason="Who comes every week knows the place: news before explanations.",
            members=lambda all_: all_.filter(all_.visits >= BEST, all_.gap_days <= WEEK_DAYS),
        ),
        Segment(
            code="behaviour:monthly",
            figure="rhythm",
            reason="Who comes every month may be told what is new since.",
            members=lambda all_: all_.filter(
                all_.visits >= BEST, all_.gap_days > WEEK_DAYS, all_.gap_days <= MONTH_DAYS
            ),
        ),
        Segment(
            code="behaviour:first-visit",
            figure="rhythm",
            reason="Who was here once, lately, is shown the way.",
            members=lambda all_: all_.filter(all_.visits == 1, all_.away_days < NEW_DAYS),
        ),
        Segment(
            code="behaviour:lapsing",
            figure="lapsing",
            owner="care",
            reason="Away for twice as long as usual: asked whether something was wrong, once.",
            members=lambda all_: all_,
        ),
        Segment(
            code="behaviour:stays",
            figure="dwell",
            reason="Hours in the zones of a month: offers of rest and food fit.",
            members=lambda all_: _summed(all_, STAYS_MINUTES),
        ),
        _declared("demographic:household.single", "demography", "Portions and tickets for one."),
        _declared("demographic:household.pair", "demography", "Portions and tickets for two."),
        _declared(
            "demographic:household.family", "demography", "Tables, tickets and times for more than two."
        ),
        _declared("demographic:age.young", "demography", "Declared under 30."),
        _declared("demographic:age.middle", "demography", "Declared 30 to 59."),
        _declared("demographic:age.senior", "demography", "Declared 60 or more."),
    )
}


def _summed(spent: ir.Table, least: int) -> ir.Table:
    guests = spent.group_by("site", "guest").agg(minutes=spent.minutes.sum().cast("int64"))
    return guests.filter(guests.minutes >= least)


def members(named: dict[str, ir.Table], day: int) -> ir.Table:
    """Return site, guest and code of every member of every segment up to a local day: one expression."""
    return ibis.union(
        *(one.over(named, day).mutate(code=ibis.literal(one.code)) for one in SEGMENTS.values())
    )
