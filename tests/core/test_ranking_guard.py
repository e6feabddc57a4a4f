"""The guard over ranking: it objects to what is surely worse than one fixed offer, and to nothing else."""

from __future__ import annotations

import random

import pytest

from edge.core.ranking.guard import CHOICES_MIN, Tally, Watch, better_fixed, watched

BEST, OTHER = (950, 1_000), (50, 1_000)
"""How likely the favourite of two is, and the other, where a tenth is drawn evenly."""


def after(seed: int, rates: dict[str, float], favourite: str, choices: int = CHOICES_MIN) -> Watch:
    """What is known of a ranking that likes one offer, whatever it brings."""
    draw, watch = random.Random(seed), Watch()  # noqa: S311  # choices to be had again
    other = next(name for name in rates if name != favourite)
    for _ in range(choices):
        shown, odds = (favourite, BEST) if draw.random() < 0.95 else (other, OTHER)
        watch = watched(watch, shown, odds, reward=int(draw.random() < rates[shown]))
    return watch


@pytest.mark.parametrize("seed", range(5))
def test_ranking_that_likes_the_wrong_offer_is_found_out(seed: int) -> None:
    assert better_fixed(after(seed, {"a": 0.02, "b": 0.30}, "a")) == "b"


@pytest.mark.parametrize("seed", range(5))
def test_ranking_that_likes_the_right_offer_or_an_equal_one_is_left_alone(seed: int) -> None:
    assert better_fixed(after(seed, {"a": 0.30, "b": 0.02}, "a")) is None
    assert better_fixed(after(seed, {"a": 0.15, "b": 0.15}, "a")) is None


def test_nothing_is_said_before_there_is_enough_to_go_by() -> None:
    assert better_fixed(after(1, {"a": 0.0, "b": 1.0}, "a", CHOICES_MIN - 1)) is None


@pytest.mark.parametrize(("brought", "found"), [(4_610, "b"), (4_630, None)])
def test_chance_is_as_large_as_what_was_seen_makes_it(brought: int, found: str | None) -> None:
    """Shown 5,000 times at even odds, taken up by every second guest: surely by 0.4861 of them."""
    half = Tally(weight=10_000, reward=5_000, weight_squared=20_000, reward_squared=10_000)
    assert better_fixed(Watch(choices=10_000, reward=brought, tallies={"b": half})) == found
