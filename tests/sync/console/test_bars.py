"""Bars: pages whose figures people would rather look at than read have both, and no bar is a lie."""

from __future__ import annotations

import pytest

from sync.central.console.bars import BARS_MAX, filled, in_order, longest_first


def test_the_longest_bar_is_the_whole_width_and_the_others_are_parts_of_it() -> None:
    assert longest_first([("a", 1), ("b", 4)]) == [("b", 4, 1_000), ("a", 1, 250)]
    assert in_order([("a", 1), ("b", 4)]) == [("a", 1, 250), ("b", 4, 1_000)]


def test_nothing_and_less_than_nothing_have_no_length() -> None:
    assert in_order([]) == []
    assert in_order([("a", 0), ("b", 0)]) == [("a", 0, 0), ("b", 0, 0)]
    assert in_order([("owed", -2), ("a", 2)]) == [("owed", -2, 0), ("a", 2, 1_000)]


def test_a_part_is_never_drawn_longer_than_its_whole_and_a_whole_of_nothing_not_at_all() -> None:
    assert filled([("a", 1, 4), ("full", 5, 4), ("endless", 3, 0)]) == [
        ("a", "1 / 4", 250),
        ("full", "5 / 4", 1_000),
    ]


@pytest.mark.parametrize("drawn", [longest_first, in_order])
def test_a_chart_ends_where_nobody_looks_any_more_and_the_table_goes_on(drawn: object) -> None:
    assert callable(drawn)
    assert len(drawn([(str(one), one) for one in range(100)])) == BARS_MAX
