"""Campaign calendar: the days of each campaign as a line, thick where another one lowers the same price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sync.central.campaigns import checks
from sync.central.offers.campaigned import Campaign

WHOLE = 1_000
"""The width of a line, from the first day of all to the last one."""


class Span(NamedTuple):
    """A part of a line: where it begins, and how wide it is."""

    at: int
    wide: int


class Days(NamedTuple):
    """One campaign's days."""

    name: str
    whole: Span
    meets: tuple[Span, ...]
    """The days on which it meets another one."""


class Calendar(NamedTuple):
    """All of them under one another; ``today`` is where this day is, None outside."""

    rows: tuple[Days, ...]
    today: int | None


def calendar(campaigns: Sequence[Campaign], today: str) -> Calendar:
    """Return the days of campaigns, the first to begin first; each has a first and a last one."""
    if not campaigns:
        return Calendar((), None)
    days = {
        one.id: (_day(one.plan.offer.period.first), _day(one.plan.offer.period.last)) for one in campaigns
    }
    first, last = min(one for one, _ in days.values()), max(one for _, one in days.values())

    def span(begins: int, ends: int) -> Span:
        at = (begins - first) * WHOLE // (last + 1 - first)
        return Span(at, max(2, (ends + 1 - first) * WHOLE // (last + 1 - first) - at))

    meets: dict[str, list[Span]] = {}
    for one, other in checks.clashes(list(campaigns)):
        both = span(max(days[one.id][0], days[other.id][0]), min(days[one.id][1], days[other.id][1]))
        for name in (one.id, other.id):
            meets.setdefault(name, []).append(both)
    rows = (
        Days(
            name=one.id,
            whole=span(*days[one.id]),
            meets=tuple(meets.get(one.id, ())),
        )
        for one in sorted(campaigns, key=lambda one: (days[one.id], one.id))
    )
    now = _day(today)
    return Calendar(tuple(rows), span(now, now).at if first <= now <= last else None)


def _day(text: str) -> int:
    return dt.date.fromisoformat(text).toordinal()
