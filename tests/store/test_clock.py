"""The clock: anchored to the monotonic one, moved by central, never behind the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import (
    START_UNCERTAINTY_MS,
    STEP_MS_MAX,
    UNCERTAINTY_MS_MAX,
    WAKES_MS_MAX,
    Clock,
    Doubt,
    monotonic_ms,
    wall_ms,
)
from tests.store.house import NOON_MS, Hands, a_ledger

DAY_MS = 86_400_000


def test_clock_is_believed_from_the_start_within_a_second() -> None:
    moment = Hands().clock().moment()
    assert (moment.now_ms, moment.uncertainty_ms, moment.trusted) == (NOON_MS, START_UNCERTAINTY_MS, True)


def test_jump_of_the_wall_clock_before_central_was_heard_takes_trust_away() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall_ms += 3 * DAY_MS
    moment = clock.moment()
    assert (moment.now_ms, moment.trusted) == (NOON_MS + 3 * DAY_MS, False)


def test_jump_of_the_wall_clock_after_central_was_heard_changes_nothing() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard(NOON_MS, 20)
    hands.wall_ms -= 3_600_000
    hands.mono_ms += 1_000
    moment = clock.moment()
    assert (moment.now_ms, moment.trusted) == (NOON_MS + 1_010, True)


def test_slewing_by_less_than_a_step_is_no_contradiction() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall_ms += STEP_MS_MAX - 1
    assert clock.moment().trusted


def test_central_moves_the_clock_and_restores_trust() -> None:
    hands = Hands(wall_ms=0)
    clock = hands.clock()
    clock.floor(NOON_MS)
    assert not clock.moment().trusted
    clock.heard(NOON_MS + 5_000, 100)
    moment = clock.moment()
    assert (moment.now_ms, moment.uncertainty_ms, moment.trusted) == (NOON_MS + 5_050, 50, True)
    assert clock.offset_ms(moment.now_ms) == NOON_MS + 5_050


def test_slow_answer_that_agrees_does_not_widen_what_is_known() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard(NOON_MS, 20)
    clock.heard(NOON_MS - 4_000, 8_020)
    assert clock.moment().uncertainty_ms == 10


def test_answer_that_disagrees_is_taken_however_slow_it_was() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard(NOON_MS, 20)
    clock.heard(NOON_MS + DAY_MS, 4_000)
    assert clock.now_ms() == NOON_MS + DAY_MS + 2_000


def test_uncertainty_grows_with_the_quartz_until_the_clock_is_not_believed() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.heard(NOON_MS, 20)
    hands.pass_ms(DAY_MS)
    assert clock.moment().uncertainty_ms == 10 + DAY_MS * 50 // 1_000_000
    hands.pass_ms(UNCERTAINTY_MS_MAX * 20_000)
    assert not clock.moment().trusted


def test_journal_time_a_little_ahead_is_waited_for_without_losing_trust() -> None:
    clock = Hands().clock()
    clock.floor(NOON_MS + 300)
    assert clock.now_ms() == NOON_MS + 300
    assert clock.moment().trusted


def test_journal_that_ran_days_ahead_is_not_believed_even_when_central_is_heard() -> None:
    clock = Hands().clock()
    clock.floor(NOON_MS + 3 * DAY_MS)
    clock.heard(NOON_MS, 20)
    moment = clock.moment()
    assert (moment.now_ms, moment.trusted) == (NOON_MS + 3 * DAY_MS, False)


@given(steps=st.lists(st.tuples(st.integers(-DAY_MS, DAY_MS), st.integers(0, 10_000), st.booleans())))
def test_journal_never_goes_back_whatever_the_wall_clock_and_central_say(
    steps: list[tuple[int, int, bool]],
) -> None:
    hands = Hands()
    clock = hands.clock()
    last = 0
    for jump, passed, heard in steps:
        hands.wall_ms += jump
        hands.mono_ms += passed
        if heard:
            clock.heard(hands.wall_ms, 10)
        now = clock.moment().now_ms
        assert now >= last
        clock.floor(now)
        last = now


def test_system_clocks_answer_in_milliseconds() -> None:
    assert wall_ms() > 1_700_000_000_000
    assert 0 <= monotonic_ms() <= Clock().monotonic_ms()


# What a clock that jumped is doubted by, and for how long

AWAKE_MS = WAKES_MS_MAX + 1


def awake(wall_ms: int = NOON_MS) -> Hands:
    """A machine that was switched on long ago."""
    hands = Hands(wall_ms=wall_ms)
    hands.mono_ms = AWAKE_MS
    return hands


@pytest.mark.parametrize("days", [1, 4, 5, 30, -30])
def test_a_clock_that_ran_is_doubted_by_all_that_it_jumped(days: int) -> None:
    hands = awake()
    clock = hands.clock()
    hands.wall_ms += days * DAY_MS
    moment = clock.moment()
    assert (moment.uncertainty_ms, moment.trusted) == (abs(days) * DAY_MS, False)


def test_a_clock_that_comes_to_life_is_not_doubted_by_how_long_the_machine_was_off() -> None:
    young, without_battery = Hands(), awake(wall_ms=0)
    for hands in (young, without_battery):
        clock = hands.clock()
        hands.wall_ms = NOON_MS + 30 * DAY_MS
        moment = clock.moment()
        assert (moment.uncertainty_ms, moment.trusted) == (START_UNCERTAINTY_MS, False)
        hands.wall_ms += DAY_MS
        assert clock.moment().uncertainty_ms == DAY_MS, "but by what it jumps then"


def test_a_clock_that_was_dead_in_between_hides_no_jump() -> None:
    hands = awake()
    clock = hands.clock()
    for shown_ms in (0, NOON_MS + 6 * DAY_MS):
        hands.wall_ms = shown_ms
        clock.moment()
    assert clock.moment().uncertainty_ms == 6 * DAY_MS


def after_a_restart(hands: Hands, clock: Clock, *, s: int = 60) -> Clock:
    doubt = clock.doubt()
    hands.pass_ms(s * 1_000)
    again = hands.clock()
    if doubt is not None:
        again.resume(doubt)
    return again


def test_a_restart_does_not_make_a_clock_right() -> None:
    hands = awake()
    clock = hands.clock()
    assert clock.doubt() is None
    hands.wall_ms += 2 * DAY_MS
    clock.moment()
    again = after_a_restart(hands, after_a_restart(hands, clock))
    moment = again.moment()
    assert (moment.uncertainty_ms, moment.trusted) == (2 * DAY_MS, False)
    hands.wall_ms -= 2 * DAY_MS
    assert again.moment().uncertainty_ms == 2 * DAY_MS, "back where it stood: no further than that"
    again.heard(NOON_MS, 10)
    hands.wall_ms = NOON_MS
    assert again.moment().trusted
    assert again.doubt() is None


def test_a_wall_clock_that_central_contradicts_is_doubted_by_that_after_a_restart() -> None:
    for days, doubt in ((1, Doubt(DAY_MS, 0)), (-1, Doubt(0, DAY_MS))):
        hands = awake()
        clock = hands.clock()
        clock.heard(NOON_MS, 0)
        hands.wall_ms += days * DAY_MS
        assert clock.moment().trusted
        assert clock.doubt() == doubt
        moment = after_a_restart(hands, clock).moment()
        assert (moment.uncertainty_ms, moment.trusted) == (DAY_MS, False)


def test_what_was_doubted_before_is_nothing_to_who_has_heard_central_since() -> None:
    clock = awake().clock()
    clock.heard(NOON_MS, 0)
    clock.resume(Doubt(DAY_MS, 0))
    assert clock.moment().trusted


def test_a_store_that_is_opened_again_and_again_doubts_no_more_than_before(tmp_path: Path) -> None:
    hands, path = awake(), tmp_path / "state.db"
    clock = hands.clock()
    for _ in range(4):
        with a_ledger(path, clock) as ledger:
            ledger.run([])
            hands.pass_ms(1_000)
            hands.wall_ms += DAY_MS if clock.doubt() is None else 0
            clock.moment()
            ledger.run([])
    assert clock.doubt() == Doubt(DAY_MS, 0)
    assert clock.moment().uncertainty_ms == DAY_MS


def test_a_clock_that_was_dead_when_a_doubt_was_taken_up_is_not_doubted_since_1970() -> None:
    hands = awake(wall_ms=0)
    clock = hands.clock()
    clock.resume(Doubt(DAY_MS, 0))
    hands.wall_ms = NOON_MS
    moment = clock.moment()
    assert (moment.uncertainty_ms, moment.trusted) == (DAY_MS, False)


def test_a_dead_clocks_doubt_is_taken_up_too() -> None:
    hands = awake(wall_ms=0)
    clock = hands.clock()
    hands.wall_ms = 3_600_000
    clock.moment()
    assert clock.doubt() == Doubt(0, 0)
    assert not after_a_restart(hands, clock).moment().trusted


def test_a_doubt_is_written_with_the_first_batch_that_is_doubted_and_gone_with_centrals_word(
    tmp_path: Path,
) -> None:
    hands, path = awake(), tmp_path / "state.db"
    with a_ledger(path, hands.clock()) as ledger:
        ledger.run([])
        hands.wall_ms += DAY_MS
        ledger.run([])
    clock = hands.clock()
    with a_ledger(path, clock) as ledger:
        assert clock.moment().uncertainty_ms == DAY_MS
        clock.heard(hands.wall_ms, 10)
        ledger.run([])
    clock = hands.clock()
    with a_ledger(path, clock):
        assert clock.moment().trusted
