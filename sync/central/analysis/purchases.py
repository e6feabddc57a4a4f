"""Purchases: how lately, how often and for how much each guest buys, and what is bought together."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from sync.central.analysis.tables import Tables

YEAR_DAYS = 365
SPANS_DAYS = (30, 90, YEAR_DAYS)
"""How far back the hours of stores may look: the least that fills enough lines, else a year."""
LINES_MIN = 8
"""So many hours of stores are worth a look."""
FIFTHS = 5
PERMILLE = 1_000
TOGETHER_MIN = 10
"""Guests who did the same, as buying two things together; of fewer nothing is said."""
BOUGHT = ("bought", "refunded")
"""What came back names the basket that it came back from."""


def baskets(tables: Tables, day: int, days: int = YEAR_DAYS) -> ir.Table:
    """Return what stands of each basket of a year: one that came back whole is none."""
    told = tables.between(day - days + 1, day).of(*BOUGHT)
    sums = told.group_by("site", "guest", "ref").agg(
        guest_key=told.guest_key.max(),
        day=told.day.min(),
        minor=told.minor.sum().cast("int64"),
    )
    return sums.filter(sums.minor > 0)


def rfm(tables: Tables, day: int) -> ir.Table:
    """Return of each guest the fifth of the site by last day, number and worth of baskets; 5 is the best."""
    stands = baskets(tables, day)
    guests = stands.group_by("site", "guest").agg(
        guest_key=stands.guest_key.max(),
        recency_days=(day - stands.day.max()).cast("int64"),
        baskets=stands.ref.count().cast("int64"),
        minor=stands.minor.sum().cast("int64"),
    )
    return guests.select(
        "site",
        "guest",
        "recency_days",
        "baskets",
        "minor",
        recency=_fifth(guests, guests.recency_days.desc()),
        frequency=_fifth(guests, guests.baskets),
        money=_fifth(guests, guests.minor),
    )


def _fifth(guests: ir.Table, value: ir.Value) -> ir.Value:
    """Equal values are told apart by the guest's number: nobody flips between two runs or engines."""
    rows = ibis.window(group_by=guests.site, order_by=[value, guests.guest_key, guests.guest])
    return (ibis.ntile(FIFTHS).over(rows) + 1).cast("int64")


def hours(tables: Tables, day: int) -> ir.Table:
    """Return of each store and local hour of the day what was sold there, to how many, in how many days.

    A month is looked at, where that says enough; else a quarter, else a year: out of season few come.
    What came back is taken from the hour in which it was bought, wherever and whenever that was.
    """
    told = ibis.union(*(_hours(tables, day, days) for days in SPANS_DAYS))
    said = told.filter(told.guests >= TOGETHER_MIN)
    lines = said.group_by("site", "days").agg(lines=said.guests.count())
    enough = lines.filter((lines.lines >= LINES_MIN) | (lines.days == YEAR_DAYS))
    least = enough.group_by("site").agg(least=enough.days.min())
    both = said.join(least, "site")
    return both.filter(both.days == both.least).drop("least")


def _hours(tables: Tables, day: int, days: int) -> ir.Table:
    stands = baskets(tables, day, days).select("site", "guest", "ref", "minor")
    told = tables.between(day - days + 1, day).of("bought")
    where = told.group_by("site", "guest", "ref").agg(place=told.place.max(), hour=told.hour.min())
    sold = where.join(stands, ["site", "guest", "ref"])
    return sold.group_by("site", "place", "hour").agg(
        baskets=sold.ref.count().cast("int64"),
        minor=sold.minor.sum().cast("int64"),
        guests=sold.guest.nunique().cast("int64"),
        days=ibis.literal(days, "int64"),
    )


def affinity(tables: Tables, day: int) -> ir.Table:
    """Return what else is in the baskets that an article is in: in how many, and how often beside chance.

    Both ways round: which word comes first in a collation says nothing. Shares are thousandths.
    """
    told = tables.between(day - YEAR_DAYS + 1, day).of(*BOUGHT)
    told = told.filter(told.subject != "")
    sums = told.group_by("site", "guest", "ref", "subject").agg(pieces=told.quantity.sum())
    stands = baskets(tables, day).select("site", "guest", "ref")
    kept = sums.filter(sums.pieces > 0).select("site", "guest", "ref", "subject")
    kept = kept.join(stands, ["site", "guest", "ref"])
    total = kept.group_by("site").agg(total=kept.ref.nunique())
    times = kept.group_by("site", "subject").agg(times=kept.ref.nunique())
    beside = kept.select("site", "ref", other="subject")
    pairs = kept.join(beside, ["site", "ref"])
    pairs = pairs.filter(pairs.subject != pairs.other)
    counted = pairs.group_by("site", "subject", "other").agg(
        baskets=pairs.ref.nunique().cast("int64"), guests=pairs.guest.nunique().cast("int64")
    )
    counted = counted.filter(counted.guests >= TOGETHER_MIN)
    others = times.select("site", other="subject", other_times="times")
    known = counted.join(times, ["site", "subject"]).join(others, ["site", "other"]).join(total, "site")
    return known.select(
        "site",
        "subject",
        "other",
        "baskets",
        "guests",
        share_permille=(known.baskets * PERMILLE // known.times).cast("int64"),
        lift_permille=(known.baskets * known.total * PERMILLE // (known.times * known.other_times)).cast(
            "int64"
        ),
    )
