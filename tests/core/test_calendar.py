"""Days of 23, 24 and 25 hours, resets in gap and fold, leap days, openings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.calendar import (
    DAY_MS,
    date_text,
    day_bounds,
    day_of,
    instant,
    is_open,
    last_reset,
    local,
    next_opening,
)
from edge.core.entitlements import Hours
from tests.builders import HOUR_MS, ROME, all_week, at

ZONES = (
    *("Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"),
    *("Africa/Cairo", "America/Santiago", "UTC"),
)


def utc(text: str) -> int:
    return at(text, dt.UTC)


def ordinal(date: str) -> int:
    return dt.date.fromisoformat(date).toordinal()


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        ("Europe/Rome", "2026-03-29", 23),
        ("Europe/Rome", "2026-03-30", 24),
        ("Europe/Rome", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Santiago", "2026-09-06", 23),
        ("Asia/Kathmandu", "2026-10-25", 24),
        ("Europe/Rome", "2028-02-29", 24),
    ],
)
def test_a_local_day_is_as_long_as_it_is(zone: str, date: str, hours: float) -> None:
    noon = instant(ZoneInfo(zone), ordinal(date), 720)
    begins, ends = day_bounds(ZoneInfo(zone), 0, noon)
    assert ends - begins == hours * HOUR_MS
    assert date_text(day_of(ZoneInfo(zone), 0, begins)) == date
    assert date_text(day_of(ZoneInfo(zone), 0, ends - 1)) == date
    assert day_of(ZoneInfo(zone), 0, ends) == ordinal(date) + 1


@pytest.mark.parametrize(
    ("date", "minute", "when"),
    [
        ("2026-03-29", 150, "2026-03-29 01:30"),
        ("2026-10-25", 150, "2026-10-25 00:30"),
        ("2026-07-15", 0, "2026-07-14 22:00"),
        ("2026-01-15", 1_440, "2026-01-15 23:00"),
        ("2026-01-15", 1_620, "2026-01-16 02:00"),
    ],
    ids=["gap: the offset before it", "fold: the first time", "midnight", "end of the day", "past midnight"],
)
def test_wall_times_are_read_as_rfc_5545_says(date: str, minute: int, when: str) -> None:
    assert instant(ROME, ordinal(date), minute) == utc(when)


def test_the_day_of_cairo_whose_midnight_does_not_exist_begins_at_one() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    begins, _ = day_bounds(cairo, 0, utc("2026-04-24 12:00"))
    assert local(cairo, begins).strftime("%Y-%m-%d %H:%M") == "2026-04-24 01:00"


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        ("2026-03-29 01:29", "2026-03-28 01:30"),
        ("2026-03-29 01:30", "2026-03-29 01:30"),
        ("2026-10-25 00:30", "2026-10-25 00:30"),
        ("2026-10-25 01:30", "2026-10-25 00:30"),
        ("2026-10-25 12:00", "2026-10-25 00:30"),
    ],
)
def test_the_reset_at_half_past_two_happens_once_each_night(now: str, reset: str) -> None:
    assert last_reset(ROME, 150, utc(now)) == utc(reset)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minute", [0, 1, 150, 240, 719, 1_439])
@pytest.mark.parametrize("month", [2, 3, 4, 9, 10, 11], ids=["Feb", "Mar", "Apr", "Sep", "Oct", "Nov"])
def test_days_follow_one_another_without_gap_or_overlap(zone: str, minute: int, month: int) -> None:
    here = ZoneInfo(zone)
    at_ms = instant(here, dt.date(2028, month, 1).toordinal(), 720)
    for _ in range(31):
        begins, ends = day_bounds(here, minute, at_ms)
        assert begins <= at_ms < ends
        assert day_of(here, minute, ends) == day_of(here, minute, at_ms) + 1
        assert day_bounds(here, minute, ends)[0] == ends
        at_ms = ends


@pytest.mark.parametrize(("beyond", "nearest"), [(-1, 0), (1_440, 1_439), (9_999, 1_439)])
def test_a_turn_of_the_day_beyond_the_day_is_its_nearest_minute(beyond: int, nearest: int) -> None:
    now = utc("2026-07-15 12:00")
    assert day_bounds(ROME, beyond, now) == day_bounds(ROME, nearest, now)


@given(st.integers(-(2**62), 2**62), st.integers(-(2**31), 2**31), st.sampled_from(ZONES))
def test_every_instant_has_a_day(at_ms: int, minute: int, zone: str) -> None:
    here = ZoneInfo(zone)
    begins, ends = day_bounds(here, minute, at_ms)
    assert 22 * HOUR_MS <= ends - begins <= 49 * HOUR_MS
    assert date_text(day_of(here, minute, at_ms))


@given(st.integers(utc("2020-01-01 00:00"), utc("2030-01-01 00:00")), st.sampled_from(ZONES))
def test_a_day_is_the_date_on_the_wall(at_ms: int, zone: str) -> None:
    here = ZoneInfo(zone)
    if zone != "Africa/Cairo":  # whose midnight may come twice: the first one turns the day
        assert day_of(here, 0, at_ms) == local(here, at_ms).toordinal()


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        (all_week("09:00", "18:00"), "2026-07-15 08:59", False),
        (all_week("09:00", "18:00"), "2026-07-15 09:00", True),
        (all_week("09:00", "18:00"), "2026-07-15 17:59", True),
        (all_week("09:00", "18:00"), "2026-07-15 18:00", False),
        (all_week("22:00", "26:00"), "2026-07-15 01:59", True),
        (all_week("22:00", "26:00"), "2026-07-15 02:00", False),
        (all_week("00:00", "24:00"), "2026-10-25 23:59", True),
        (all_week("22:00", "26:00", closed_dates=("2026-07-14",)), "2026-07-15 01:00", False),
        (all_week("22:00", "26:00", closed_dates=("2026-07-15",)), "2026-07-15 01:00", True),
        (Hours(weekdays={2: ((540, 600), (660, 720))}), "2026-07-15 10:30", False),
        (Hours(weekdays={2: ((540, 600), (660, 720))}), "2026-07-15 11:30", True),
        (Hours(weekdays={1: ((540, 600),)}), "2026-07-15 09:30", False),
    ],
)
def test_opening_hours(hours: Hours, now: str, expected: bool) -> None:
    assert is_open(hours, ROME, at(now)) is expected


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        (all_week("09:00", "18:00"), "2026-07-15 18:00", "2026-07-16 09:00"),
        (all_week("09:00", "18:00"), "2026-07-15 08:00", "2026-07-15 09:00"),
        (Hours(weekdays={2: ((540, 600), (660, 720))}), "2026-07-15 10:30", "2026-07-15 11:00"),
        (Hours(weekdays={2: ((660, 720), (540, 600))}), "2026-07-15 08:30", "2026-07-15 09:00"),
        (Hours(weekdays={2: ((540, 600),)}), "2026-07-15 09:30", "2026-07-22 09:00"),
        (all_week("02:30", "05:00"), "2026-03-28 12:00", "2026-03-29 03:30"),
        (all_week("09:00", "09:00"), "2026-07-15 08:00", None),
        (Hours(), "2026-07-15 08:00", None),
    ],
)
def test_next_opening(hours: Hours, now: str, opens: str | None) -> None:
    assert next_opening(hours, ROME, at(now)) == (None if opens is None else at(opens))


@given(st.integers(utc("2026-01-01 00:00"), utc("2027-01-01 00:00")))
def test_it_is_open_at_the_next_opening_and_not_before(at_ms: int) -> None:
    hours = all_week("09:00", "18:00", closed_dates=("2026-12-25",))
    opens = next_opening(hours, ROME, at_ms)
    assert opens is not None
    assert is_open(hours, ROME, opens)
    assert not is_open(hours, ROME, opens - 1)
    assert opens - at_ms <= 2 * DAY_MS
