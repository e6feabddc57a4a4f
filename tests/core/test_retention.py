"""Retention: whatever is in doubt waits, and only a believed clock deletes."""

from __future__ import annotations

import pytest

from edge.core.entry import Moment
from edge.core.retention import DAY_MS, is_due
from tests.builders import NOW_MS

LEAP_MS = 1_000


@pytest.mark.parametrize(
    ("passed_ms", "uncertainty_ms", "trusted", "sure", "due"),
    [
        (DAY_MS, 0, True, True, True),
        (DAY_MS - 1, 0, True, True, False),
        (DAY_MS + LEAP_MS, LEAP_MS, True, True, True),
        (DAY_MS + LEAP_MS - 1, LEAP_MS, True, True, False),
        (DAY_MS * 99, 0, False, True, False),
        (DAY_MS * 99, 0, True, False, False),
        (-DAY_MS, 0, True, True, False),
    ],
)
def test_a_doubt_waits_as_long_as_the_clock_may_be_off(
    *, passed_ms: int, uncertainty_ms: int, trusted: bool, sure: bool, due: bool
) -> None:
    moment = Moment(now_ms=NOW_MS + passed_ms, uncertainty_ms=uncertainty_ms, trusted=trusted)
    assert is_due(NOW_MS, DAY_MS, moment, sure=sure) is due
