"""Care gives points: within the limit of all goodwill at once, above it by a second person, and each once."""

from __future__ import annotations

import pytest

from edge.core.offers.bundle import Bundle
from sync.central.care import goodwill, points
from sync.central.console.operators import Role
from sync.central.journey import diary
from sync.central.money import ledger
from sync.central.offers import bundles
from sync.central.offers.bundles import Draft
from sync.central.registry import members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import vouchers
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.careful import CARE, case_of, done, open_one
from tests.sync.console.desk import Browser, a_browser, an_operator
from tests.sync.journey.book import GUEST, Book

WORTH = 5


@pytest.fixture
def book(store: Store) -> Book:
    """A house of whose points each pays five cents; care gives 10.00 a month by itself."""
    made = Book(store)
    an_operator(made.store, "carla", Role.CARE)
    an_operator(made.store, "olga")
    with made.store.transaction() as tx:
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Member(guest=GUEST, wallet="w1", head=True))
        bundles.make(tx, SITE, Draft(bundle=Bundle(version=0, point_minor=WORTH)), by="olga")
        bundles.review(tx, SITE, 1, by="otto")
        bundles.go_live(tx, SITE, 1, by="otto")
    return made


@pytest.fixture
def carla(book: Book) -> Browser:
    return a_browser(book.store, "carla")


def gives(browser: Browser, id_: str, op: str, count: int) -> int:
    return browser.post(f"{CARE}/{id_}/points", op=op, points_given=str(count)).status_code


def has(book: Book) -> list[tuple[int, int, str]]:
    """Points of the guest's wallet, what each pays, and whose they are; the ledger's every unit sums to 0."""
    with book.store.reading() as tx:
        assert set(ledger.trial_balance(tx, SITE).values()) <= {0}
        held = wallets.wallet(tx, SITE, "w1")
        return [
            (one.left, one.issued.voucher.unit_minor, one.issued.guest)
            for one in vouchers.left(tx, SITE, held)
        ]


def written(book: Book) -> list[tuple[str, int | None]]:
    with book.store.reading() as tx:
        told = diary.of_guest(tx, SITE, f"g:{GUEST}", limit=20)
    return [(one.subject, one.amount_minor) for one in told if one.what == "made_good"]


def words(book: Book, id_: str) -> list[tuple[str, str]]:
    return [(who, word) for who, word, _ in done(book, id_)]


def test_points_are_given_once_at_what_they_pay_and_count_towards_the_limit_in_whatever_case(
    book: Book, carla: Browser
) -> None:
    id_, other = open_one(carla), open_one(carla, op="op-2")
    page = carla.get(f"{CARE}/{id_}/points").text
    assert ('value="200"' in page, "0.05 EUR" in page) == (True, True)
    assert [gives(carla, id_, "p-1", 120) for _ in range(2)] == [303, 303]
    assert has(book) == [(120, WORTH, GUEST)]
    assert (case_of(book, id_).given_minor, words(book, id_)) == (600, [("carla", points.GIVEN)])
    assert "points: 120 (6.00 EUR)" in carla.says(f"{CARE}/{id_}")
    assert written(book) == [("points", 600)]
    assert 'value="80"' in carla.get(f"{CARE}/{other}/points").text
    carla.post(f"{CARE}/{other}/goodwill", op="g-1", amount="4.01")
    assert has(book) == [(120, WORTH, GUEST)], "credit is of the same limit"
    assert gives(carla, other, "p-2", 80) == 303
    assert has(book) == [(200, WORTH, GUEST)], "they lie together"
    with book.store.reading() as tx:
        assert goodwill.given_to(tx, SITE, GUEST) == 1_000


