"""Birthdays: a word for one day alone, which says how near one is and of nobody who forbids it."""

from __future__ import annotations

import pytest

from edge.core.birthday import Near, allows, as_word, is_told, read_word
from edge.core.consent import Channel, Consent, Source
from edge.core.offers import AboutGuest, Context, Standing, choose
from edge.core.segments import is_code, plain
from tests.core.offered import ALL, an_occasion, an_offer
from tests.core.test_offer_gates import Says

DAY = 739_500


def said(*topics: str) -> tuple[Consent, ...]:
    return tuple(Consent(purpose=one, turns=1, source=Source.KIOSK) for one in topics)


def test_how_near_it_is_is_a_word_that_no_rule_of_a_door_sees() -> None:
    word = as_word(Near.WEEK, DAY)
    assert word == "birthday:week:739500"
    assert read_word(("vip", word), DAY) is Near.WEEK
    assert read_word((as_word(Near.TODAY, DAY),), DAY) is Near.TODAY
    assert is_told(("vip", word))
    assert not is_code(word)
    assert plain(("vip", "birthday", word)) == ("vip", "birthday"), "an operator's own word stays one"


@pytest.mark.parametrize("today", [DAY - 1, DAY + 1])
def test_a_word_says_nothing_on_another_day(today: int) -> None:
    assert read_word((as_word(Near.TODAY, DAY),), today) is None


@pytest.mark.parametrize("word", ["birthday:", "birthday:today", "birthday:soon:739500", "birthday", "vip"])
def test_what_makes_no_sense_says_nothing(word: str) -> None:
    assert read_word((word,), DAY) is None


def test_both_the_purpose_and_its_part_are_asked_for_by_the_way_that_is_meant() -> None:
    assert allows(said("offers", "offers:demographic"))
    assert not allows(said("offers"))
    assert not allows(said("offers:demographic"))
    assert not allows(said("offers", "offers:demographic"), [Channel.APP])


@pytest.mark.parametrize(
    ("standing", "known"),
    [
        (ALL, "today"),
        (Standing(offers=True, namespaces=("interest", "behaviour")), None),
        (Standing(offers=True, namespaces=("demographic",)), "today"),
    ],
)
def test_a_rule_sees_it_where_what_was_declared_may_choose(standing: Standing, known: str | None) -> None:
    rule, context = Says(True), Context(guest=AboutGuest(birthday="today", tier="gold"))
    choose(an_occasion(an_offer(rule="r"), rules={"r": rule}, context=context, standing=standing))
    assert [dict(one).get("guest.birthday") for one in rule.asked] == [known]


@pytest.mark.parametrize(
    ("standing", "may"),
    [
        (ALL, True),
        (Standing(namespaces=("demographic",)), False),
        (Standing(offers=True, namespaces=("demographic",), child=True), False),
    ],
)
def test_without_offers_and_of_a_child_it_may_not(standing: Standing, *, may: bool) -> None:
    assert standing.declared is may
