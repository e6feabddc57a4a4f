"""Who waits for our answer: the edges know it of whom they may offer something, until the case is solved."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.consent import Source
from edge.core.profiles import ProfileItem
from edge.core.waiting import waits
from sync.central.care import cases, heard
from sync.central.care.case import Case, Links, Result, Step, Subject, Told
from sync.central.people import merging
from sync.central.registry import consents, guests, profiles
from sync.central.registry.expected import expected_table
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import STEPS, Store, update
from sync.central.telling.renewal import renew
from tests.sync.builders import NOW_MS, SITE
from tests.sync.journey.book import BAND, GUEST, Book

assert heard.ROOMS, "the rooms beside cases are there"


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    with small_store.transaction() as tx:
        profiles.publish_guests(tx, SITE, [GUEST])
    made.allows("offers")
    return made


def a_case(book: Book, guest: str = GUEST) -> Case:
    links = Links(guest=guest)
    first = Told(op=f"form-{guest}", step=Step.OPENED, at_ms=NOW_MS, word=Subject.BAND.value, links=links)
    with book.store.transaction() as tx:
        return cases.open_case(tx, SITE, first)


def tell(book: Book, case: Case, step: Step, word: str = "") -> None:
    told = Told(op=f"{step}/{case.id}", step=step, at_ms=NOW_MS, who="carla", word=word)
    with book.store.transaction() as tx:
        cases.tell(tx, SITE, case.id, told=told)


def known(book: Book) -> bool:
    """What the edges are told, once those who tell them have looked."""
    renew(book.store, SITE, now=False)
    with book.store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    return waits(msgspec.msgpack.decode(body, type=ProfileItem).profile.tags)


def test_an_open_case_is_known_until_it_is_solved_and_again_when_the_guest_writes(book: Book) -> None:
    assert not known(book)
    case = a_case(book)
    assert known(book)
    tell(book, case, Step.ANSWERED)
    assert known(book), "answered is not solved"
    tell(book, case, Step.SOLVED, Result.PUT_RIGHT.value)
    assert not known(book)
    tell(book, case, Step.HEARD)
    assert known(book)
    tell(book, case, Step.CLOSED, Result.PUT_RIGHT.value)
    assert not known(book)


def test_who_waited_before_edges_were_told_of_it_is_told_of_by_the_update(book: Book) -> None:
    a_case(book)
    with book.store.transaction() as tx:
        tx.execute(update(expected_table).values(again_ms=None))
    assert not known(book), "as a former release left it"
    with book.store.transaction() as tx:
        STEPS[14](tx)
    assert known(book)


def test_of_who_allows_no_offers_no_edge_is_told(book: Book) -> None:
    book.allows("offers", given=False)
    a_case(book)
    assert not known(book)


def test_a_case_of_nobody_or_of_somebody_else_tells_nothing_of_this_guest(book: Book) -> None:
    a_case(book, guest="")
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="other")])
    a_case(book, guest="other")
    assert not known(book)


def test_one_person_waits_under_each_of_their_names(book: Book) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="other")])
        take_turn(tx, SITE)
        consents.set_here(tx, SITE, "other", purpose="offers", given=True)
    a_case(book, guest="other")
    assert not known(book)
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        grounds = merging.Grounds("olga", "one address", Source.CONSOLE)
        merging.join(tx, SITE, merging.Pair("other", GUEST), grounds=grounds)
    assert known(book)
