"""A minute at one metre: which level it gives, and when it gives none."""

from __future__ import annotations

import random

import pytest

from edge.core.presence.calibration import (
    APART_DB_MIN,
    SAMPLES_MIN,
    SPREAD_DB_MAX,
    Calibrated,
    Doubt,
    calibrate,
)
from hardware.virtual.air import Air, levels

STEADY = [-57] * SAMPLES_MIN


def test_level_is_the_median_of_what_was_heard() -> None:
    assert calibrate([[-61, -57, -55] * SAMPLES_MIN]) == Calibrated(-57, 3 * SAMPLES_MIN, 6)


@pytest.mark.parametrize("heard", [[], [STEADY[1:]], [[], STEADY[1:]]])
def test_few_levels_say_nothing(heard: list[list[int]]) -> None:
    assert calibrate(heard) is Doubt.NOBODY


def test_another_band_that_is_near_makes_it_doubtful_and_one_across_the_hall_does_not() -> None:
    near, far = [-57 - APART_DB_MIN + 1] * SAMPLES_MIN, [-57 - APART_DB_MIN] * SAMPLES_MIN
    assert calibrate([STEADY, near]) is Doubt.SEVERAL
    assert calibrate([far, STEADY]) == Calibrated(-57, SAMPLES_MIN, 0)
    assert calibrate([STEADY, near[1:]]) == Calibrated(-57, SAMPLES_MIN, 0), "somebody who only passed"


def test_levels_that_went_up_and_down_say_nothing() -> None:
    assert calibrate([[-57, -57 - SPREAD_DB_MAX] * SAMPLES_MIN]) == Calibrated(-73, 100, SPREAD_DB_MAX)
    assert calibrate([[-57, -58 - SPREAD_DB_MAX] * SAMPLES_MIN]) is Doubt.UNSTEADY


@pytest.mark.parametrize("seed", range(5))
def test_simulated_minute_finds_the_receiver_within_what_bands_differ(seed: int) -> None:
    air = Air(at_1m_dbm=-66, body_share=0, shadow_db=0)
    heard = levels(lambda _: 1.0, 60, air, draw=random.Random(seed))  # noqa: S311  # the same minute each time
    found = calibrate([[level.rssi for level in heard]])
    assert isinstance(found, Calibrated)
    assert found.ref_1m_dbm == pytest.approx(-66, abs=5)
