"""Always: whoever looks every night calls nothing an effect in at most seven of a hundred campaigns."""

from __future__ import annotations

import random

import pytest

from sync.central.campaigns.always import GUESTS_MIN, always
from sync.central.campaigns.lift import Arm, lift
from tests.sync.campaigns.test_lift import binomials

RUNS, NIGHTS, EACH = 400, 40, 25
PLANNED = NIGHTS * EACH


def looked_at(base: float, more: float, *, seed: int) -> tuple[int, int, int]:
    """Return in how many runs some night missed the truth, lay beyond zero, and plainly would have."""
    chance = random.Random(seed)  # noqa: S311  # invented guests, the same every time
    drawn = binomials(base + more, EACH), binomials(base, EACH)
    missed = beyond = plainly = 0
    for _ in range(RUNS):
        did, told, plain = [0, 0], [], False
        for night in range(1, NIGHTS + 1):
            did = [had + draw(chance) for had, draw in zip(did, drawn, strict=True)]
            arms = [Arm(night * EACH, one) for one in did]
            told.append(always(*arms, planned=PLANNED))
            early = lift(*arms, share=5_000, planned=1)
            plain |= not early.low <= 0 <= early.high
        spoken = [one for one in told if one is not None]
        missed += any(not one.low <= more <= one.high for one in spoken)
        beyond += any(not one.low <= 0 <= one.high for one in spoken)
        plainly += plain
    return missed, beyond, plainly


@pytest.mark.parametrize("base", [0.03, 0.1, 0.3])
def test_true_lift_of_zero_is_called_an_effect_by_nightly_looks_in_at_most_seven_percent(base: float) -> None:
    missed, beyond, plainly = looked_at(base, 0.0, seed=7)
    assert missed == beyond <= 0.07 * RUNS
    assert plainly > 0.15 * RUNS, "the reading that is made for one look would be wrong by then"


def test_a_true_effect_is_seen_before_the_end_and_its_size_is_held_all_the_while() -> None:
    missed, beyond, _ = looked_at(0.1, 0.1, seed=11)
    assert missed <= 0.07 * RUNS
    assert beyond >= 0.9 * RUNS


def test_of_few_guests_and_without_a_planned_size_nothing_is_said() -> None:
    few, enough = Arm(GUESTS_MIN - 1, 9), Arm(GUESTS_MIN, 9)
    assert always(few, enough, planned=400) is None
    assert always(enough, few, planned=400) is None
    assert always(enough, enough, planned=0) is None
    nobody = always(Arm(60, 0), Arm(60, 0), planned=400)
    assert nobody is not None
    assert nobody.low < nobody.difference == 0 < nobody.high
