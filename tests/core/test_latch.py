"""Near or not: thresholds far apart, times to hold them, and a threshold that follows how weak a band is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.presence.latch import PARTS, STEP_MS_MAX, Latch, Tune
from edge.core.presence.tunes import AT_KIOSK, AT_KIOSK_COARSE, IN_AREA

TUNE = Tune(
    enter_db=0,
    enter_ms=1_000,
    below_db=3,
    halvings_max=2,
    drop_db=10,
    fade_ms=5_000,
    exit_db=(-15, -4),
    exit_ms=2_000,
)
LOOK_MS = 250


class Level:
    """A latch, and a clock that goes on by a look each time."""

    def __init__(self, tune: Tune = TUNE) -> None:
        self.latch, self.now_ms = Latch(tune), 1_000_000
        self.latch.look(self.now_ms, None)

    def hold(self, level_db: int | None, ms: int) -> bool:
        for _ in range(ms // LOOK_MS):
            self.now_ms += LOOK_MS
            self.latch.look(self.now_ms, level_db)
        return self.latch.inside


def near(peak_db: int = 0, tune: Tune = TUNE) -> Level:
    level = Level(tune)
    assert level.hold(peak_db, 2_000)
    return level


def test_level_must_hold_for_its_time() -> None:
    level = Level()
    assert not level.hold(0, 750)
    assert level.hold(0, 250)


@pytest.mark.parametrize(("short_db", "ms"), [(1, 2_000), (2, 4_000), (3, 4_000)])
def test_each_decibel_below_takes_twice_as_long_up_to_a_bound(short_db: int, ms: int) -> None:
    level = Level()
    assert not level.hold(-short_db, ms - LOOK_MS)
    assert level.hold(-short_db, LOOK_MS)


def test_below_that_no_time_is_long_enough() -> None:
    assert not Level().hold(-4, 600_000)


def test_dip_costs_time_and_does_not_begin_anew() -> None:
    level = Level()
    level.hold(0, 750)
    level.hold(-20, 1_000)
    assert not level.hold(0, 250)
    assert level.hold(0, 250)


def test_too_few_samples_begin_anew_outside_and_change_nothing_inside() -> None:
    level = Level()
    level.hold(0, 750)
    level.hold(None, 250)
    assert not level.hold(0, 750)
    inside = near()
    inside.hold(-30, 1_750)
    assert inside.hold(None, 60_000)
    assert not inside.hold(-30, 250)


def test_while_nobody_looked_nobody_stood_there() -> None:
    patient = replace(TUNE, enter_ms=2_000)
    level = Level(patient)
    level.now_ms += 60_000
    assert not level.latch.look(level.now_ms, 0)
    assert level.hold(0, 2_000 - STEP_MS_MAX)


def test_clock_that_goes_back_gives_no_time() -> None:
    level = Level()
    level.latch.look(level.now_ms - 10_000, 0)
    level.now_ms -= 10_000
    assert not level.hold(0, 750)
    assert level.hold(0, 250)


def test_gone_is_who_stays_far_below_the_loudest() -> None:
    level = near()
    assert level.hold(-10, 60_000 // 60), "not far enough"
    assert level.hold(-11, 1_750)
    assert level.hold(0, 250), "back in time"
    assert level.hold(-11, 1_750), "and the time begins anew"
    assert not level.hold(-11, 250)


@pytest.mark.parametrize(
    ("peak_db", "stays_db", "goes_db"),
    [(-3, -13, -14), (-3, -13, -15), (3, -7, -8), (20, -4, -5)],
)
def test_threshold_follows_the_loudest_between_its_bounds(peak_db: int, stays_db: int, goes_db: int) -> None:
    slow = replace(TUNE, enter_ms=250, fade_ms=60_000)
    assert near(peak_db, slow).hold(stays_db, 10_000)
    assert not near(peak_db, slow).hold(goes_db, 2_000)


def test_threshold_is_never_below_its_bound() -> None:
    weak = replace(TUNE, below_db=12, halvings_max=0)
    assert near(-12, weak).hold(-15, 10_000)
    assert not near(-12, weak).hold(-16, 2_000)


def test_loudest_fades_for_whoever_stays() -> None:
    level = near(4)
    assert level.hold(-6, 20_250)
    assert level.hold(-9, 4_000), "four decibels were forgotten by now"
    fresh = near(4)
    assert not fresh.hold(-9, 4_000)


@pytest.mark.parametrize("loud_ms", [1_000, 1_000 + LOOK_MS])
@pytest.mark.parametrize(("fade_ms", "stays"), [(LOOK_MS, True), (LOOK_MS + 1, False)])
def test_loudest_fades_no_millisecond_before_its_time(loud_ms: int, fade_ms: int, stays: bool) -> None:
    level = Level(replace(TUNE, drop_db=1, fade_ms=fade_ms, exit_db=(-15, -1), exit_ms=LOOK_MS))
    assert level.hold(0, loud_ms)
    assert level.hold(-2, LOOK_MS) is stays


def test_time_that_is_lost_is_lost_to_its_last_part() -> None:
    """A half, a quarter, and so on down to the smallest part of a millisecond lack that part once more."""
    latch = Latch(replace(TUNE, enter_ms=1, below_db=PARTS, halvings_max=PARTS))
    looks = [-PARTS - 1, *(-short_db for short_db in range(1, PARTS + 1))]
    assert not any(latch.look(now_ms, level_db) for now_ms, level_db in enumerate(looks, 1))
    assert latch.look(len(looks) + 1, -PARTS)


def test_louder_level_is_the_new_loudest() -> None:
    level = near()
    level.hold(6, 250)
    assert not level.hold(-5, 2_000)


def test_end_is_outside_at_once_and_nothing_is_remembered() -> None:
    level = near(6)
    level.latch.end()
    assert not level.latch.inside
    assert not level.hold(0, 750)
    assert level.hold(0, 250)
    assert level.hold(-10, 4_000), "the loudest of the last stay counts no more"


@pytest.mark.parametrize("tune", [AT_KIOSK, AT_KIOSK_COARSE, IN_AREA])
def test_thresholds_of_each_zone_are_far_apart(tune: Tune) -> None:
    lowest_db, highest_db = tune.exit_db
    assert lowest_db <= highest_db < tune.enter_db
    assert tune.enter_db - tune.below_db > lowest_db
    assert tune.drop_db >= 13
    assert tune.exit_ms > tune.enter_ms


@given(st.lists(st.integers(-60, 30), max_size=200))
def test_to_and_fro_is_bounded_by_the_times_to_hold(levels: Iterable[int]) -> None:
    latch, told = Latch(AT_KIOSK), [False]
    for number, level_db in enumerate(levels):
        told.append(latch.look(number * LOOK_MS, level_db))
    turns = [place for place, (before, after) in enumerate(pairwise(told)) if before is not after]
    assert all(later - earlier >= AT_KIOSK.enter_ms // LOOK_MS for earlier, later in pairwise(turns))
