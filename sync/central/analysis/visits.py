"""Visits: how regularly each guest comes, where they stay, and who seems to stay away."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from sync.central.analysis.listed import INSIDE
from sync.central.analysis.tables import Tables

YEAR_DAYS = 365
DWELT_DAYS = 30
LATE_TIMES = 2
"""Somebody is lapsing after so many times the days that used to lie between their visits ..."""
LATE_DAYS_MIN = 30
"""... and not before so many days: who comes every week may be on holiday."""
VISITS_MIN = 3
"""Of fewer visits there is no rhythm to fall out of."""
CAME = ("entered", "arrived")


def rhythm(tables: Tables, day: int) -> ir.Table:
    """Return of each guest the days of a year on which they came, and the whole days between two of them."""
    told = tables.between(day - YEAR_DAYS + 1, day).of(*CAME)
    came = told.group_by("site", "guest", "day").agg(times=told.quantity.sum())
    came = came.filter(came.times > 0)  # an entry that was taken back is one less
    guests = came.group_by("site", "guest").agg(
        visits=came.day.count().cast("int64"),
        first_day=came.day.min(),
        last_day=came.day.max(),
    )
    between = ibis.ifelse(guests.visits > 1, guests.visits - 1, 1)
    return guests.mutate(
        gap_days=((guests.last_day - guests.first_day) // between).cast("int64"),
        away_days=(day - guests.last_day).cast("int64"),
    )


def lapsing(tables: Tables, day: int) -> ir.Table:
    """Return who used to come in a rhythm and has now been away for twice as long as that, by how much."""
    guests = rhythm(tables, day)
    late = ibis.greatest(guests.gap_days * LATE_TIMES, LATE_DAYS_MIN)
    found = guests.mutate(late_days=(guests.away_days - late).cast("int64"))
    return found.filter(found.visits >= VISITS_MIN, found.late_days > 0)


def inside(tables: Tables, day: int) -> ir.Table:
    """Return who passed into a zone today and not out again, and in how many zones their bands are."""
    told = tables.between(day, day).of(INSIDE)
    return told.group_by("site", "guest").agg(zones=told.subject.nunique().cast("int64"))


def dwell(tables: Tables, day: int) -> ir.Table:
    """Return of each guest the minutes of a month in each zone; nothing of who is not to be noticed."""
    told = tables.between(day - DWELT_DAYS + 1, day).of("dwelt")
    return told.group_by("site", "guest", "subject").agg(
        stays=told.ref.count().cast("int64"), minutes=told.quantity.sum().cast("int64")
    )


def zones(tables: Tables, day: int) -> ir.Table:
    """Return of each zone how many stayed there in a month, and for how many minutes in all."""
    spent = dwell(tables, day)
    return spent.group_by("site", "subject").agg(
        guests=spent.guest.nunique().cast("int64"),
        stays=spent.stays.sum().cast("int64"),
        minutes=spent.minutes.sum().cast("int64"),
    )
