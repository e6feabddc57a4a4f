"""What lacks to the next tier, told to edges of who lets what they did be used: exact, and never for long."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.calendar import DAY_MS, day_bounds
from edge.core.climb import Climb, read_word
from edge.core.entitlements import Entitlement, Party
from edge.core.profiles import ProfileItem
from edge.core.tiers import WINDOW_DAYS, Ladder, Step
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.journey.tiers import Tiers
from sync.central.registry import consents, guests, ladders, links, profiles, rights
from sync.central.registry.guests import Guest
from sync.central.registry.localday import day_at, turn_of
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from sync.central.telling.renewal import renew
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.journey.book import BAND, GUEST, OWNER, Book

LADDER = Ladder(steps=(Step("basic", 0), Step("silver", 10_000), Step("gold", 50_000)), currency="EUR")


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    made.allows("offers", "offers:behaviour")
    with small_store.transaction() as tx:
        rights.put_rights(tx, SITE, [Entitlement(id="year", product="year")], guest=GUEST)
        ladders.put_ladder(tx, SITE, LADDER)
    while renew(small_store, SITE, now=False):
        pass
    return made


def pays(
    book: Book, minor: int, *, at_ms: int = NOW_MS, owner: str = OWNER, what: What = What.BOUGHT
) -> None:
    """Something stands in a diary as bought, or as given back."""
    entry = Entry(
        source="/till", id=f"{owner}/{what}/{at_ms}/{minor}", owner=owner, hlc=at_ms << 16, uncertainty_ms=0,
        via=Via.TILL, what=what, amount_minor=minor, currency="EUR",
    )  # fmt: skip
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        assert diary.put(tx, SITE, [entry]).new == 1


def known(book: Book) -> Climb | None:
    """What the edges are told by now."""
    with book.store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    return read_word(msgspec.msgpack.decode(body, type=ProfileItem).profile.tags)


def told(book: Book) -> Climb | None:
    """What they are told where the profile is composed now."""
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        profiles.publish_guests(tx, SITE, [GUEST])
    return known(book)


def today(book: Book) -> tuple[int, int]:
    """The local day, and when it began, in UTC seconds."""
    with book.store.reading() as tx:
        now_ms = book.store.now_ms()
        return day_at(tx, SITE, now_ms), day_bounds(*turn_of(tx, SITE), now_ms)[0] // 1_000


def test_what_lacks_is_what_stands_of_a_year_and_says_up_to_when_it_was_counted(book: Book) -> None:
    day, began_s = today(book)
    assert told(book) == Climb("silver", 10_000, "EUR", began_s, day + 7)
    pays(book, 4_000, at_ms=NOW_MS - 9_000)
    pays(book, 500, at_ms=NOW_MS - 5_000, what=What.REFUNDED)
    pays(book, 9_000, at_ms=NOW_MS - (WINDOW_DAYS + 1) * DAY_MS)
    pays(book, 9_000, at_ms=NOW_MS + 5_000)
    assert told(book) == Climb("silver", 6_500, "EUR", (NOW_MS - 5_000) // 1_000, day + 7)


def test_it_is_no_longer_good_once_the_first_that_counts_is_a_year_old(book: Book) -> None:
    pays(book, 4_000, at_ms=NOW_MS - (WINDOW_DAYS - 3) * DAY_MS)
    mine = told(book)
    assert mine is not None
    assert (mine.missing_minor, mine.until_day) == (6_000, today(book)[0] + 2)


def test_it_is_told_anew_once_it_is_no_longer_good(book: Book, clock: Clockwork) -> None:
    mine = told(book)
    assert mine is not None
    clock.ms += 7 * DAY_MS
    assert renew(book.store, SITE, now=True) == 0
    clock.ms += DAY_MS
    pays(book, 1, at_ms=clock.ms - 1)
    assert renew(book.store, SITE, now=True) == 1
    assert known(book) == mine._replace(
        missing_minor=9_999, counted_s=-(-(clock.ms - 1) // 1_000), until_day=mine.until_day + 8
    )


@pytest.mark.parametrize("topic", ["offers", "offers:behaviour"])
def test_who_took_back_what_opens_it_is_told_of_to_no_edge(book: Book, topic: str) -> None:
    pays(book, 4_000)
    assert told(book) is not None
    book.allows(topic, given=False)
    assert told(book) is None


def test_a_child_is_told_of_to_no_edge(book: Book) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, party=Party(id="p", size=3, role="child"))])
    assert told(book) is None


def test_without_a_ladder_and_on_its_highest_step_there_is_no_word(book: Book) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, tier="gold")])
    assert told(book) is None
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, tier="silver")])
        ladders.put_ladder(tx, SITE, None)
    assert told(book) is None


def test_another_ladder_is_told_to_everybody_anew(book: Book) -> None:
    assert told(book) is not None
    with book.store.transaction() as tx:
        lower = msgspec.structs.replace(LADDER, steps=(Step("basic", 0), Step("star", 900)))
        ladders.put_ladder(tx, SITE, lower)
    assert renew(book.store, SITE, now=False) == 1
    mine = known(book)
    assert mine is not None
    assert (mine.tier, mine.missing_minor) == ("star", 900)


def test_a_purchase_is_told_after_its_day_and_what_came_back_at_once(book: Book, clock: Clockwork) -> None:
    before = told(book)
    pays(book, 4_000)
    assert renew(book.store, SITE, now=False) == 0
    assert known(book) == before, "the device that sold it knows it"
    pays(book, 500, what=What.REFUNDED)
    assert renew(book.store, SITE, now=False) == 1
    mine = known(book)
    assert mine is not None
    assert mine.missing_minor == 6_500
    pays(book, 500, at_ms=NOW_MS + 1)
    clock.ms += DAY_MS
    assert renew(book.store, SITE, now=True) == 1
    mine = known(book)
    assert mine is not None
    assert mine.missing_minor == 6_000


def test_the_word_goes_to_the_next_tier_once_central_has_judged(book: Book, clock: Clockwork) -> None:
    pays(book, 10_000)
    mine = told(book)
    assert mine is not None
    assert (mine.tier, mine.missing_minor) == ("silver", 0), "it has yet to judge"
    assert Tiers(book.store).look() == 1
    mine = known(book)
    assert mine is not None
    assert (mine.tier, mine.missing_minor) == ("gold", 40_000)


def test_of_people_who_are_one_everything_counts(book: Book) -> None:
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
        links.join(tx, SITE, "g2", head=GUEST)
        for topic in ("offers", "offers:behaviour"):
            consents.set_here(tx, SITE, "g2", purpose=topic, given=True)
    pays(book, 3_000, at_ms=NOW_MS - 9_000)
    pays(book, 2_000, at_ms=NOW_MS - 8_000, owner="g:g2")
    mine = told(book)
    assert mine is not None
    assert (mine.missing_minor, mine.counted_s) == (5_000, (NOW_MS - 8_000) // 1_000)
