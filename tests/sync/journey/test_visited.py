"""On how many days a guest came in: told to edges of who lets it choose, and the same in a channel."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.calendar import DAY_MS
from edge.core.decision import Outcome
from edge.core.events import Kind
from edge.core.profiles import ProfileItem
from edge.core.visits import Visits, read_word
from sync.central.journey import diary, visited
from sync.central.journey.entry import Entry, Via, What
from sync.central.registry import profiles
from sync.central.registry.expected import expected_table
from sync.central.registry.localday import day_at
from sync.central.registry.turn import take_turn
from sync.central.store import STEPS, Store, update
from sync.central.telling.renewal import renew
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.journey.book import BAND, GUEST, OWNER, Book, a_passage

assert visited.CAME


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    made.allows("offers", "offers:behaviour")
    return made


def came(book: Book, *days: int, weight: int = 1) -> None:
    """The guest came in so many days ago."""
    told = [
        Entry(source="gate", id=f"{ago}/{weight}", owner=OWNER, hlc=(NOW_MS - ago * DAY_MS) << 16,
              uncertainty_ms=0, via=Via.GATE, what=What.ENTERED, weight=weight)
        for ago in days
    ]  # fmt: skip
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        diary.put(tx, SITE, told)


def known(book: Book) -> Visits | None:
    """What the edges are told."""
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        profiles.publish_guests(tx, SITE, [GUEST])
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    return read_word(msgspec.msgpack.decode(body, type=ProfileItem).profile.tags)


def today(book: Book) -> int:
    with book.store.reading() as tx:
        return day_at(tx, SITE, NOW_MS)


def test_days_are_counted_once_each_within_a_year_and_less_what_was_taken_back(book: Book) -> None:
    assert known(book) == Visits(0, 0)
    came(book, 2, 9, 366)
    assert known(book) == Visits(2, today(book) - 2)
    came(book, 2, weight=-1)
    assert known(book) == Visits(1, today(book) - 9)


def test_no_edge_is_told_of_who_does_not_let_it_choose(book: Book) -> None:
    came(book, 2)
    book.allows("offers:behaviour", given=False)
    assert known(book) is None


def test_who_came_in_is_told_anew_once_the_day_is_over(book: Book, clock: Clockwork) -> None:
    assert known(book) == Visits(0, 0)
    book.tells(Kind.DECIDED, a_passage(outcome=Outcome.GRANTED))
    assert book.says() == [("entered", 1)]
    assert renew(book.store, SITE, now=True) == 0
    clock.ms += DAY_MS
    assert renew(book.store, SITE, now=True) == 1
    with book.store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    assert read_word(msgspec.msgpack.decode(body, type=ProfileItem).profile.tags) == Visits(1, today(book))


@pytest.mark.parametrize("given", [True, False])
def test_edges_are_told_by_the_update_of_who_came_before_they_were_told_of_visits(
    book: Book, *, given: bool
) -> None:
    came(book, 2)
    book.allows("offers:behaviour", given=given)
    known(book)
    with book.store.transaction() as tx:
        tx.execute(update(expected_table).values(again_ms=None))
    assert renew(book.store, SITE, now=False) == 0, "as a former release left it"
    with book.store.transaction() as tx:
        STEPS[15](tx)
    assert renew(book.store, SITE, now=False) == int(given), "of who does not allow it nothing is told anew"
