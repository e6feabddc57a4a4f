"""Conditions: the last word of weather and crowd, each for so long, and nothing where nobody told."""

from __future__ import annotations

import pytest

from edge.core.conditions import CROWD_GOOD_MS, UNTOLD, WEATHER_GOOD_MS, Conditions, with_words

NOW_MS = 10**12
TOLD = Conditions(weather="rain", weather_ms=NOW_MS, crowd="low", crowd_ms=NOW_MS)


def test_a_word_is_good_for_so_long_and_then_nobody_knows() -> None:
    assert (TOLD.weather_at(NOW_MS + WEATHER_GOOD_MS), TOLD.crowd_at(NOW_MS + CROWD_GOOD_MS)) == (
        "rain",
        "low",
    )
    assert TOLD.weather_at(NOW_MS + WEATHER_GOOD_MS + 1) is None
    assert TOLD.crowd_at(NOW_MS + CROWD_GOOD_MS + 1) is None


def test_where_nobody_told_nothing_is_known() -> None:
    assert (UNTOLD.weather_at(0), UNTOLD.crowd_at(0)) == (None, None)


@pytest.mark.parametrize(
    ("words", "at_ms", "then"),
    [
        (
            ("sun", "full"),
            1,
            Conditions(weather="sun", weather_ms=NOW_MS + 1, crowd="full", crowd_ms=NOW_MS + 1),
        ),
        (("sun", ""), 1, Conditions(weather="sun", weather_ms=NOW_MS + 1, crowd="low", crowd_ms=NOW_MS)),
        (("", "full"), 1, Conditions(weather="rain", weather_ms=NOW_MS, crowd="full", crowd_ms=NOW_MS + 1)),
        (("sun", "full"), -1, TOLD),
    ],
)
def test_the_later_word_holds_and_an_empty_one_is_none(
    words: tuple[str, str], at_ms: int, then: Conditions
) -> None:
    now_ms = NOW_MS + 1
    assert with_words(TOLD, weather=words[0], crowd=words[1], at_ms=NOW_MS + at_ms, now_ms=now_ms) == then


def test_a_word_of_a_clock_that_was_set_back_since_holds_nothing_up_and_says_nothing() -> None:
    now_ms = NOW_MS - 24 * WEATHER_GOOD_MS
    assert (TOLD.weather_at(now_ms), TOLD.crowd_at(now_ms)) == (None, None)
    then = with_words(TOLD, weather="sun", crowd="full", at_ms=now_ms, now_ms=now_ms)
    assert (then.weather_at(now_ms), then.crowd_at(now_ms)) == ("sun", "full")
