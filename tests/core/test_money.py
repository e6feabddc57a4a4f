"""Money: whole units of one currency, shared without losing one."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.money import CurrencyMismatch, Money, allocate, minor_in, rounded, spelled, tax_within


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


amounts = st.integers(-(10**12), 10**12).map(euro)


def test_amounts_of_one_currency_add_subtract_and_compare() -> None:
    assert euro(150) + euro(50) == euro(200)
    assert euro(150) - euro(200) == euro(-50)
    assert -euro(150) == euro(-150)
    assert euro(1) < euro(2) <= euro(2) < euro(3) > euro(2) >= euro(2)
    assert [operator.lt(euro(2), euro(2)), operator.gt(euro(2), euro(2))] == [False, False]
    assert [bool(euro(minor)) for minor in (-1, 0, 1)] == [True, False, True]


@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge],
)
def test_two_currencies_never_meet(operation: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch, match="EUR and USD"):
        operation(euro(1), Money(1, "USD"))


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    assert euro(1) != Money(1, "USD")


@pytest.mark.parametrize(
    ("minor", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [1, 2], [33, 67]),
        (5, [0, 3, 7], [0, 2, 3]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (10, [0, 0, 0], [4, 3, 3]),
        (0, [5, 1], [0, 0]),
        (1, [1], [1]),
    ],
)
def test_shares(minor: int, weights: list[int], shares: list[int]) -> None:
    assert [share.minor for share in allocate(euro(minor), weights)] == shares


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_nobody_or_less_than_nothing_is_no_share(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="shared among at least one"):
        allocate(euro(1), weights)


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_no_unit_is_lost_or_made_and_no_share_is_off_by_one(amount: Money, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    assert sum(share.minor for share in shares) == amount.minor
    whole = sum(weights) or len(weights)
    for share, weight in zip(shares, weights if sum(weights) else [1] * len(weights), strict=True):
        assert abs(share.minor * whole - amount.minor * weight) < whole


@given(amounts, amounts, amounts)
def test_sums_do_not_depend_on_their_order(one: Money, two: Money, three: Money) -> None:
    assert (one + two) + three == three + (two + one)
    assert one - two == one + -two


@pytest.mark.parametrize(
    ("dividend", "divisor", "result"),
    [(5, 2, 3), (-5, 2, -3), (5, -2, -3), (-5, -2, 3), (4, 3, 1), (0, 7, 0)],
)
def test_halves_are_rounded_away_from_zero(dividend: int, divisor: int, result: int) -> None:
    assert rounded(dividend, divisor) == result


def test_a_price_holds_its_tax() -> None:
    assert tax_within(1_220, 220) == 220
    assert tax_within(-1_220, 220) == -220
    assert tax_within(999, 0) == 0


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(420, "EUR", "4.20"), (-5, "EUR", "-0.05"), (700, "JPY", "700"), (1_234, "KWD", "1.234")],
)
def test_amounts_are_spelled_with_their_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert spelled(minor, currency) == text
    assert minor_in(text, currency) == minor


@pytest.mark.parametrize("text", ["", "4.205", "four", "4.-5", "1" * 10, "٤", ".", "--4", "4.5.0", "+4"])
def test_what_is_no_amount_spells_none(text: str) -> None:
    assert minor_in(text, "EUR") is None


def test_a_comma_and_fewer_digits_spell_an_amount_too() -> None:
    assert (minor_in("4,5", "EUR"), minor_in("4", "EUR"), minor_in("4.", "EUR")) == (450, 400, 400)