def test_what_is_sent_again_with_another_content_is_refused(book: Book, carla: Browser) -> None:
    id_, other = open_one(carla), open_one(carla, op="op-2")
    assert gives(carla, id_, "p-1", 10) == 303
    assert gives(carla, id_, "p-1", 11) == 422
    assert gives(carla, other, "p-1", 10) == 422, "nor in another case"
    carla.post(f"{CARE}/{id_}/say", op="s", step="noted", note="called")
    assert gives(carla, id_, "s", 10) == 422, "nor as something else"
    assert has(book) == [(10, WORTH, GUEST)]
    assert case_of(book, other).steps == 1


@pytest.mark.parametrize("count", ["", "0", "-5", "1.5", "1000001"])
def test_no_points_are_no_gift(book: Book, carla: Browser, count: str) -> None:
    id_ = open_one(carla)
    assert carla.post(f"{CARE}/{id_}/points", op="p", points_given=count).status_code == 422
    assert (has(book), case_of(book, id_).steps) == ([], 1)


def test_above_the_limit_a_second_person_lets_them_through_once_at_what_they_were_asked_for(
    book: Book, carla: Browser
) -> None:
    id_ = open_one(carla)
    assert [gives(carla, id_, "p-1", 201) for _ in range(2)] == [303, 303]
    assert gives(carla, id_, "p-1", 200) == 422, "what waits stays as it was asked for"
    assert (has(book), words(book, id_), written(book)) == ([], [("carla", points.ASKED)], [])
    address = f"{CARE}/{id_}/points/2"
    assert address not in carla.get(f"{CARE}/{id_}").text, "care is not offered it"
    assert carla.post(address, ruling="give").status_code == 403
    olga = a_browser(book.store, "olga")
    assert address in olga.get(f"{CARE}/{id_}").text
    with book.store.transaction() as tx:
        bundles.make(tx, SITE, Draft(bundle=Bundle(version=0, point_minor=90)), by="olga")
        bundles.review(tx, SITE, 2, by="otto")
        bundles.go_live(tx, SITE, 2, by="otto")
    assert [olga.post(address, ruling=one).status_code for one in ("give", "give", "refuse")] == [303] * 3
    assert has(book) == [(201, WORTH, GUEST)]
    assert words(book, id_) == [("carla", points.ASKED), ("olga", points.AGREED)]
    assert written(book) == [("points", 1_005)]
    assert case_of(book, id_).given_minor == 0, "that is not care's own limit"
    assert address not in olga.get(f"{CARE}/{id_}").text


def test_whoever_asked_for_points_does_not_let_them_through_and_may_take_it_back(book: Book) -> None:
    olga = a_browser(book.store, "olga")
    id_ = open_one(olga)
    gives(olga, id_, "p-1", 500)
    assert olga.post(f"{CARE}/{id_}/points/2", ruling="give").status_code == 403
    assert olga.post(f"{CARE}/{id_}/points/2", ruling="refuse").status_code == 303
    assert olga.post(f"{CARE}/{id_}/points/2", ruling="give").status_code == 303, "it was ruled on"
    assert (has(book), words(book, id_)[-1]) == ([], ("olga", points.REFUSED))


@pytest.mark.parametrize("number", ["0", "1", "3", "99", "x", "-1", "²"])
def test_nobody_rules_on_what_asks_for_nothing(book: Book, carla: Browser, number: str) -> None:
    id_, olga = open_one(carla), a_browser(book.store, "olga")
    gives(carla, id_, "p-1", 500)
    assert olga.post(f"{CARE}/{id_}/points/{number}", ruling="give").status_code == 404
    assert has(book) == []


def test_of_a_closed_case_or_one_of_nobody_no_points_come(book: Book, carla: Browser) -> None:
    id_, olga = open_one(carla), a_browser(book.store, "olga")
    gives(carla, id_, "p-1", 500)
    carla.post(f"{CARE}/{id_}/close", op="c", result="explained", ended="yes")
    assert olga.post(f"{CARE}/{id_}/points/2", ruling="give").status_code == 422
    assert gives(carla, id_, "p-2", 1) == 422
    nobodys = open_one(carla, op="op-2", guest="")
    assert gives(carla, nobodys, "p-3", 1) == 422
    assert has(book) == []
