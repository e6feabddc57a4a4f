"""Three views of one diary: a guest's own, staff's for a purpose, and figures in which nobody is found."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import zoneinfo
from importlib import resources

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.orders import Order, OrderAsked, Ordered, OrderMoved, OrderState
from edge.core.retention import DAY_MS
from sync.central import doors
from sync.central.app import create_app
from sync.central.console import acts, diaries
from sync.central.console.guard import form_token
from sync.central.console.operators import Role
from sync.central.console.pages.diary import Purpose, weeks
from sync.central.journey import diary
from sync.central.journey.ends import open_ends
from sync.central.journey.entry import Entry, Via, What
from sync.central.journey.figures import PEOPLE_MIN, figures
from sync.central.journey.marks import mark_in, marked
from sync.central.near import orders
from sync.central.own.cookie import COOKIE
from sync.central.registry import consents
from sync.central.registry.turn import take_turn
from sync.central.settings import Settings
from sync.central.store import Connection, Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.console.desk import ORIGIN, a_browser, an_operator, words_of
from tests.sync.journey.book import GUEST, OWNER, Book, a_passage

DIARY = f"/console/sites/{SITE}/guests/{GUEST}/diary"
MUG = Order(id="o1", guest=GUEST, store="kiosk", device="", lines=(Ordered(article="mug"),))


@pytest.fixture
def book(small_store: Store) -> Book:
    return Book(small_store)


def looked(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as tx:
        return [(one.what, one.target, one.after) for one in acts.acts(tx) if one.what.startswith("diary")]


def ordered(book: Book, state: OrderState | None = None) -> None:
    mug = msgspec.structs.replace(MUG, device=book.device.id, state=OrderState.RESERVED)
    book.tells(Kind.ORDER_ASKED, OrderAsked(order=mug, point="kiosk"), band=None)
    for one in (OrderState.READY, state) if state else ():
        book.tells(Kind.ORDER_MOVED, OrderMoved(order="o1", state=one, point="kiosk"), band=None)


def waits(book: Book) -> list[str]:
    with book.store.reading() as tx:
        return [one.what.value for one in open_ends(tx, SITE, OWNER)]


def test_staff_say_what_for_before_they_see_anything_and_both_are_written_down(book: Book) -> None:
    book.tells(Kind.DECIDED, a_passage())
    an_operator(book.store, "carla", Role.CARE)
    care = a_browser(book.store, "carla")
    for address in (DIARY, f"{DIARY}?purpose=curious"):
        assert "Came in" not in care.says(address)
    assert looked(book.store) == []
    assert "Came in" in care.says(f"{DIARY}?purpose=case")
    assert looked(book.store) == [("diary_seen", GUEST, '{"purpose":"case"}')]
    assert care.get(f"{DIARY}.csv?purpose=case").status_code == 403, "a file is the operator's"


def test_a_file_of_it_takes_a_purpose_too(book: Book) -> None:
    book.tells(Kind.DECIDED, a_passage())
    an_operator(book.store)
    browser = a_browser(book.store, "olga")
    assert browser.get(f"{DIARY}.csv").status_code == 422
    assert looked(book.store) == []
    assert "Came in" in browser.get(f"{DIARY}.csv?purpose=check").text
    assert [what for what, _, _ in looked(book.store)] == ["diary_exported"]


def test_what_a_guest_waits_for_comes_first_and_goes_once_it_has_ended(book: Book) -> None:
    ordered(book)
    assert waits(book) == ["ordered"]
    an_operator(book.store)
    page = a_browser(book.store, "olga").says(f"{DIARY}?purpose=refund")
    assert page.index("What they wait for") < page.index("mug") < page.index("All of it")
    ordered(book, OrderState.HANDED_OVER)
    assert waits(book) == []


def test_an_order_that_nobody_fetched_is_not_waited_for(book: Book) -> None:
    ordered(book)
    with book.store.transaction() as tx:
        orders.cancel(tx, SITE, "o1")
    assert waits(book) == []


def own_page(store: Store, path: str = "") -> str:
    client = create_app(store, Settings()).test_client()
    with store.transaction() as tx:
        link = doors.invite(tx, SITE, GUEST, by="carla")
    client.post("/own/enter", data={"key": link, "token": form_token("")}, headers=ORIGIN)
    assert client.get_cookie(COOKIE) is not None
    return words_of(client.get(f"/own/diary{path}"))


def test_a_guest_reads_their_own_diary_in_words_and_without_a_wallet(book: Book) -> None:
    ordered(book)
    book.allows("presence")
    page = own_page(book.store)
    assert page.index("Ordered · mug") < page.index("Knowing that you are near: yes")


def test_a_guest_reads_which_tier_they_have_and_until_when(book: Book) -> None:
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        plain = Entry("/central/tiers", "1", OWNER, 1 << 16, 0, Via.DESK, What.TIER_CHANGED, subject="gold")
        ending = plain._replace(id="2", hlc=2 << 16, what=What.TIER_ENDING, ref="2026-11-09")
        diary.put(tx, SITE, [plain, ending, plain._replace(id="3", hlc=3 << 16, what=What.TIER_KEPT)])
    page = own_page(book.store)
    assert "Your tier will end · gold, until Nov 9, 2026" in page
    assert "Your tier is now · gold" in page
    assert "You keep your tier · gold" in page


def test_pages_of_a_diary_follow_each_other(book: Book) -> None:
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        plain = Entry("/a/b", "", OWNER, 0, 0, Via.APP, What.BOUGHT, currency="EUR")
        told = [plain._replace(id=str(at), hlc=at << 16, amount_minor=at) for at in range(1, 61)]
        diary.put(tx, SITE, told)
        last = diary.of_guest(tx, SITE, OWNER)[49]
    first, second = own_page(book.store), own_page(book.store, f"?after={marked(diary.mark_of(last))}")
    assert ("€0.60" in first, "€0.10" in first) == (True, False)
    assert ("€0.11" in second, "€0.10" in second) == (False, True)
    assert mark_in(marked(diary.mark_of(last))) == diary.mark_of(last)
    assert [mark_in(text) for text in ("", "x!1!2", "9" * 19 + "!1!/a")] == [None] * 3


@pytest.mark.parametrize(("via", "said"), [(Via.GATE, "Came in"), (Via.KIOSK, "Held the band here")])
def test_whoever_was_recognised_at_a_kiosk_is_not_told_that_they_came_in_there(
    book: Book, via: Via, said: str
) -> None:
    with book.store.transaction() as tx:
        diary.put(tx, SITE, [Entry("/a", "1", OWNER, NOW_MS << 16, 0, via, What.ENTERED)])
    page = own_page(book.store)
    assert [words for words in ("Came in", "Held the band here") if words in page] == [said]


def test_a_guest_reads_moments_as_their_language_writes_them(book: Book) -> None:
    with book.store.transaction() as tx:
        bought = Entry("/a", "1", OWNER, NOW_MS << 16, 0, Via.TILL, What.BOUGHT, amount_minor=1_240,
                       currency="EUR")  # fmt: skip
        diary.put(tx, SITE, [bought])
    page = own_page(book.store)
    assert "€12.40" in page
    assert not re.search(r"\d{4}-\d\d-\d\d", page), "no date of a machine's"


# Figures


def came(tx: Connection, count: int, *, learn: int) -> None:
    for number in range(count):
        if number < learn:
            consents.set_here(tx, SITE, f"c{number}", purpose="research", given=True)
        one = Entry("/a", f"{number}", f"g:c{number}", (NOW_MS - DAY_MS) << 16, 0, Via.GATE, What.ENTERED)
        diary.put(tx, SITE, [one])


@pytest.mark.parametrize(("learn", "people"), [(PEOPLE_MIN - 1, []), (PEOPLE_MIN, [PEOPLE_MIN])])
def test_fewer_than_ten_who_let_us_learn_make_no_figure(store: Store, learn: int, people: list[int]) -> None:
    Book(store)
    with store.transaction() as tx:
        came(tx, PEOPLE_MIN + 5, learn=learn)
    spans = [(NOW_MS - 2 * DAY_MS, NOW_MS), (0, 1)]
    with store.reading() as tx:
        assert [one.people for one in figures(tx, SITE, spans)] == people
    with store.transaction() as tx:
        consents.set_here(tx, SITE, "c0", purpose="research", given=False)
        assert figures(tx, SITE, spans) == ()


def test_what_was_taken_back_makes_a_figure_smaller(book: Book) -> None:
    with book.store.transaction() as tx:
        came(tx, PEOPLE_MIN, learn=PEOPLE_MIN)
        back = Entry("/a", "b", "g:c1", (NOW_MS - DAY_MS) << 16, 0, Via.GATE, What.ENTERED, weight=-1)
        diary.put(tx, SITE, [back])
        (one,) = figures(tx, SITE, [(NOW_MS - 2 * DAY_MS, NOW_MS)])
    assert (one.people, one.times) == (PEOPLE_MIN, PEOPLE_MIN - 1)


def test_weeks_are_whole_local_ones_that_never_overlap_through_a_change_of_clocks() -> None:
    now = dt.datetime(2026, 4, 2, 15, tzinfo=zoneinfo.ZoneInfo("Europe/Rome"))
    found = weeks(now)
    assert found[0][1] == dt.datetime(2026, 3, 29, 22, tzinfo=dt.UTC).timestamp() * 1000, "Monday, local"
    assert [until - begins for begins, until in found[:2]] == [7 * DAY_MS - 3_600_000, 7 * DAY_MS]
    assert all(later[0] == earlier[1] for later, earlier in itertools.pairwise(found))


def test_a_marketer_sees_figures_and_nobody_s_diary(book: Book, clock: Clockwork) -> None:
    with book.store.transaction() as tx:
        came(tx, PEOPLE_MIN, learn=PEOPLE_MIN)
    an_operator(book.store, "mia", Role.MARKETER)
    clock.ms += 7 * DAY_MS
    marketer = a_browser(book.store, "mia")
    page = marketer.says(f"/console/sites/{SITE}/journeys")
    assert f"Came in · gate {PEOPLE_MIN}" in page, "it can be looked at"
    assert f"Came in gate {PEOPLE_MIN} {PEOPLE_MIN}" in page, "and read"
    assert marketer.get(f"{DIARY}?purpose=case").status_code == 403


# Words


@pytest.mark.parametrize("room", ["own", "console"])
def test_every_kind_and_channel_has_its_words_in_every_language(room: str) -> None:
    folder = resources.files(f"sync.central.{room}") / "sentences"
    wanted = {*(f"diary.{one}" for one in What), *(f"via.{one}" for one in Via)}
    files = [one for one in folder.iterdir() if one.name.endswith(".json")]
    assert len(files) == {"own": 5, "console": 2}[room]
    for one in files:
        assert wanted <= json.loads(one.read_text()).keys(), one.name
    assert len(Purpose) == 5
    assert set(What) >= diaries.GOODS
