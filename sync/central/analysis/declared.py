"""Declared: what guests said of themselves, as they said it and since when; nothing is ever guessed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from sync.central.analysis.tables import Tables

FRESH_DAYS = 365
"""What somebody liked longer ago is not theirs any more until they say so again."""
MONTH_DAYS = 30


def interests(tables: Tables, day: int) -> ir.Table:
    """Return of each guest the interests declared, each with its age in days."""
    said = tables.declared.filter(tables.declared.day <= day)
    aged = said.mutate(age_days=(day - said.day).cast("int64"))
    return aged.filter(aged.age_days < FRESH_DAYS).select("site", "guest", "code", "age_days")


def interest_ages(tables: Tables, day: int) -> ir.Table:
    """Return of each interest how many hold it, and how many of them for less than a month."""
    aged = interests(tables, day)
    return aged.group_by("site", "code").agg(
        guests=aged.guest.count().cast("int64"),
        new=ibis.ifelse(aged.age_days < MONTH_DAYS, 1, 0).sum().cast("int64"),
    )


def demography(tables: Tables, day: int) -> ir.Table:
    """Return of each guest the bands declared: age class, household, language."""
    said = tables.declared.filter(tables.declared.day <= day)
    return said.select("site", "guest", "code")


def demographic_bands(tables: Tables, day: int) -> ir.Table:
    """Return of each declared band how many are in it."""
    bands = demography(tables, day)
    return bands.group_by("site", "code").agg(guests=bands.guest.nunique().cast("int64"))
