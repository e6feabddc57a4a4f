"""Turns: two moments are of one turn where clock, weather and crowd let the same offers be made."""

from __future__ import annotations

import datetime as dt

import pytest

from edge.core.offers import AboutNow, AboutSite, Bundle, Offer, Period
from edge.core.offers.bundle import OfferRule
from edge.core.offers.offer import Kind
from edge.rules import turn_of

NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
ALWAYS = Period()


def turn(cel: str, *, minute: int = 720, weather: str | None = None, period: Period = ALWAYS) -> str:
    offer = Offer(id="o", kind=Kind.DISCOUNT, campaign="c", rule="r", period=period)
    bundle = Bundle(version=1, offers=(offer,), rules=(OfferRule(id="r", version=1, cel=cel),))
    wall = NOON.replace(hour=minute // 60, minute=minute % 60)
    return turn_of(
        bundle, wall, now=AboutNow(minute=minute, weekday=1), site=AboutSite(id="park", weather=weather)
    )


@pytest.mark.parametrize(
    ("cel", "apart"),
    [
        ("now.minute >= 720", [719, 720]),
        ("guest.tier == 'gold' && (now.minute < 600 || now.minute >= 720)", [599, 600, 720]),
        ("has(guest.tier) ? now.minute < 720 : true", [719, 720]),
        ("now.minute - guest.points < 600", [719, 720]),
        ("now.minute / 60 == 12", [719, 720]),
        ("now.weekday == 1", [719]),
        ("guest.tier == 'gold'", [719]),
    ],
)
def test_a_turn_is_over_when_a_comparison_of_the_clock_answers_otherwise(cel: str, apart: list[int]) -> None:
    told = [turn(cel, minute=at) for at in (*apart, *(at + 1 for at in apart))]
    assert len(set(told[: len(apart)])) == len(apart)
    assert len({turn(cel, minute=at) for at in range(apart[-1], apart[-1] + 10)}) == 1


def test_weather_is_of_a_turn_where_a_rule_asks_for_it() -> None:
    wet, plain = "site.weather == 'rain'", "now.minute >= 0"
    assert len({turn(wet), turn(wet, weather="rain"), turn(wet, weather="sun")}) == 3, "not known is no 'no'"
    assert turn(plain) == turn(plain, weather="rain")
    known = "has(site.weather)"
    assert turn(known) != turn(known, weather="sun")


def test_a_period_that_begins_or_ends_is_another_turn() -> None:
    noon = Period(from_min=720, until_min=780)
    told = [turn("true", minute=at, period=noon) for at in (719, 720, 779, 780)]
    assert told[0] != told[1] == told[2] != told[3] == told[0]
