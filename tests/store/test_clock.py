"""The clock: anchored to the monotonic one, moved by central, never behind the journal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import START_UNCERTAINTY_MS, STEP_MS_MAX, UNCERTAINTY_MS_MAX, Clock, monotonic_ms, wall_ms
from tests.store.house import NOON_MS, Hands

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
