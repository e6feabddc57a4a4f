"""A band's identity key among its other keys: told whole, and silent in every log."""

from __future__ import annotations

import pytest

from edge.core.onair import OnAir, octets_of, on_air_in


@pytest.mark.parametrize("offset_s", [0, -1, 1, 2**40, -(2**40)])
def test_what_is_written_is_read(offset_s: int) -> None:
    told = OnAir(bytes(range(16)), offset_s)
    assert on_air_in(octets_of(told)) == told


@pytest.mark.parametrize("octets", [b"", bytes(16), bytes(23), bytes(25)])
def test_another_length_is_no_key(octets: bytes) -> None:
    assert on_air_in(octets) is None


def test_it_says_nothing_of_its_key() -> None:
    assert repr(OnAir(b"k" * 16, 5)) == "OnAir()"
