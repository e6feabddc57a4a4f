"""Visits: a count of days as a word, with what a device knows of today, and of nobody who forbids it."""

from __future__ import annotations

import pytest

from edge.core.consent import Consent, Source
from edge.core.segments import is_code, plain
from edge.core.visits import Visits, allows, as_word, read_word

DAY = 739_500


def said(*topics: str) -> tuple[Consent, ...]:
    return tuple(Consent(purpose=one, turns=1, source=Source.KIOSK) for one in topics)


def test_a_count_of_days_is_a_word_that_no_rule_of_a_door_sees() -> None:
    word = as_word(Visits(3, DAY))
    assert word == "visits:3:739500"
    assert read_word(("vip", word, "language:it")) == Visits(3, DAY)
    assert not is_code(word)
    assert plain(("vip", word)) == ("vip",)


@pytest.mark.parametrize("word", ["visits:", "visits:3", "visits:x:1", "visits:3:-1", "3:1", "vip"])
def test_what_makes_no_sense_says_nothing(word: str) -> None:
    assert read_word((word,)) is None


@pytest.mark.parametrize(
    ("known", "day", "then"),
    [
        (Visits(3, DAY - 1), DAY, Visits(4, DAY)),
        (Visits(3, DAY), DAY, Visits(3, DAY)),
        (Visits(3, DAY), DAY - 1, Visits(3, DAY)),
        (Visits(3, DAY), None, Visits(3, DAY)),
        (Visits(), DAY, Visits(1, DAY)),
    ],
)
def test_a_day_that_is_known_here_counts_once(known: Visits, day: int | None, then: Visits) -> None:
    assert known.with_day(day) == then


@pytest.mark.parametrize(("ago", "days"), [(0, 2), (364, 2), (365, 0), (900, 0)])
def test_who_came_last_a_year_ago_came_on_no_day_of_it(ago: int, days: int) -> None:
    assert Visits(2, DAY - ago).within_a_year(DAY).days == days


@pytest.mark.parametrize(
    ("known", "is_first"),
    [(Visits(1, DAY), True), (Visits(1, DAY - 1), False), (Visits(2, DAY), False), (Visits(), False)],
)
def test_a_visit_is_the_first_on_the_one_day_alone(known: Visits, *, is_first: bool) -> None:
    assert known.is_first(DAY) is is_first


def test_both_the_purpose_and_its_part_are_asked_for() -> None:
    assert allows(said("offers", "offers:behaviour"))
    assert not allows(said("offers"))
    assert not allows(said("offers:behaviour"))
