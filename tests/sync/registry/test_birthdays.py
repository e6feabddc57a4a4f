"""Birthdays at central: sealed, told to edges as a word for a day of who allows it, gone when taken back."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.birthday import BIRTHDAY, Near, read_word
from edge.core.calendar import DAY_MS
from edge.core.entitlements import Entitlement, Party
from edge.core.profiles import ProfileItem
from edge.errors import NotAllowed
from edge.keys.source import OnlyRoot, Source
from edge.run.provider import LateSeals
from sync.central.export import told_of
from sync.central.privacy.ended import members_before
from sync.central.registry import bands, birthdays, guests, links, members, profiles, rights, wallets
from sync.central.registry.birthdays import Birthday
from sync.central.registry.guests import Guest
from sync.central.registry.localday import day_at
from sync.central.registry.members import Member
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet
from sync.central.store import Store, select, update
from sync.central.store.sealing import SEALS
from sync.central.telling.renewal import renew
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.journey.book import BAND, GUEST, Book

LEAP_DAY = Birthday(2, 29)


@pytest.fixture
def book(sealed_store: Store) -> Book:
    made = Book(sealed_store)
    made.allows("offers", "offers:demographic")
    return made


def born(days: int = 0) -> Birthday:
    """The birthday of who has it so many days from now."""
    day = dt.datetime.fromtimestamp(NOW_MS / 1_000, dt.UTC) + dt.timedelta(days=days)
    return Birthday(day.month, day.day)


def declares(book: Book, day: Birthday, guest: str = GUEST) -> None:
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        birthdays.declare(tx, SITE, guest, born=day)
        profiles.publish_guests(tx, SITE, [GUEST])


def words(book: Book) -> list[str]:
    """What of it lies at the edges."""
    with book.store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    tags = msgspec.msgpack.decode(body, type=ProfileItem).profile.tags
    return [one for one in tags if one.startswith(BIRTHDAY)]


def near(book: Book) -> Near | None:
    """What the edges can say of it now."""
    with book.store.transaction() as tx:
        return read_word(words(book), day_at(tx, SITE, book.store.now_ms()))


@pytest.mark.parametrize(
    ("day", "on", "how"),
    [
        (Birthday(7, 15), "2026-07-14", None),
        (Birthday(7, 15), "2026-07-15", Near.TODAY),
        (Birthday(7, 15), "2026-07-16", Near.WEEK),
        (Birthday(7, 15), "2026-07-22", Near.WEEK),
        (Birthday(7, 15), "2026-07-23", None),
        (Birthday(12, 30), "2027-01-06", Near.WEEK),
        (LEAP_DAY, "2026-02-28", Near.TODAY),
        (LEAP_DAY, "2028-02-28", None),
        (LEAP_DAY, "2028-02-29", Near.TODAY),
        (LEAP_DAY, "2026-03-07", Near.WEEK),
        (LEAP_DAY, "2026-03-08", None),
    ],
)
def test_it_is_near_on_its_day_and_for_a_week_after(day: Birthday, on: str, how: Near | None) -> None:
    assert day.near(dt.date.fromisoformat(on).toordinal()) is how


@pytest.mark.parametrize(
    ("on", "turns"),
    [
        ("2026-07-14", "2026-07-15"),
        ("2026-07-15", "2026-07-16"),
        ("2026-07-22", "2026-07-23"),
        ("2026-07-23", "2027-07-15"),
    ],
)
def test_a_word_is_good_for_one_day_and_the_next_comes_with_the_next_birthday(on: str, turns: str) -> None:
    found = Birthday(7, 15).next_turn(dt.date.fromisoformat(on).toordinal())
    assert dt.date.fromordinal(found).isoformat() == turns


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31), (13, 1), (0, 1), (1, 0), (1, 32)])
def test_a_day_that_no_year_has_is_none(month: int, day: int) -> None:
    assert birthdays.read(month, day) is None
    assert birthdays.read(2, 29) == LEAP_DAY


def test_edges_are_told_near_its_day_alone_and_anew_each_day(book: Book, clock: Clockwork) -> None:
    with book.store.transaction() as tx:
        rights.add_rights(tx, SITE, [(GUEST, Entitlement(id="pass", product="year"))])
    declares(book, born(1))
    assert words(book) == []
    assert renew(book.store, SITE, now=True) == 0
    told = []
    for _ in range(9):
        clock.ms += DAY_MS
        assert near(book) is None, "a device that was not told since says nothing"
        assert renew(book.store, SITE, now=True) == 1
        told.append(near(book))
    assert told == [Near.TODAY, *[Near.WEEK] * 7, None]
    assert words(book) == []


def test_no_word_says_which_day_it_is(book: Book, clock: Clockwork) -> None:
    """Two guests on different days of their weeks are told of in the same word."""
    declares(book, born(-2))
    one = words(book)
    declares(book, born(-5))
    assert words(book) == one != []


@pytest.mark.parametrize("topic", ["offers", "offers:demographic"])
def test_no_edge_is_told_of_who_does_not_let_it_choose(book: Book, topic: str) -> None:
    declares(book, born())
    assert near(book) is Near.TODAY
    book.allows(topic, given=False)
    declares(book, born())
    assert words(book) == []


def test_it_lies_sealed_and_is_the_guests_to_have_and_to_take_back(book: Book) -> None:
    declares(book, LEAP_DAY)
    with book.store.reading() as tx:
        cells = list(tx.execute(select(birthdays.birthday_table.c.sealed)).scalars())
        assert told_of(tx, SITE, GUEST).birthday == "02-29"
    assert len(cells) == 1
    assert b"02" not in bytes(cells[0])
    with book.store.transaction() as tx:
        birthdays.take_back(tx, SITE, GUEST)
        assert told_of(tx, SITE, GUEST).birthday == ""
        assert list(tx.execute(select(birthdays.birthday_table))) == []


def test_it_goes_with_who_has_not_come_for_as_long_as_such_things_are_kept(
    book: Book, clock: Clockwork
) -> None:
    declares(book, born(-40))
    clock.ms += 100 * DAY_MS
    assert renew(book.store, SITE, now=True) == 1
    for before_ms, left in ((NOW_MS, 1), (clock.ms, 0)):
        with book.store.transaction() as tx:
            members_before(tx, SITE, before_ms)
            assert len(birthdays.declared(tx, SITE, [GUEST])) == left


@pytest.mark.parametrize(
    "child",
    [
        Guest(id=GUEST, age_band="8-11"),
        Guest(id=GUEST, party=Party(id="p", size=3, role="child")),
    ],
)
def test_a_child_declares_none_and_of_who_turns_out_to_be_one_nothing_is_told(
    book: Book, child: Guest
) -> None:
    declares(book, born())
    assert near(book) is Near.TODAY
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        guests.put_guests(tx, SITE, [child])
        profiles.publish_guests(tx, SITE, [GUEST])
    assert words(book) == []
    with pytest.raises(NotAllowed):
        declares(book, born())


def test_who_may_pay_nothing_is_a_child_too(book: Book) -> None:
    with book.store.transaction() as tx:
        wallets.create(tx, SITE, Wallet(id="w", currency="EUR"))
        members.join(tx, SITE, Member(guest=GUEST, wallet="w", no_charge=True))
    with pytest.raises(NotAllowed):
        declares(book, born())


def test_one_person_has_one_birthday_the_last_that_they_told_by_any_name(
    book: Book, clock: Clockwork
) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="app-1"), Guest(id="other")])
        take_turn(tx, SITE)
        links.join(tx, SITE, "app-1", head=GUEST)
        birthdays.declare(tx, SITE, "other", born=born(-3))
    declares(book, born(-40))
    assert words(book) == []
    clock.ms += 1
    declares(book, born(), "app-1")
    assert near(book) is Near.TODAY
    with book.store.transaction() as tx:
        birthdays.take_back(tx, SITE, GUEST)
        assert birthdays.declared(tx, SITE, [GUEST, "app-1", "other"]) == {"other": born(-3)}
        guests.put_guests(tx, SITE, [Guest(id="app-1", age_band="8-11")])
    declares(book, born())
    assert words(book) == [], "nor of a child that is known by two names"


@pytest.mark.parametrize("broken", ["no key", "a key of root", "another cell"])
def test_a_band_is_blocked_also_where_no_birthday_can_be_opened(book: Book, broken: str) -> None:
    def root_alone() -> Source:
        raise OnlyRoot("Another account runs this verb.")

    declares(book, born())
    assert len(words(book)) == 1
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        if broken == "no key":
            tx.info.pop(SEALS)
        elif broken == "a key of root":
            tx.info[SEALS] = LateSeals(root_alone)
        else:
            tx.execute(update(birthdays.birthday_table).values(sealed=bytes(40)))
        card = bands.band(tx, SITE, BAND)
        blocked = msgspec.structs.replace(card.band, state=BandState.REVOKED)
        profiles.publish_state(tx, SITE, msgspec.structs.replace(card, band=blocked))
    assert words(book) == [], "and of the birthday nothing is said"
