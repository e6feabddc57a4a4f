"""Prices under offers: whole minor units in a fixed order, never below nothing, and back to the last unit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.basket import Line
from edge.core.offers import (
    Budget,
    Bundle,
    Category,
    Effect,
    Level,
    Offer,
    Stack,
    Unit,
    applied,
    best,
    comes_back,
)
from edge.core.offers import stack as stacking
from edge.core.offers.price import priced
from edge.core.offers.stack import legal
from tests.core.offered import a_basket, a_line, an_offer


def off(lines: Sequence[Line], *offers: Offer) -> list[tuple[int, ...]]:
    return [one.off for one in applied(lines, offers)]


@pytest.mark.parametrize(
    ("effect", "taken"),
    [
        (Effect(percent=33), (330, 99)),
        (Effect(off_minor=200), (200, 300)),
        (Effect(price_minor=800), (200, 0)),
        (Effect(percent=50, units=1), (500, 0)),
        (Effect(percent=50, units=2), (500, 50)),
        (Effect(percent=50, articles=("water",)), (0, 150)),
        (Effect(percent=50, categories=("food",)), (500, 0)),
        (Effect(level=Level.BASKET, off_minor=100), (77, 23)),
        (Effect(level=Level.COUPON, percent=10), (100, 30)),
        (Effect(level=Level.POINTS, off_minor=9_999), (1_000, 300)),
        (Effect(level=Level.BASKET, percent=50, articles=("none",)), (0, 0)),
        (Effect(), (0, 0)),
    ],
)
def test_what_an_effect_takes_off_a_gelato_and_three_waters(effect: Effect, taken: tuple[int, ...]) -> None:
    lines = (a_line(category="food"), a_line("water", 100, quantity=3))
    assert off(lines, an_offer(effect=effect)) == [taken]


def test_line_then_basket_then_coupon_then_points_each_from_what_is_left() -> None:
    half = {level: an_offer(f"z-{level}", effect=Effect(level=level, percent=50)) for level in Level}
    told = applied(
        (a_line(),), (half[Level.POINTS], half[Level.COUPON], half[Level.BASKET], half[Level.LINE])
    )
    assert [(one.offer, one.minor) for one in told] == [
        ("z-line", 500),
        ("z-basket", 250),
        ("z-coupon", 125),
        ("z-points", 63),
    ]


def test_nothing_is_taken_off_deposits_and_gifts_that_cost_nothing() -> None:
    lines = (a_line("deposit", -50), a_line("returned", 50, quantity=-1), a_line("gift", 0))
    assert off(lines, an_offer(effect=Effect(percent=50)), an_offer("b")) == [(0, 0, 0), (0, 0, 0)]
    assert off((), an_offer(effect=Effect(percent=50))) == [()]


def test_an_offer_without_any_effect_on_prices_takes_nothing_off() -> None:
    assert off((a_line(),), an_offer(effect=None)) == [(0,)]


def test_budget_of_money_is_never_exceeded_by_one_redemption() -> None:
    budget = Budget(id="m", unit=Unit.MONEY, each=101)
    lines = (a_line(), a_line("water", 1_000))
    assert off(lines, an_offer(effect=Effect(percent=50), budget=budget)) == [(51, 50)]
    units = Budget(id="u", each=1)
    assert off(lines, an_offer(effect=Effect(percent=50), budget=units)) == [(500, 500)]


@given(off_minor=st.integers(0, 10**7), parts=st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_parts_that_come_back_make_up_the_whole_discount(off_minor: int, parts: list[int]) -> None:
    quantity, before = sum(parts), itertools.accumulate(parts, initial=0)
    back = [
        comes_back(off_minor, quantity, before=done, units=units)
        for done, units in zip(before, parts, strict=False)
    ]
    assert sum(back) == off_minor
    assert min(back) >= 0


def test_more_cannot_come_back_than_was_bought() -> None:
    with pytest.raises(ValueError, match="than was bought"):
        comes_back(100, 3, before=2, units=2)


def brute(bundle: Bundle, lines: Sequence[Line], offers: Sequence[Offer]) -> int:
    """What the best legal combination saves, by trying each."""
    return max(
        sum(one.minor for one in applied(lines, chosen))
        for count in range(bundle.basket_most + 1)
        for chosen in itertools.combinations(offers, count)
        if legal(bundle, chosen)
    )


def is_best(seed: int, count: int) -> None:
    bundle, lines, offers = a_basket(seed, count)
    found = best(bundle, lines, offers)
    chosen = [offer for offer in offers if offer.id in found.offers]
    told = applied(lines, chosen)
    assert found.minor == sum(one.minor for one in told) == brute(bundle, lines, offers), seed
    assert [one.offer for one in told] == list(found.offers), seed
    assert legal(bundle, chosen), seed
    assert not found.greedy, seed
    assert all(
        sum(less) <= whole
        for less, whole in zip(zip(*(one.off for one in told), strict=True), priced(lines), strict=False)
    )


def test_best_combination_is_what_trying_all_finds() -> None:
    for seed in range(60):
        is_best(seed, 1 + seed % 6)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_best_combination_is_what_trying_all_finds_in_ten_thousand_baskets() -> None:
    for seed in range(1_000, 11_000):
        is_best(seed, 1 + seed % 5 if seed % 50 else 6 + seed % 7)


def test_higher_priority_stands_whatever_the_lower_would_save() -> None:
    bundle = Bundle(version=1, categories=(Category(id="one", exclusive=True),))
    small = an_offer("small", priority=5, stack="one", effect=Effect(off_minor=10))
    large = an_offer("large", stack="two", effect=Effect(off_minor=900))
    joint = an_offer("joint", priority=1, stack="one", effect=Effect(off_minor=20))
    assert best(bundle, (a_line(),), (large, small, joint)).offers == ("small",)
    assert best(Bundle(version=1), (a_line(),), (large, small)).offers == ("small", "large")


def test_offers_of_one_category_that_excludes_all_others_stand_together() -> None:
    bundle = Bundle(version=1, categories=(Category(id="one", exclusive=True, most=2),))
    kin = [an_offer(name, stack="one", effect=Effect(off_minor=10)) for name in ("a", "b")]
    other = an_offer("other", effect=Effect(off_minor=15))
    assert best(bundle, (a_line(),), (*kin, other)).offers == ("a", "b")


def test_higher_priority_of_a_later_level_keeps_its_place_beside_the_lower_one() -> None:
    coupon = an_offer("coupon", priority=2, effect=Effect(level=Level.COUPON, percent=50))
    line = an_offer("line", effect=Effect(percent=10))
    found = best(Bundle(version=1, basket_most=2), (a_line(),), (coupon, line, an_offer("none")))
    assert (found.offers, found.minor) == (("line", "coupon"), 100 + 450)


def test_two_that_save_more_together_beat_the_one_that_saves_most_beside_what_stands() -> None:
    coupon = an_offer("coupon", priority=2, effect=Effect(level=Level.COUPON, percent=50))
    one = an_offer("one", excludes=("two", "three"), effect=Effect(off_minor=500))
    pair = [an_offer(name, effect=Effect(off_minor=300)) for name in ("two", "three")]
    found = best(Bundle(version=1), (a_line(),), (coupon, one, *pair))
    assert (found.offers, found.minor) == (("three", "two", "coupon"), 800)


def test_nothing_useful_is_no_combination() -> None:
    assert best(Bundle(version=1), (a_line(),), (an_offer(),)) == Stack()


@pytest.mark.parametrize("limit", ["NODES_MAX", "LOOKS_MAX"])
def test_search_that_takes_too_long_takes_a_good_one_and_says_so(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacking, limit, 1)
    bundle = Bundle(version=1, basket_most=2, categories=(Category(id="s"),))
    offers = [
        an_offer(
            f"o{minor}",
            stack="s" if minor == 400 else "",
            effect=Effect(level=Level.BASKET, percent=minor // 10),
        )
        for minor in (100, 300, 400)
    ]
    found = best(bundle, (a_line(), a_line("water", 70)), offers)
    assert found.greedy
    assert set(found.offers) == {"o300", "o400"}
