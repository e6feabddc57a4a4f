"""A day's limit by a clock that jumped: no second day opens, and nobody is locked out for long."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.facts import Moment
from edge.core.payment import Payer
from edge.core.payment.back import Eased, eased
from edge.core.wallet import AHEAD_DAYS_MAX, Tally
from tests.builders import DAY_MS, NOW_MS, a_band_id
from tests.core.purses import TODAY, paid, spends


def spender(tally: Tally, *, days_on: int = 0, doubted: int = 0) -> Payer:
    """Who may spend ten euros a day, at a till whose clock stands so many days on, doubted by so many."""
    payer = spends(day_minor_max=1_000, tally=tally)
    now = Moment(now_ms=NOW_MS + days_on * DAY_MS, uncertainty_ms=doubted * DAY_MS, trusted=not doubted)
    return replace(payer, tap=replace(payer.tap, moment=now))


@pytest.mark.parametrize(
    ("days_on", "doubted", "spent_on", "left"),
    [
        (1, 1, TODAY, 599),
        (1, 0, TODAY, None),
        (-1, 1, TODAY, 599),
        (-1, 0, TODAY, 599),
        (0, 0, TODAY + AHEAD_DAYS_MAX, 599),
        (0, 0, TODAY + AHEAD_DAYS_MAX + 1, None),
    ],
)
def test_a_clock_that_jumps_opens_no_second_day_of_a_limit(
    days_on: int, doubted: int, spent_on: int, left: int | None
) -> None:
    """Nor does one that runs back; what one that was never set has written locks nobody out."""
    ruling = paid(spender(Tally(day=spent_on, minor=401), days_on=days_on, doubted=doubted))
    assert ruling.payment.left_minor == left
    if left is None:
        assert ruling.tally is not None
        assert (ruling.tally.day, ruling.tally.minor) == (TODAY + days_on, 600)


@pytest.mark.parametrize("days_on", [1, -1])
def test_what_is_spent_while_the_day_is_in_doubt_counts_on_whichever_it_was(days_on: int) -> None:
    first = paid(spender(Tally(), days_on=days_on, doubted=1)).tally
    assert first is not None
    for true_day in (0, days_on):
        assert paid(spender(first, days_on=true_day)).payment.left_minor == 400


def test_what_was_spent_before_a_clock_jumped_is_over_when_the_next_day_is_sure() -> None:
    spent = paid(spender(Tally(day=TODAY, minor=400), days_on=1, doubted=1)).tally
    assert spent is not None
    assert spent.minor == 1_000
    after = paid(spender(spent, days_on=1)).tally
    assert after is not None
    assert (after.day, after.minor) == (TODAY + 1, 600)


def test_limits_get_back_what_was_spent_today() -> None:
    tally = Tally(day=TODAY, minor=650, categories=(("food", 600), ("toys", 50)), taps_since_pin=2)
    back = Eased(a_band_id(), 200, (("food", 200),))
    assert eased(tally, (TODAY, TODAY), back) == replace(
        tally, minor=450, categories=(("food", 400), ("toys", 50))
    )
    assert eased(tally, (TODAY + 1, TODAY + 1), back) == Tally(day=TODAY + 1, taps_since_pin=2)
    assert eased(tally, (TODAY, TODAY + 2), back).minor == 450, "a clock that jumped frees nothing"
