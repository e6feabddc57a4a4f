"""How loud a band is and how often it is heard, whatever order and whatever clock its samples come by."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.presence.window import AHEAD_MS_MAX, INTERVAL_MS, SAMPLES_MAX, SILENCE_MS, WINDOW_MS, Window


def heard(*levels: int, every_ms: int = 300, window: Window | None = None) -> Window:
    """A window that heard these levels one after the other, the last one at time ``every_ms * n``."""
    window = window or Window()
    for number, level in enumerate(levels, start=1):
        window.hear(number * every_ms, level)
    return window


def test_nothing_heard_says_nothing_and_is_silent() -> None:
    assert Window().look(1_000) is None
    assert Window().is_silent(1_000)


@pytest.mark.parametrize(("every_ms", "needed"), [(100, 4), (300, 4), (1_000, 3), (1_200, 3)])
def test_too_few_samples_say_nothing(every_ms: int, needed: int) -> None:
    assert heard(*[-5] * (needed - 1), every_ms=every_ms).look(every_ms * needed) is None
    assert heard(*[-5] * needed, every_ms=every_ms).look(every_ms * needed) == -5


def test_level_is_an_upper_quantile_by_nearest_rank() -> None:
    loudest_first = [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10]
    window = heard(*loudest_first, every_ms=200)
    assert window.look(2_000) == sorted(loudest_first)[rank(10) - 1]


def rank(samples: int) -> int:
    from edge.core.presence.window import QUANTILE_PERCENT

    return -(-QUANTILE_PERCENT * samples // 100)


def test_what_is_older_than_the_window_counts_no_more() -> None:
    window = heard(0, 0, 0, 0, -20, -20, -20, -20, -20, -20, -20, -20, -20)
    shortest_ms, _ = WINDOW_MS
    assert window.look(300 * 4 + shortest_ms + 1) == -20


@pytest.mark.parametrize("every_ms", [300, 1_000, 1_200])
def test_window_holds_as_many_intervals_however_long_they_are(every_ms: int) -> None:
    window = heard(*[-3] * 12, every_ms=every_ms)
    assert window.look(12 * every_ms + 3 * every_ms) == -3, "three missed ones are no silence"


def test_interval_is_what_was_measured() -> None:
    assert heard(-3, -3).interval_ms == INTERVAL_MS, "one gap says nothing yet"
    assert heard(*[-3] * 5, every_ms=1_000).interval_ms == 1_000
    missed = Window()
    for at_ms in (0, 300, 600, 1_500, 1_800, 2_100):
        missed.hear(at_ms, -3)
    assert missed.interval_ms == 300, "an advertisement that was missed does not make it longer"


def test_older_sample_than_the_newest_is_ignored() -> None:
    window = heard(-9, -9, -9, -9)
    window.hear(300, 0)
    window.hear(1_199, 0)
    assert window.look(1_200) == -9
    assert window.interval_ms == 300


def test_two_samples_at_once_are_one_and_the_louder_counts() -> None:
    window = heard(-9, -9, -9)
    window.hear(900, -2)
    window.hear(900, -5)
    assert window.look(900) is None, "three moments are not four"
    window.hear(1_200, -2)
    assert window.look(1_200) is not None
    assert window.interval_ms == 300


def test_clock_that_was_set_back_begins_anew() -> None:
    window = heard(*[-3] * 8)
    early_ms = 2_400 - AHEAD_MS_MAX - 1
    assert window.look(early_ms) is None
    assert not window.is_silent(early_ms)
    for number in range(1, 5):
        window.hear(early_ms + 300 * number, -7)
    assert window.look(early_ms + 1_200) == -7


def test_sample_a_little_ahead_is_no_clock_that_was_set_back() -> None:
    assert heard(*[-3] * 8).look(2_400 - AHEAD_MS_MAX) == -3


def test_silence_is_longer_for_whoever_is_heard_seldom() -> None:
    assert not heard(*[-3] * 8).is_silent(2_400 + SILENCE_MS)
    assert heard(*[-3] * 8).is_silent(2_400 + SILENCE_MS + 1)
    seldom = heard(*[-3] * 8, every_ms=3_000)
    assert not seldom.is_silent(24_000 + SILENCE_MS + 1)
    assert seldom.is_silent(24_000 + 12_001)


def test_window_is_bounded_however_fast_a_band_sends() -> None:
    window = heard(*[-3] * 1_000, every_ms=1)
    assert len(window._samples) == SAMPLES_MAX


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(-60, 20)), max_size=80), st.integers(0, 70_000))
def test_level_is_one_that_was_heard_in_any_order(told: Iterable[tuple[int, int]], now_ms: int) -> None:
    window, samples = Window(), list(told)
    for at_ms, level in samples:
        window.hear(at_ms, level)
    level_now = window.look(now_ms)
    assert level_now is None or level_now in {level for _, level in samples}
