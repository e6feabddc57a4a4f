"""The clock's doubt: a verdict that could differ within the clock's uncertainty is nobody's verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from edge.core.calendar import DAY_MS
from edge.core.claim import SEE_STAFF
from edge.core.decision import Failure, Reason
from edge.core.facts import Moment

UNTRUSTED_MS_MIN = 300_000
"""A clock that nobody vouches for may be off by at least this much."""
DAYS_MAX = 31
"""So many days to either side are looked at one by one, and the ends of a longer doubt."""
UNTRUSTED = Failure(reason=Reason.CLOCK_UNTRUSTED, next=SEE_STAFF)
Asked = TypeVar("Asked")


def doubt_ms(moment: Moment) -> int:
    """Return how far a moment may be off."""
    return moment.uncertainty_ms if moment.trusted else max(moment.uncertainty_ms, UNTRUSTED_MS_MIN)


def steady(check: Callable[[Asked, int], Failure | None], asked: Asked, moment: Moment) -> Failure | None:
    """Return a check's verdict, or ``clock_untrusted`` where a little earlier or later it would differ."""
    verdict = check(asked, moment.now_ms)
    doubt = doubt_ms(moment)
    if doubt <= 0:
        return verdict
    for at_ms in (moment.now_ms + sign * ms for ms in _apart(doubt) for sign in (-1, 1)):
        if (check(asked, at_ms) is None) is not (verdict is None):
            return UNTRUSTED
    return verdict


def _apart(doubt: int) -> tuple[int, ...]:
    """Return how far from now it is looked: after jumps what lies between their ends counts, day by day.

    A slot of an hour lies between the ends of such a doubt, and so does the day that it is.
    """
    if doubt <= UNTRUSTED_MS_MIN:
        return (doubt,)
    return (UNTRUSTED_MS_MIN, *range(DAY_MS, min(doubt, DAYS_MAX * DAY_MS), DAY_MS), doubt)
