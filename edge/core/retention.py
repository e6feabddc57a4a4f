"""Retention: when something has been kept long enough, judged so that no wrong clock deletes too early."""

from __future__ import annotations

from edge.core.entry import Moment

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def is_due(at_ms: int, keep_ms: int, moment: Moment, *, sure: bool) -> bool:
    """Say whether what is of ``at_ms`` may go now; ``sure``: central has told the time since the start.

    A clock that is not believed deletes nothing, and one that may be off waits for as long as it may be.
    What stands in the future was written by a wrong clock: it is judged once the clock has come that far.
    """
    return sure and moment.trusted and at_ms + keep_ms <= moment.now_ms - moment.uncertainty_ms
