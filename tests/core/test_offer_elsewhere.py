"""What other devices showed counts against a cap together with what was shown here."""

from __future__ import annotations

import msgspec

from edge.core.events import Kind
from edge.core.offers import Counted, Span
from edge.core.offers.elsewhere import COUNTED, OFFER_CHARS_MAX, ROWS_MAX, Times, Totals, added, summed
from sync.wire import ITEM_BYTES_MAX

TODAY = 739_950
SHOWN, REDEEMED = Counted.SHOWN, Counted.REDEEMED


def test_each_device_adds_to_its_own_total_and_leaves_the_others_alone() -> None:
    known: Totals = {"a": (Times("soup", SHOWN, TODAY, 2),), "b": (Times("soup", SHOWN, TODAY, 1),)}
    fresh = [Times("soup", SHOWN, TODAY), Times("soup", REDEEMED, TODAY), Times("soup", SHOWN, TODAY)]
    after = added(known, fresh, device="a")
    assert after["b"] == known["b"]
    assert set(after["a"]) == {Times("soup", SHOWN, TODAY, 4), Times("soup", REDEEMED, TODAY, 1)}


def test_the_sum_does_not_depend_on_who_told_first() -> None:
    one, two = Times("soup", SHOWN, TODAY), Times("soup", SHOWN, TODAY, 2)
    first = added(added({}, [one], device="a"), [two], device="b")
    second = added(added({}, [two], device="b"), [one], device="a")
    assert summed(first, day=TODAY) == summed(second, day=TODAY)
    assert summed(first, day=TODAY)["soup", SHOWN, Span.DAY] == 3


def test_a_day_a_week_and_a_campaign_are_counted_apart_and_a_session_is_of_one_place() -> None:
    told = {"a": tuple(Times("soup", SHOWN, TODAY - back) for back in (0, 6, 7, 100))}
    assert summed(told, day=TODAY) == {
        ("soup", SHOWN, Span.DAY): 1,
        ("soup", SHOWN, Span.WEEK): 2,
        ("soup", SHOWN, Span.CAMPAIGN): 4,
    }


def test_a_day_that_another_clock_is_ahead_by_is_not_this_week() -> None:
    told = {"a": (Times("soup", SHOWN, TODAY + 1),)}
    assert summed(told, day=TODAY) == {("soup", SHOWN, Span.CAMPAIGN): 1}


def test_the_oldest_days_go_first_and_the_fullest_fits_one_item() -> None:
    wide = "\U0001f36e" * (OFFER_CHARS_MAX - 3)
    fresh = [Times(f"{wide}{number:03}", SHOWN, TODAY - number, 1 << 31) for number in range(ROWS_MAX + 5)]
    names = [f"device-{number:057}" for number in range(64)]
    known: Totals = {}
    for place, one in enumerate(fresh):
        known = added(known, [one], device=names[place % len(names)])
    rows = [one for there in known.values() for one in there]
    assert {one.day for one in rows} == {TODAY - number for number in range(ROWS_MAX)}
    assert len(msgspec.msgpack.encode(known)) <= ITEM_BYTES_MAX


def test_only_what_was_painted_and_what_was_paid_counts() -> None:
    assert set(COUNTED) == {
        *(Kind.OFFER_SHOWN, Kind.OFFER_REDEEMED, Kind.OFFER_RETURNED),
        Kind.OFFER_MADE_OVER,
    }


def test_what_came_back_leaves_the_newest_day_that_has_it_and_never_less_than_nothing() -> None:
    known: Totals = {"a": (Times("soup", REDEEMED, TODAY - 9), Times("soup", REDEEMED, TODAY - 2, 2))}
    back = Times("soup", REDEEMED, TODAY, -1)
    once = added(known, [back], device="a")
    assert set(once["a"]) == {Times("soup", REDEEMED, TODAY - 9), Times("soup", REDEEMED, TODAY - 2)}
    assert added(once, [back, back, back], device="a") == {}
    there = {"a": known["a"][:1]}
    assert added(there, [back], device="b") == there, "of what it never redeemed a device takes nothing"
