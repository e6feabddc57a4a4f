"""Whoever is expected is found in this epoch and beside it; nobody is ever taken for another guest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ble.eid import eid
from hardware.ble.epochs import DRIFT_PERIODS_MAX, SLICE_ROWS, Epochs, Expected, Heard, Roster, Table

K = 9
PERIOD_S = 2**K
NOW_S = 1_700_000_000 >> K << K
"""The beginning of an epoch of the place."""


def a_band(number: int, offset_s: int = 0) -> Expected:
    return Expected(number.to_bytes(16, "big"), (number * 7919 + 1).to_bytes(16, "little"), offset_s)


def said(band: Expected, place_s: int, *, ahead_s: int = 0) -> bytes:
    """What a band sends at a time of the place, with its clock that much ahead of what is known of it."""
    return eid(band.key, place_s + band.offset_s + ahead_s, K)


def tables(roster: Roster, place_s: int = NOW_S) -> Epochs:
    epochs = Epochs(roster, K)
    while epochs.work(place_s):
        pass
    return epochs


@given(st.integers(-(2**31), 2**31), st.integers(0, PERIOD_S - 1), st.integers(0, 2**32))
def test_band_of_any_clock_is_found_at_any_moment_of_an_epoch(
    offset_s: int, moment_s: int, start_s: int
) -> None:
    band, begun = a_band(1, offset_s), start_s >> K << K
    epochs = tables(Roster([band, a_band(2)]), begun)

    assert epochs.resolve(said(band, begun + moment_s), begun + moment_s) == Heard(band.id, 0)


@pytest.mark.parametrize("begun", [65_536 - PERIOD_S, 65_536, 2**32 - PERIOD_S, 2**32])
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_band_a_period_early_or_late_is_found_also_where_its_temporary_key_or_its_time_begins_again(
    begun: int, step: int
) -> None:
    bands = [a_band(number) for number in range(20)]
    epochs = tables(Roster(bands), begun)
    for band in bands:
        assert epochs.resolve(said(band, begun, ahead_s=step * PERIOD_S), begun) == Heard(band.id, step)


@given(st.integers(0, PERIOD_S - 1), st.integers(0, PERIOD_S - 1), st.integers(-PERIOD_S, PERIOD_S))
def test_band_of_any_clock_that_is_off_by_up_to_a_period_is_found(
    offset_s: int, moment_s: int, ahead_s: int
) -> None:
    band, place_s = a_band(1, offset_s), NOW_S + moment_s
    heard = tables(Roster([band])).resolve(said(band, place_s, ahead_s=ahead_s), place_s)

    assert heard is not None
    assert heard.drift == ((place_s + offset_s + ahead_s) >> K) - ((place_s + offset_s) >> K)


@pytest.mark.parametrize("ahead_s", [-3 * PERIOD_S, 3 * PERIOD_S])
def test_band_three_periods_away_is_nobody(ahead_s: int) -> None:
    band = a_band(1)

    assert tables(Roster([band])).resolve(said(band, NOW_S, ahead_s=ahead_s), NOW_S) is None


@pytest.mark.parametrize("drift_s", [-40, 40])
def test_drift_is_put_right_so_that_the_band_is_found_when_it_drifts_on(drift_s: int) -> None:
    band = a_band(1)
    epochs = tables(Roster([band]))
    place_s, drifted_s = NOW_S + PERIOD_S // 2, 0
    while abs(drifted_s) < DRIFT_PERIODS_MAX * PERIOD_S:
        heard = epochs.resolve(said(band, place_s, ahead_s=drifted_s), place_s)
        assert heard is not None, f"lost {drifted_s} s away"
        place_s, drifted_s = place_s + PERIOD_S, drifted_s + drift_s
        while epochs.work(place_s):
            pass


def test_who_withdraws_is_nobody_at_once_in_tables_that_are_made_too() -> None:
    band, other = a_band(1), a_band(2)
    roster = Roster([band, other])
    epochs = tables(roster)

    assert roster.withdraw(band.id)
    assert epochs.resolve(said(band, NOW_S), NOW_S) is None
    assert epochs.resolve(said(other, NOW_S), NOW_S) == Heard(other.id, 0)
    assert not roster.withdraw(band.id)
    assert band.key not in bytes(roster.keys)
    while epochs.work(NOW_S + PERIOD_S):
        pass
    assert epochs.resolve(said(band, NOW_S + PERIOD_S), NOW_S + PERIOD_S) is None


def test_who_withdraws_and_says_yes_again_is_found_in_tables_that_know_both_rows() -> None:
    band = a_band(1)
    roster = Roster([band, a_band(2)])
    epochs = tables(roster)
    roster.withdraw(band.id)
    roster.enrol(band)
    while epochs.work(NOW_S):
        pass
    assert epochs.resolve(said(band, NOW_S), NOW_S) == Heard(band.id, 0)
    assert epochs.ambiguous == 0


def test_who_comes_later_is_found_and_by_a_new_key_only_by_that() -> None:
    band = a_band(1)
    roster = Roster([a_band(number) for number in range(2, 9)])
    epochs = tables(roster)
    roster.enrol(band)
    while epochs.work(NOW_S):
        pass
    assert epochs.resolve(said(band, NOW_S), NOW_S) == Heard(band.id, 0)

    again = band._replace(key=bytes(16))
    roster.enrol(again)
    while epochs.work(NOW_S):
        pass
    assert epochs.resolve(said(band, NOW_S), NOW_S) is None
    assert epochs.resolve(said(again, NOW_S), NOW_S) == Heard(band.id, 0)


def test_id_that_lies_across_two_others_is_not_taken_for_one_of_them() -> None:
    left, right = Expected(b"a" * 8 + b"b" * 8, bytes(16)), Expected(b"c" * 8 + b"a" * 8, b"k" * 16)
    roster = Roster([left, right])

    assert not roster.withdraw(b"b" * 8 + b"c" * 8)
    assert roster.withdraw(right.id)


def test_tables_are_made_in_slices_of_which_the_first_already_answers() -> None:
    bands = [a_band(number) for number in range(2 * SLICE_ROWS + 1)]
    epochs = Epochs(Roster(bands), K)

    assert epochs.work(NOW_S)
    assert epochs.resolve(said(bands[0], NOW_S), NOW_S) == Heard(bands[0].id, 0)
    assert epochs.resolve(said(bands[-1], NOW_S), NOW_S) is None
    slices = 1
    while epochs.work(NOW_S):
        slices += 1
    assert slices == 12  # three for each of four tables
    assert epochs.resolve(said(bands[-1], NOW_S), NOW_S) == Heard(bands[-1].id, 0)


def test_what_was_made_is_kept_when_an_epoch_ends() -> None:
    roster = Roster([a_band(1)])
    epochs = tables(roster)

    assert epochs.work(NOW_S + PERIOD_S)
    assert not epochs.work(NOW_S + PERIOD_S)


def test_identity_of_two_bands_is_nobodys_and_is_counted() -> None:
    band = a_band(1)
    epochs = tables(Roster([band, band._replace(id=bytes(16))]))

    assert epochs.resolve(said(band, NOW_S), NOW_S) is None
    assert epochs.ambiguous == 4


@given(st.lists(st.one_of(st.none(), st.integers(1, 2**64 - 1)), max_size=60))
def test_table_finds_what_was_put_in_however_it_grew(values: list[int | None]) -> None:
    table = Table(0, 1, bytes([True]) * len(values))
    for value in values:
        table.add(value)
    for row, value in enumerate(values):
        if value is not None:
            assert table.find(value) == (row if values.count(value) == 1 else None)
    assert len(table) == len(values)


@pytest.mark.parametrize("octets", [b"", bytes(8), b"\x00" * 7, b"\x01" * 9])
def test_octets_that_are_no_identity_are_nobodys(octets: bytes) -> None:
    assert tables(Roster([a_band(1)])).resolve(octets, NOW_S) is None


def test_band_whose_id_or_key_has_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 octets"):
        Roster([Expected(b"short", bytes(16))])
    with pytest.raises(ValueError, match="exponent"):
        Epochs(Roster(), 16)
