"""Lift: nothing is rarely called an effect, the interval holds the truth, and no reading is early."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from math import comb

import pytest

from sync.central.campaigns.lift import Arm, Lift, Verdict, lift, planned_for

RUNS, SEEDS, PLANNED, SHARE = 1_000, 5, 400, 5_000


def binomials(rate: float, guests: int) -> Callable[[random.Random], int]:
    """Draws of how many of so many do it, by the inverse of its distribution: one number a draw."""
    odds = (comb(guests, k) * rate**k * (1 - rate) ** (guests - k) for k in range(guests + 1))
    sums = list(accumulate(odds))
    return lambda chance: bisect(sums, chance.random() * sums[-1])


def readings(base: float, more: float, *, seed: int) -> list[Lift]:
    """A thousand campaigns with a true lift."""
    with_, without = binomials(base + more, PLANNED), binomials(base, PLANNED)
    chance = random.Random(seed)  # noqa: S311  # invented guests, the same every time
    return [
        lift(Arm(PLANNED, with_(chance)), Arm(PLANNED, without(chance)), share=SHARE, planned=PLANNED)
        for _ in range(RUNS)
    ]


@pytest.mark.parametrize("base", [0.03, 0.1, 0.3])
def test_true_lift_of_zero_is_called_an_effect_in_at_most_seven_percent(base: float) -> None:
    called = [
        sum(one.verdict in (Verdict.MORE, Verdict.LESS) for one in readings(base, 0.0, seed=seed))
        for seed in range(SEEDS)
    ]
    assert max(called) <= 0.07 * RUNS
    assert 0.035 * RUNS <= sum(called) / SEEDS <= 0.055 * RUNS


@pytest.mark.parametrize(("base", "more"), [(0.03, 0.0), (0.1, 0.02), (0.3, 0.1)])
def test_interval_holds_the_truth_in_93_to_97_of_a_hundred(base: float, more: float) -> None:
    all_ = [one for seed in range(SEEDS) for one in readings(base, more, seed=seed)]
    held = sum(one.low <= more <= one.high for one in all_)
    assert 0.93 <= held / len(all_) <= 0.97


def test_looking_every_day_finds_nothing_that_one_reading_would_not() -> None:
    """Peeking: who stops at the first interval beyond zero calls far more of nothing an effect."""
    chance, days, peeked, read = random.Random(31), 20, 0, 0  # noqa: S311  # as above
    daily = binomials(0.1, PLANNED // days)
    for _ in range(300):
        did = [0, 0]
        early = []
        for day in range(1, days + 1):
            did = [did[0] + daily(chance), did[1] + daily(chance)]
            arms = [Arm(PLANNED // days * day, one) for one in did]
            early.append(lift(*arms, share=SHARE, planned=1).verdict)
            now = lift(*arms, share=SHARE, planned=PLANNED)
            assert (now.verdict is Verdict.NOT_YET) == (day < days)
            assert day == days or (now.low, now.high, now.difference) == (0.0, 0.0, 0.0)
        peeked += bool({Verdict.MORE, Verdict.LESS} & {*early})
        read += now.verdict in (Verdict.MORE, Verdict.LESS)
    assert read <= 0.09 * 300 < peeked


def test_arms_of_other_sizes_than_their_buckets_are_void() -> None:
    good = lift(Arm(9_000, 900), Arm(1_000, 80), share=1_000, planned=1_000)
    assert good.verdict is not Verdict.VOID
    assert lift(Arm(9_000, 900), Arm(1_200, 80), share=1_000, planned=1_000).verdict is Verdict.VOID


def test_nothing_is_read_before_the_time_to_buy_is_over() -> None:
    arms = Arm(500, 200), Arm(500, 20)
    assert lift(*arms, share=5_000, planned=500, over=False).verdict is Verdict.NOT_YET
    assert lift(*arms, share=5_000, planned=500).verdict is Verdict.MORE
    assert lift(*reversed(arms), share=5_000, planned=500).verdict is Verdict.LESS
    assert lift(Arm(0, 0), Arm(0, 0), share=5_000, planned=0).verdict is Verdict.NOT_YET


def test_guests_that_an_effect_needs_to_be_seen_in_four_of_five() -> None:
    assert planned_for(30, 6) == pytest.approx(13_900, rel=0.005)
    assert planned_for(100, 20) == pytest.approx(3_840, rel=0.005)
