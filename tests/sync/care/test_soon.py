"""Who writes to us in private hears from us within five minutes, as soon as the site is open."""

from __future__ import annotations

import datetime as dt

import pytest

from edge.core.calendar import MINUTE_MS
from edge.core.entitlements import Hours
from edge.core.places import Point, PointKind
from sync.central.care.case import Links, Step, Told, after, opened
from sync.central.care.soon import answer_by
from sync.central.journey.entry import Via
from sync.central.registry import layout
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.journey.book import Book

SOON_MS = 5 * MINUTE_MS
DAY, NIGHT = {0: ((9 * 60, 17 * 60),), 1: ((10 * 60, 17 * 60),)}, {0: ((19 * 60, 23 * 60),)}


def at(day: int, hour: int, minute: int = 0) -> int:
    """A moment of the week that began on Monday, 1 July 2030, in Rome, two hours before Greenwich."""
    return int(dt.datetime(2030, 7, day, hour - 2, minute, tzinfo=dt.UTC).timestamp() * 1_000)


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    with small_store.transaction() as tx:
        for id_, kind, hours in (("gate", PointKind.GATE, DAY), ("bar", PointKind.TILL, NIGHT)):
            layout.put_thing(tx, SITE, Point(id=id_, kind=kind, zone="park", hours=Hours(weekdays=hours)))
        layout.publish_layout(tx, SITE)
    return made


@pytest.mark.parametrize(
    ("now_ms", "from_ms"),
    [
        (at(1, 9), at(1, 9)),
        (at(1, 16, 59), at(1, 16, 59)),
        (at(1, 20), at(1, 20)),
        (at(1, 8), at(1, 9)),
        (at(1, 18), at(1, 19)),
        (at(1, 23), at(2, 10)),
        (at(2, 17), at(8, 9)),
    ],
    ids=["opens", "closes soon", "the bar alone", "before it opens", "between", "at night", "until Monday"],
)
def test_five_minutes_count_from_when_any_point_is_open(book: Book, now_ms: int, from_ms: int) -> None:
    with book.store.reading() as tx:
        assert answer_by(tx, SITE, Via.APP, at_ms=now_ms) == from_ms + SOON_MS
        assert answer_by(tx, SITE, Via.EMAIL, at_ms=now_ms) is None


def test_a_site_that_keeps_no_hours_is_open(small_store: Store) -> None:
    Book(small_store)
    with small_store.reading() as tx:
        assert answer_by(tx, SITE, Via.APP, at_ms=at(1, 3)) == at(1, 3) + SOON_MS


def test_a_private_message_into_a_case_that_is_owed_later_is_owed_its_own_answer() -> None:
    first = opened("c", Told(op="o", step=Step.OPENED, at_ms=1, word="order", via="email", until_ms=900))
    sooner = after(first, Told(op="h", step=Step.HEARD, at_ms=20, via="app", until_ms=29))
    assert (sooner.due_ms, sooner.moved, sooner.is_late(30)) == (29, 0, True)
    again = after(sooner, Told(op="i", step=Step.HEARD, at_ms=25, via="app", until_ms=34))
    assert again.due_ms == 29, "a second message puts nothing off"
    late = after(sooner, Told(op="j", step=Step.HEARD, at_ms=60, via="app", until_ms=69))
    assert (late.due_ms, late.is_late(61)) == (29, True), "nor does it make up for what was not kept"


def test_what_is_written_again_after_an_answer_is_owed_one_as_soon() -> None:
    first = Told(op="o", step=Step.OPENED, at_ms=1, word="order", via="app", links=Links(), until_ms=9)
    answered = after(opened("c", first), Told(op="a", step=Step.ANSWERED, at_ms=5))
    assert (opened("c", first).due_ms, answered.due_ms, answered.kept) == (9, None, 1)
    again = after(answered, Told(op="h", step=Step.HEARD, at_ms=20, until_ms=29))
    assert (again.due_ms, again.is_late(29), again.is_late(30)) == (29, False, True)
