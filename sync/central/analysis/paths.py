"""Paths: from which channel guests go on to which, how far along the journey, and who comes again."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from sync.central.analysis.tables import Tables

YEAR_DAYS = 365
PATH_DAYS, MONTH_DAYS = 90, 30
STEPS = (
    ("came", ("entered", "arrived")),
    ("offered", ("offered",)),
    ("bought", ("bought",)),
    ("spoke", ("fed_back",)),
)
"""The funnel's steps, each after the one before it."""


def channels(tables: Tables, day: int) -> ir.Table:
    """Return how often guests went from one channel to another within a quarter; staying is no step."""
    told = tables.between(day - PATH_DAYS + 1, day).entries
    rows = ibis.window(group_by=[told.site, told.guest], order_by=[told.at_ms, told.entry_key])
    steps = told.select("site", "guest", before=told.channel.lag().over(rows), after=told.channel)
    moved = steps.filter(steps.before.notnull(), steps.before != steps.after)
    return moved.group_by("site", "before", "after").agg(
        times=moved.guest.count().cast("int64"), guests=moved.guest.nunique().cast("int64")
    )


def funnel(tables: Tables, day: int) -> ir.Table:
    """Return how many guests took each step of a journey within a quarter, each after the one before it."""
    seen = tables.between(day - PATH_DAYS + 1, day)
    reached = None
    counts = []
    for number, (step, kinds) in enumerate(STEPS, 1):
        told = seen.of(*kinds)
        if reached is not None:
            told = told.join(reached, ["site", "guest"])
            told = told.filter(told.at_ms >= told.since_ms)
        reached = told.group_by("site", "guest").agg(since_ms=told.at_ms.min())
        counted = reached.group_by("site").agg(guests=reached.guest.count().cast("int64"))
        counts.append(
            counted.select(
                "site", number=ibis.literal(number, "int64"), step=ibis.literal(step), guests="guests"
            )
        )
    return ibis.union(*counts)


def cohorts(tables: Tables, day: int) -> ir.Table:
    """Return of those who first came in a month how many came again so many months later, for a year."""
    came = tables.between(day - YEAR_DAYS + 1, day).of("entered", "arrived")
    months = came.select("site", "guest", "month").distinct()
    first = months.group_by("site", "guest").agg(cohort=months.month.min())
    both = months.join(first, ["site", "guest"])
    later = both.mutate(later=both.month - both.cohort)
    return later.group_by("site", "cohort", "later").agg(guests=later.guest.count().cast("int64"))


def collected(tables: Tables, day: int) -> ir.Table:
    """Return how much was heard of guests by each channel within a month, of how many, and its gaps.

    A gap is a day on which nothing of the kind was heard: a channel that fell silent shows by them.
    """
    told = tables.between(day - MONTH_DAYS + 1, day).entries
    return told.group_by("site", "channel", "kind").agg(
        entries=told.guest.count().cast("int64"),
        guests=told.guest.nunique().cast("int64"),
        quiet_days=(MONTH_DAYS - told.day.nunique()).cast("int64"),
    )


def offers(tables: Tables, day: int) -> ir.Table:
    """Return of each offer how often it was shown and redeemed within a quarter, and to how many guests."""
    told = tables.between(day - PATH_DAYS + 1, day).of("offered", "redeemed")
    tiles = told.group_by("site", "guest", "kind", "subject", "ref").agg(times=told.quantity.sum())
    once = tiles.filter(tiles.times > 0)  # what was taken back was not redeemed
    return once.group_by("site", "subject").agg(
        shown=ibis.ifelse(once.kind == "offered", 1, 0).sum().cast("int64"),
        redeemed=ibis.ifelse(once.kind == "redeemed", 1, 0).sum().cast("int64"),
        guests=once.guest.nunique().cast("int64"),
    )
