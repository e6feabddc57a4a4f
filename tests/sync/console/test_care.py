"""Care at the console: cases looked for, and seen beside diary and decisions."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.decision import Reason
from edge.core.events import Acted, Kind
from edge.core.held import Held, Location
from edge.core.orders import Order, Ordered
from edge.core.payment.bodies import Payment
from edge.core.retention import DAY_MS
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.care import cases
from sync.central.care.case import Step, Told
from sync.central.care.cases import Wanted
from sync.central.console import acts
from sync.central.console.operators import Role
from sync.central.near import orders
from sync.central.people import aliases
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.console.careful import CARE, LONG, looked, open_one
from tests.sync.console.decided import denied
from tests.sync.console.desk import HOME, Browser, a_browser, an_operator
from tests.sync.journey.book import BAND, GUEST, NOBODYS, Book, a_passage


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    an_operator(made.store, "carla", Role.CARE)
    an_operator(made.store, "olga")
    return made


@pytest.fixture
def carla(book: Book) -> Browser:
    return a_browser(book.store, "carla")


# Looking


@pytest.mark.parametrize("word", ["its number", BAND.hex()[:8], "o-77", LONG])
def test_a_case_is_found_by_guest_band_order_and_number_and_who_looked_is_kept(
    book: Book, carla: Browser, word: str
) -> None:
    mug = (Ordered(article="mug"),)
    whose = LONG if word == LONG else GUEST
    with book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=LONG)])
        orders.place(tx, SITE, Order(id="o-77", guest=GUEST, store="kiosk", device="", lines=mug))
    id_ = open_one(carla, guest=whose)
    assert id_ in carla.says(f"{CARE}?q={id_.lower() if word == 'its number' else word}")
    assert looked(book)[0] == ("carla", "care_seen", f'{{"guests":["{whose}"],"count":1}}')


@pytest.mark.parametrize("word", ["g1", "", "nobody", BAND.hex()[:3]])
def test_nobody_browses_through_guests_by_a_short_word(carla: Browser, word: str) -> None:
    assert "/guests/" not in carla.get(f"{CARE}?q={word}").text.partition("<main")[2]


def test_somebody_without_a_case_is_found_with_the_way_to_open_one(book: Book, carla: Browser) -> None:
    assert f"/care/new?guest={GUEST}" in carla.get(f"{CARE}?q={BAND.hex()}").text


def test_care_looks_somebody_up_while_no_case_waits(book: Book, carla: Browser) -> None:
    assert "Nobody waits" in carla.says(CARE)
    assert 'role="search"' in carla.get(CARE).text


def test_what_is_late_comes_first_and_is_marked(book: Book, carla: Browser) -> None:
    early = open_one(carla)
    late = open_one(carla, op="op-2", subject="money")
    with book.store.transaction() as tx:
        held = cases.must_find(tx, SITE, early)
        cases.keep(tx, SITE, msgspec.structs.replace(held, due_ms=NOW_MS - 1))
    page = carla.get(CARE).text
    assert page.index(early) < page.index(late)
    assert 'class="mark ill"' in page
    assert "waits for longer" in carla.says(f"{CARE}/{early}")
    assert "waits for longer" not in carla.says(f"{CARE}/{late}")


def test_pages_of_cases_follow_each_other(
    book: Book, carla: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {open_one(carla, op=f"op-{number}") for number in range(3)}
    for room in ("care.cases.PAGE_MAX", "console.pages.care.PAGE_MAX"):
        monkeypatch.setattr(f"sync.central.{room}", 2)
    first = carla.get(CARE).text
    (mark,) = re.findall(r"care\?after=([^\"&]+)", first)
    second = carla.get(f"{CARE}?after={mark}").text
    shown = [{id_ for id_ in ids if id_ in page} for page in (first, second)]
    assert ([len(one) for one in shown], shown[0] | shown[1]) == ([2, 1], ids)


def test_a_case_is_seen_beside_the_diary_for_that_purpose(book: Book, carla: Browser) -> None:
    book.tells(Kind.DECIDED, a_passage())
    id_ = open_one(carla)
    page = carla.says(f"{CARE}/{id_}")
    for words in ("lost it", "Came in", "Giulia", "What they wait for"):
        assert words in page
    assert looked(book)[0] == (
        "carla",
        "case_seen",
        f'{{"guests":["{GUEST}"],"count":1,"purpose":"case"}}',
    )


def test_a_call_for_help_of_somebody_unknown_is_a_case_too(book: Book, carla: Browser) -> None:
    book.tells(Kind.HELP_CALLED, Acted(point="kiosk", target="call-1"), band=None)
    with book.store.reading() as tx:
        (case,) = cases.listed(tx, SITE, Wanted())
    page = carla.says(f"{CARE}/{case.id}")
    assert ("Call for help" in page, "Goodwill" in page) == (True, False)
    for way in ("goodwill", "reissue"):
        assert carla.post(f"{CARE}/{case.id}/{way}", op="x", amount="1", new_band="ab").status_code == 422


def test_a_case_about_a_band_that_is_nobody_s_shows_its_decisions(book: Book, carla: Browser) -> None:
    book.tells(Kind.DECIDED, a_passage(guest=""), band=NOBODYS)
    id_ = open_one(carla, guest="", band=NOBODYS.hex())
    assert "Entry recorded." in carla.says(f"{CARE}/{id_}")


@pytest.mark.parametrize("said", [{"band": "ff"}, {"guest": "nobody"}, {"subject": "help"}, {"note": "\x07"}])
def test_a_case_of_what_is_not_there_is_refused(book: Book, carla: Browser, said: dict[str, str]) -> None:
    form = {"subject": "band", "via": "phone", "op": "o", **said}
    assert carla.post(f"{CARE}/new", **form).status_code in (404, 422)
    with book.store.reading() as tx:
        assert cases.listed(tx, SITE, Wanted()) == []


def test_a_form_sent_twice_opens_one_case(book: Book, carla: Browser) -> None:
    assert open_one(carla) == open_one(carla)
    with book.store.reading() as tx:
        assert [one.what for one in acts.acts(tx)].count("case_opened") == 1


def test_marketers_see_no_case(book: Book, carla: Browser) -> None:
    id_ = open_one(carla)
    an_operator(book.store, "mia", Role.MARKETER)
    mia = a_browser(book.store, "mia")
    assert [mia.get(path).status_code for path in (CARE, f"{CARE}/{id_}")] == [403, 403]


# Why


def test_a_decision_is_told_by_what_its_own_event_says_it_knew(book: Book, carla: Browser) -> None:
    was = Location(zone="park", since_ms=NOW_MS, point="gate", device="edge-1")
    held = Held(state=BandState.LOST, location=was)
    book.tells(Kind.DECIDED, denied(held=held, clock_trusted=False, uncertainty_ms=9_000))
    page = carla.says(f"{CARE}/{open_one(carla)}")
    for words in (
        "Denied", "Too early: the slot is not open yet.", "anna", "The park's rule: tall",
        "Beside that: Below the minimum height", "First use: gate", "Possible from 2025-10-09",
        "The site knew the band as: Lost", "Last seen by a passage: park", "older than its limit",
        "revision 3, 2 min old", "version 7", "in doubt by 9 s",
    ):  # fmt: skip
        assert words.replace("'", "&#39;") in page, (words, page)


def test_a_payment_is_told_by_what_was_missing_and_what_was_left(book: Book, carla: Browser) -> None:
    told = Payment(
        op_id="op-1", state=None, reason=Reason.INSUFFICIENT_HERE, currency="EUR", total_minor=1_500,
        due_minor=1_500, lines=(), point="bar", missing_minor=500, left_minor=200, ready_minor=1_000,
        elsewhere_minor=900, notes=(Reason.OFFLINE_LIMIT,),
    )  # fmt: skip
    book.tells(Kind.PAID, told)
    page = carla.says(f"{CARE}/{open_one(carla)}")
    for words in ("15.00 EUR", "5.00 EUR were missing", "allowed 2.00 EUR", "10.00 EUR left", "9.00 EUR lay"):
        assert words in page


def test_what_a_later_version_wrote_is_no_reason_to_show_nothing(book: Book, carla: Browser) -> None:
    book.writes(Kind.PAID, Acted(note="of another shape"))
    book.writes(Kind.DECIDED, a_passage())
    book.sends()
    assert "Entry recorded." in carla.says(f"{CARE}/{open_one(carla)}")


def test_a_proven_address_leads_to_its_guest_and_one_that_is_nobody_s_to_nobody(tmp_path: Path) -> None:
    book = Book(Store(str(tmp_path / "c.db"), now_ms=Clockwork(), seals=Vault(bytes(32), new_ring())))
    an_operator(book.store, "carla", Role.CARE)
    carla = a_browser(book.store, "carla")
    with book.store.transaction() as tx:
        name = aliases.named(aliases.Kind.EMAIL, "Giulia@example.org")
        aliases.prove(tx, SITE, aliases.Claim(name, GUEST), proof=aliases.Proof.CODE, by="carla")
    for text, count in (("giulia@example.org", 1), ("other@example.org", 0)):
        assert carla.get(f"{CARE}?q={text}").text.count(f'/guests/{GUEST}"') == count
    book.store.close()


# Promises


def test_what_was_promised_is_counted_by_kind_on_the_page_and_in_a_file(book: Book, carla: Browser) -> None:
    book.tells(Kind.HELP_CALLED, Acted(point="kiosk", target="call-1"), band=None)
    book.tells(Kind.HELP_ACKNOWLEDGED, Acted(staff="anna", target="call-1"), band=None)
    id_ = open_one(carla)
    with book.store.transaction() as tx:
        for number, at_ms in enumerate((DAY_MS + 60_000, 2 * DAY_MS)):
            told = Told(op=f"a{number}", step=Step.ANSWERED, at_ms=NOW_MS + at_ms, who="carla")
            cases.tell(tx, SITE, id_, told=told)
    page = carla.says(f"{HOME}/promises")
    assert "Call for help 1 1 0 1 0 0 0 Band 1 1 0 0 1 0 1441" in page
    assert "Call for help 1 / 1 Band 0 / 1" in page, "of those whose time is over, how many were kept"
    lines = carla.get(f"{HOME}/promises.csv").text.splitlines()
    assert lines[1:] == ["Call for help,1,1,0,1,0,0,0", "Band,1,1,0,0,1,0,1441"]
