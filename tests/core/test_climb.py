"""What lacks to the next tier: told in a word, made less by what is sold, and no longer than it is good."""

from __future__ import annotations

import pytest

from edge.core.climb import Climb, as_word, climb_of, expects, read_word
from edge.core.payment.legs import Leg, Tender, paid_by
from edge.core.segments import is_code, plain
from edge.core.tiers import Ladder, Step

LADDER = Ladder(steps=(Step("basic", 0), Step("silver", 10_000), Step("gold", 50_000)), currency="EUR")
DAY = 739_500
KNOWN = Climb("gold", 1_200, "EUR", 1_790_000_000, DAY)
ANNA, BEA = b"a" * 16, b"b" * 16


@pytest.mark.parametrize(
    ("tier", "spent_minor", "then"),
    [
        ("basic", 9_400, ("silver", 600)),
        ("silver", 9_400, ("gold", 40_600)),
        ("basic", 10_000, ("silver", 0)),
        ("basic", 60_000, ("gold", -10_000)),
        ("", 0, ("silver", 10_000)),
        ("press", -5, ("silver", 10_005)),
        ("gold", 60_000, None),
    ],
)
def test_what_lacks_is_to_the_tier_above_or_the_highest_that_is_reached(
    tier: str, spent_minor: int, then: tuple[str, int] | None
) -> None:
    found = climb_of(LADDER, tier, spent_minor=spent_minor, counted_ms=1_001, until_day=DAY)
    assert found == (None if then is None else Climb(*then, "EUR", 2, DAY))


def test_a_ladder_of_one_tier_leads_nowhere() -> None:
    flat = Ladder(steps=(Step("basic", 0),), currency="EUR")
    assert climb_of(flat, "", spent_minor=9, counted_ms=0, until_day=DAY) is None


@pytest.mark.parametrize(
    ("sold_minor", "day", "tier"),
    [
        (1_200, DAY, "gold"),
        (1_199, DAY, ""),
        (1_200, DAY + 1, ""),
        (1_200 - 1, DAY - 1, ""),
        (5_000, DAY - 1, "gold"),
    ],
)
def test_a_tier_is_expected_once_enough_was_sold_while_the_word_is_good(
    sold_minor: int, day: int, tier: str
) -> None:
    assert expects(KNOWN, sold_minor=sold_minor, day=day) == tier


def test_what_is_reached_already_is_expected_unless_as_much_came_back() -> None:
    known = KNOWN._replace(missing_minor=-100)
    assert expects(known, sold_minor=0, day=DAY) == "gold"
    assert expects(known, sold_minor=-101, day=DAY) == ""


@pytest.mark.parametrize(
    "known", [KNOWN, KNOWN._replace(missing_minor=-7), KNOWN._replace(tier="gold: the second")]
)
def test_it_is_a_word_that_no_rule_of_a_door_sees(known: Climb) -> None:
    word = as_word(known)
    assert read_word(("vip", word, "language:it")) == known
    assert not is_code(word)
    assert plain(("vip", word)) == ("vip",)


@pytest.mark.parametrize(
    "word", ["", "vip", "climb:", "climb:1:EUR:2:3:", "climb:x:EUR:2:3:gold", "climb:1:eur:2:3:gold"]
)
def test_what_makes_no_sense_says_nothing(word: str) -> None:
    assert read_word((word,)) is None
    assert read_word(()) is None


def test_each_band_has_paid_what_stands_of_its_money_and_no_discount() -> None:
    def leg(minor: int, band: bytes | None = ANNA, tender: Tender = Tender.WALLET, back: int = 0) -> Leg:
        return Leg(number=1, tender=tender, amount_minor=minor, band=band, voided_minor=back)

    legs = (leg(600, back=100), leg(40, tender=Tender.VOUCHER), leg(9, tender=Tender.DISCOUNT), leg(7, BEA))
    assert paid_by((*legs, leg(800, None, Tender.CASH))) == {ANNA: 540, BEA: 7}
