"""Experiments: read at their end, by guest, with an interval; before that nothing is said."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from edge.core.ranking.reading import Arms, State, read

ARMS = Arms(treated=3_840, treated_bought=461, control=3_840, control_bought=384, planned=3_840)


def test_lift_is_read_with_its_interval() -> None:
    reading = read(ARMS)
    assert reading.state is State.WIN
    assert round(reading.difference, 4) == 0.0201
    assert (round(reading.low, 4), round(reading.high, 4)) == (0.0061, 0.0341)


def test_loss_and_nothing_are_called_so() -> None:
    assert read(replace(ARMS, treated_bought=300)).state is State.LOSS
    assert read(replace(ARMS, treated_bought=390)).state is State.NO_DIFFERENCE


@pytest.mark.parametrize("arm", ["treated", "control"])
def test_before_the_planned_number_nothing_is_said(arm: str) -> None:
    reading = read(replace(ARMS, **{arm: 3_839}))
    assert (reading.state, reading.difference) == (State.NOT_YET, 0.0)
    assert (
        read(Arms(treated=0, treated_bought=0, control=0, control_bought=0, planned=0)).state is State.NOT_YET
    )


def test_the_guest_who_completes_the_plan_is_read_with_it() -> None:
    one = Arms(treated=1, treated_bought=1, control=1, control_bought=1, planned=1)
    assert read(one).state is State.NO_DIFFERENCE


def test_arms_of_the_wrong_size_void_the_reading() -> None:
    assert read(replace(ARMS, treated=4_400)).state is State.VOID
    assert read(replace(ARMS, treated=3_950)).state is not State.VOID
    assert read(replace(ARMS, treated=9_000, control=1_000)).state is State.VOID
    lone = Arms(treated=0, treated_bought=0, control=2, control_bought=0, planned=0, share=1)
    assert read(lone).state is State.VOID
    assert read(replace(ARMS, treated=36_480, control=3_840, share=1_000)).state is not State.VOID


def test_truth_is_covered_and_no_lift_is_rarely_called_a_win() -> None:
    """1,000 experiments of nothing and 1,000 of a lift from 10 to 12 percent."""
    draw = random.Random(4)  # noqa: S311  # experiments to be had again
    for lift, covered_min, wins_max in ((0.0, 930, 50), (0.02, 930, 1_000)):
        readings = [
            read(replace(ARMS, treated_bought=_bought(draw, 0.1 + lift), control_bought=_bought(draw, 0.1)))
            for _ in range(1_000)
        ]
        assert covered_min <= sum(one.low <= lift <= one.high for one in readings) <= 970
        assert sum(one.state is State.WIN for one in readings) <= wins_max


def _bought(draw: random.Random, rate: float) -> int:
    """How many of 3,840 guests buy: drawn by the normal law, which is a thousand times quicker."""
    return round(draw.gauss(3_840 * rate, (3_840 * rate * (1 - rate)) ** 0.5))
