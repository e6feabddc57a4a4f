"""Care gives one thing for nothing and moves a booked time: within its limit, once, and told to the edges."""

from __future__ import annotations

import pytest

from edge.core.catalogue import Article
from edge.core.entitlements import Entitlement
from edge.core.slots import Slot
from sync.central.care import goodwill
from sync.central.console.operators import Role
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.near import reserving, slots
from sync.central.near.reserving import Wanted, reserve
from sync.central.registry import catalogue, members, rights, wallets
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.careful import CARE, case_of, done, open_one
from tests.sync.console.desk import Browser, a_browser, an_operator
from tests.sync.journey.book import GUEST, Book

HOUR_MS = 3_600_000
TEN, ELEVEN, NOON = ((NOW_MS // HOUR_MS + hours) * HOUR_MS for hours in (2, 3, 4))
APP = "shop-online"


def a_time(at_ms: int, places: int = 1, **said: str) -> Slot:
    plain = {"point": "ride", "product": "ride"} | said
    return Slot(**plain, start_ms=at_ms, end_ms=at_ms + HOUR_MS, outside={APP: places})


@pytest.fixture
def book(small_store: Store) -> Book:
    made = Book(small_store)
    an_operator(made.store, "carla", Role.CARE)
    with made.store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="cup", names={"en": "Mug"}, price_minor=900), Article(id="air")])
        slots.put(
            tx,
            SITE,
            [a_time(TEN), a_time(ELEVEN), a_time(NOON, 0), a_time(NOON, product="boat", point="sea")],
        )
        take_turn(tx, SITE)
        reserve(tx, SITE, Wanted("b-1", GUEST, "ride", TEN), channel=APP)
    return made


@pytest.fixture
def carla(book: Book) -> Browser:
    return a_browser(book.store, "carla")


def limit(book: Book, minor: int) -> None:
    with book.store.transaction() as tx:
        policies.put_policy(tx, SITE, Policy(goodwill_minor=minor))


def coupons(book: Book) -> list[tuple[tuple[str, ...], int]]:
    with book.store.reading() as tx:
        held = members.members_by_guest(tx, SITE, [GUEST]).get(GUEST)
        there = wallets.wallet(tx, SITE, held.wallet).vouchers if held is not None else ()
        return [(one.voucher.items, one.voucher.percent) for one in there]


def booked(book: Book) -> Entitlement:
    with book.store.reading() as tx:
        (one,) = rights.rights_of(tx, SITE, [GUEST])[GUEST]
    return one


def left(book: Book, at_ms: int) -> int:
    with book.store.reading() as tx:
        slot = slots.must_find(tx, SITE, "ride", start_ms=at_ms)
        return reserving.left(tx, SITE, slot, channel=APP)


def test_a_thing_is_given_once_and_its_price_counts_towards_the_limit(book: Book, carla: Browser) -> None:
    limit(book, 1_000)
    id_ = open_one(carla)
    assert "Mug · 9.00" in carla.says(f"{CARE}/{id_}/coupon")
    for _ in range(2):
        assert carla.post(f"{CARE}/{id_}/coupon", op="k", article="cup").status_code == 303
    assert coupons(book) == [(("cup",), 100)]
    assert (case_of(book, id_).given_minor, [word for _, word, _ in done(book, id_)]) == (
        900,
        ["coupon_given"],
    )
    with book.store.reading() as tx:
        assert goodwill.given_to(tx, SITE, GUEST) == 900
    assert carla.post(f"{CARE}/{id_}/coupon", op="k2", article="cup").status_code == 422, "above the limit"
    other = open_one(carla, op="op-2")
    assert carla.post(f"{CARE}/{other}/coupon", op="k3", article="cup").status_code == 422, (
        "nor by another case"
    )
    assert len(coupons(book)) == 1


@pytest.mark.parametrize("article", ["air", "ghost", ""])
def test_what_costs_nothing_or_is_not_sold_is_not_given(book: Book, carla: Browser, article: str) -> None:
    id_ = open_one(carla)
    assert carla.post(f"{CARE}/{id_}/coupon", op="k", article=article).status_code == 422
    assert coupons(book) == []


def test_a_time_is_moved_once_out_of_the_places_outside_and_its_old_place_is_free(
    book: Book, carla: Browser
) -> None:
    id_, right = open_one(carla), booked(book)
    assert (left(book, TEN), left(book, ELEVEN)) == (0, 1)
    page = carla.get(f"{CARE}/{id_}/slot").text
    assert f"{right.id}/ride/{ELEVEN}" in page
    assert f"/{NOON}" not in page, "no place is set aside then, and a boat is no ride"
    for _ in range(2):
        reply = carla.post(f"{CARE}/{id_}/slot", op="m", move_to=f"{right.id}/ride/{ELEVEN}")
        assert reply.status_code == 303
    now = booked(book)
    assert (now.id, now.slot and now.slot.start_ms) == (right.id, ELEVEN)
    assert (left(book, TEN), left(book, ELEVEN)) == (1, 0)
    assert [(word, ref) for _, word, ref in done(book, id_)] == [("slot_moved", right.id)]


def test_no_time_is_given_that_is_full_over_or_another_thing_s(book: Book, carla: Browser) -> None:
    id_, right = open_one(carla), booked(book)
    for to in (f"{right.id}/ride/{NOON}", f"{right.id}/sea/{NOON}", f"nobodys/ride/{ELEVEN}", "x"):
        assert carla.post(f"{CARE}/{id_}/slot", op="m", move_to=to).status_code == 422, to
    with book.store.transaction() as tx:
        take_turn(tx, SITE)
        with pytest.raises(reserving.Full):
            reserving.move(tx, SITE, right.id, to=("ride", NOON))
    assert booked(book) == right
    assert case_of(book, id_).steps == 1


@pytest.mark.parametrize(
    ("way", "gift", "another"),
    [("coupon", {"article": "cup"}, None), ("goodwill", {"amount": "1.00"}, {"amount": "2.00"})],
)
def test_what_was_sent_for_something_else_is_refused(
    book: Book, carla: Browser, way: str, gift: dict[str, str], another: dict[str, str] | None
) -> None:
    limit(book, 10_000)
    id_, other = open_one(carla), open_one(carla, op="op-2")
    assert [carla.post(f"{CARE}/{id_}/{way}", op="g-1", **gift).status_code for _ in range(2)] == [303, 303]
    held = coupons(book)
    assert another is None or carla.post(f"{CARE}/{id_}/{way}", op="g-1", **another).status_code == 422
    assert carla.post(f"{CARE}/{other}/{way}", op="g-1", **gift).status_code == 422, "nor in another case"
    carla.post(f"{CARE}/{id_}/say", op="s", step="noted", note="called")
    assert carla.post(f"{CARE}/{id_}/{way}", op="s", **gift).status_code == 422, "nor as something else"
    assert (coupons(book), case_of(book, other).steps) == (held, 1)
