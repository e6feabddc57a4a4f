"""The site's calendar: which local day an instant is in, when days turn, and when doors open next."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from edge.core.entitlements import Hours

DAY_MS = 86_400_000
MINUTE_MS = 60_000
DAY_MINUTES = 1_440
OPENING_DAYS_MAX = 400
"""How far ahead the next opening is looked for: a season's break, and a little more."""
CACHED_DAYS_MAX = 512
CHAINED_MAX = 8
"""Opening hours that meet are one: of more than a week of them in a row it is said that nothing closes."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
# Two years of room at both ends, so that a neighbouring day or another zone never leaves the calendar.
_FIRST_MS = -(_EPOCH_ORDINAL - 732) * DAY_MS
_LAST_MS = (dt.date.max.toordinal() - 732 - _EPOCH_ORDINAL) * DAY_MS


def instant(zone: dt.tzinfo, day: int, minute: int) -> int:
    """Return the UTC milliseconds of a local day (proleptic ordinal) and minute after its midnight.

    A local time that does not exist has the offset before the gap; one that exists twice is the first
    (RFC 5545 section 3.3.5).
    """
    days, left = divmod(min(max(minute, 0), 2 * DAY_MINUTES), DAY_MINUTES)
    wall = dt.datetime.fromordinal(day + days).replace(hour=left // 60, minute=left % 60, tzinfo=zone)
    return (wall - _EPOCH) // dt.timedelta(milliseconds=1)


def local(zone: dt.tzinfo, at_ms: int) -> dt.datetime:
    """Return the wall time of an instant; instants outside the calendar are moved to its nearest end."""
    return (_EPOCH + dt.timedelta(milliseconds=min(max(at_ms, _FIRST_MS), _LAST_MS))).astimezone(zone)


@lru_cache(CACHED_DAYS_MAX)
def _turns(zone: dt.tzinfo, minute: int, utc_day: int) -> tuple[tuple[int, ...], int]:
    """When the local days around a UTC day begin, and the first one's ordinal."""
    first, begins = utc_day + _EPOCH_ORDINAL - 2, min(max(minute, 0), DAY_MINUTES - 1)
    return tuple(instant(zone, first + n, begins) for n in range(5)), first


def _day(zone: dt.tzinfo, minute: int, at_ms: int) -> tuple[int, int, int]:
    inside = at_ms if _FIRST_MS <= at_ms <= _LAST_MS else min(max(at_ms, _FIRST_MS), _LAST_MS)
    turns, first = _turns(zone, minute, inside // DAY_MS)
    index = bisect_right(turns, inside) - 1
    return first + index, turns[index], turns[index + 1]


def day_of(zone: dt.tzinfo, starts_min: int, at_ms: int) -> int:
    """Return the ordinal of the site's day that an instant is in, where days start at a local minute."""
    return _day(zone, starts_min, at_ms)[0]


def day_bounds(zone: dt.tzinfo, starts_min: int, at_ms: int) -> tuple[int, int]:
    """Return when the site's day around an instant began and when the next one begins: 23, 24 or 25 hours."""
    return _day(zone, starts_min, at_ms)[1:]


def last_reset(zone: dt.tzinfo, reset_min: int, at_ms: int) -> int:
    """Return the most recent nightly reset; nothing must have run then, a device may have slept."""
    return _day(zone, reset_min, at_ms)[1]


def date_text(day: int) -> str:
    """Return a day's ordinal as an ISO 8601 date."""
    return dt.date.fromordinal(day).isoformat()


def is_open(hours: Hours, zone: dt.tzinfo, at_ms: int) -> bool:
    """Return whether an instant lies in the opening hours; an interval belongs to the date it begins on."""
    today = local(zone, at_ms).toordinal()
    return any(
        start <= at_ms < end for day in (today - 1, today) for start, end in _intervals(hours, zone, day)
    )


def next_opening(hours: Hours, zone: dt.tzinfo, at_ms: int) -> int | None:
    """Return the first opening after an instant, or None where none comes in sight."""
    today = local(zone, at_ms).toordinal()
    for day in range(today, today + OPENING_DAYS_MAX):
        later = [start for start, end in _intervals(hours, zone, day) if at_ms < start < end]
        if later:
            return min(later)
    return None


def closes(hours: Hours, zone: dt.tzinfo, at_ms: int) -> int | None:
    """Return when it closes what is open at an instant; None: it is closed, or does not close in sight."""
    ends = at_ms
    for _ in range(CHAINED_MAX):
        today = local(zone, ends).toordinal()
        found = [
            end
            for day in (today - 1, today)
            for start, end in _intervals(hours, zone, day)
            if start <= ends < end
        ]
        if not found:
            return ends if ends > at_ms else None
        ends = max(found)
    return None


def _intervals(hours: Hours, zone: dt.tzinfo, day: int) -> Iterator[tuple[int, int]]:
    intervals = hours.weekdays.get((day - 1) % 7)
    if intervals and not (hours.closed_dates and date_text(day) in hours.closed_dates):
        for opens, closes in intervals:
            yield instant(zone, day, opens), instant(zone, day, closes)
