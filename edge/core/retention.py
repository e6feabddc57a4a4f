"""Retention: when something has been kept long enough, judged so that no wrong clock deletes too early."""

from __future__ import annotations

import msgspec

from edge.core.entry import Moment

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """For how many days central keeps what speaks of people."""

    sealed_days: int = 395
    """What staff wrote and operators did."""
    moved_days: int = 30
    """Where bands were read, who is inside, alarms that somebody has looked at."""
    ended_days: int = 395
    """Rights after their last day, and who paid from which wallet."""
    words_days: int = 730
    """What guests told us in their own words: cases, and what they typed of a purchase."""
    booked_days: int = 3_653
    """What a guest bought, in the diary: as long as books are kept."""


def is_due(at_ms: int, keep_ms: int, moment: Moment, *, sure: bool) -> bool:
    """Say whether what is of ``at_ms`` may go now; ``sure``: central has told the time since the start.

    A clock that is not believed deletes nothing, and one that may be off waits for as long as it may be.
    What stands in the future was written by a wrong clock: it is judged once the clock has come that far.
    """
    return sure and moment.trusted and at_ms + keep_ms <= moment.now_ms - moment.uncertainty_ms
