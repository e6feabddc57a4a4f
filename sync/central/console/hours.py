"""Opening hours as people write them: a line a day, ``mon 09:00-18:00, 20:00-26:00``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from edge.core.entitlements import Hours
from sync.central.console.fields import Mistyped

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)")
HOUR_MAX = 47
"""An interval may run past midnight: 26:00 is two in the morning of the next day."""


def hours_of(text: str, closed: Sequence[str]) -> Hours | None:
    """Return what the lines mean; nothing at all means open at all times."""
    weekdays = dict(_day(line) for line in text.splitlines() if line.strip())
    for date in closed:
        try:
            dt.date.fromisoformat(date)
        except ValueError:
            raise Mistyped("closed_dates", "wrong.date", text=date) from None
    if not weekdays and not closed:
        return None
    return Hours(weekdays=weekdays, closed_dates=tuple(closed))


def text_of(hours: Hours | None) -> str:
    """Return opening hours as lines."""
    if hours is None:
        return ""
    return "\n".join(
        f"{DAYS[day]} " + ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in spans)
        for day, spans in sorted(hours.weekdays.items())
    )


def _day(line: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    word, _, spans = line.strip().lower().partition(" ")
    found = tuple(_span(line, span.strip()) for span in spans.split(",") if span.strip())
    if word not in DAYS or not found:
        raise Mistyped("hours", "wrong.hours", text=line.strip())
    return DAYS.index(word), found


def _span(line: str, span: str) -> tuple[int, int]:
    match = SPAN.fullmatch(span)
    if match is None:
        raise Mistyped("hours", "wrong.hours", text=line.strip())
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if not start < end or int(match[1]) > 23 or int(match[3]) > HOUR_MAX:
        raise Mistyped("hours", "wrong.hours", text=line.strip())
    return start, end


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
