"""Orders and stock at the console: seen with their age, searched, brought further, counted, and no more."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from edge.core.catalogue import Article
from edge.core.orders import OLD_MS, Order, Ordered, OrderState, Stock
from edge.core.places import Point, PointKind
from sync.central.console.operators import Role
from sync.central.console.pages import orders as pages
from sync.central.console.pages import stock as shelves
from sync.central.near import orders, stock
from sync.central.registry import catalogue, layout
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork, a_device
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator

CUP, ORDER = f"{HOME}/stock", f"{HOME}/orders/o-1"


@pytest.fixture
def olga(small_store: Store) -> Browser:
    """An admin's browser before a park with a shop that sells cups, and a device that stands there."""
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        layout.put_thing(
            tx, SITE, Point(id="shop", kind=PointKind.TILL, zone="park", names={"en": "Gift shop"})
        )
        layout.put_thing(tx, SITE, Point(id="bar", kind=PointKind.TILL, zone="park"))
        catalogue.put(tx, SITE, [Article(id="cup", names={"en": "Mug"}, price_minor=900)])
    a_device(small_store, points=("shop",))
    return browser


def counted(olga: Browser, on_hand: int = 5, **more: str) -> int:
    return olga.post(f"{CUP}/count", article="cup", store="shop", on_hand=str(on_hand), **more).status_code


def placed(store: Store, *ids: str, quantity: int = 2) -> None:
    with store.transaction() as tx:
        device = "" if (known := stock.find(tx, SITE, "cup", store="shop")) is None else known.device
        for id_ in ids or ("o-1",):
            lines = (Ordered(article="cup", quantity=quantity),)
            orders.place(tx, SITE, Order(id=id_, guest="g-1", store="shop", device=device, lines=lines,
                                         until_ms=store.now_ms() + 3_600_000))  # fmt: skip


def order(store: Store) -> Order:
    with store.reading() as tx:
        return orders.must_find(tx, SITE, "o-1")


def shelf(store: Store) -> Stock:
    with store.reading() as tx:
        found = stock.find(tx, SITE, "cup", store="shop")
    assert found is not None
    return found


def test_a_count_is_taken_in_and_told_with_its_age(
    olga: Browser, small_store: Store, clock: Clockwork
) -> None:
    assert "No shelf was counted" in olga.says(CUP)
    assert counted(olga, kept_back="1") == 303
    placed(small_store)
    clock.ms += 120_000
    assert "Mug Gift shop 5 2 1 2 last pieces 2 min ago" in olga.says(CUP)
    with small_store.transaction() as tx:
        old = replace(shelf(small_store), at_ms=clock.ms - OLD_MS - 60_000)
        stock.put(tx, SITE, [old])
    assert "ask us 31 min ago" in olga.says(CUP), "an old figure promises nothing"
    assert counted(olga, 9) == 303
    after = shelf(small_store)
    assert (after.on_hand, after.reserved, after.safety) == (9, 2, 1), "what is set aside stays so"
    assert after.device, "the device that stands there hands it over"
    assert "took in a count" in olga.says(f"{HOME}/acts")
    assert olga.get(f"{CUP}.csv").text.count("Mug") == 1
    assert "Mug" in olga.says(f"{CUP}?q=gift")
    assert "Nothing begins with" in olga.says(f"{CUP}?q=sock")


@pytest.mark.parametrize(
    "wrong", [{"article": "sock"}, {"store": "gate"}, {"on_hand": "-1"}, {"on_hand": ""}]
)
def test_what_is_no_count_is_refused(olga: Browser, small_store: Store, wrong: dict[str, str]) -> None:
    form = {"article": "cup", "store": "shop", "on_hand": "3"} | wrong
    assert olga.post(f"{CUP}/count", **form).status_code == 422
    with small_store.reading() as tx:
        assert stock.stock(tx, SITE) == ()


def test_an_order_is_seen_brought_further_kept_longer_and_given_up(olga: Browser, small_store: Store) -> None:
    assert "Nobody has ordered" in olga.says(f"{HOME}/orders")
    counted(olga)
    placed(small_store)
    assert "o-1 Gift shop 2 \u00d7 Mug set aside 0 s ago" in olga.says(f"{HOME}/orders")
    assert "2 \u00d7 Mug" in olga.says(ORDER)
    assert olga.post(ORDER, order_step="picking").status_code == 303
    assert olga.post(ORDER, order_step="ready", counter="2").status_code == 303
    assert (order(small_store).state, order(small_store).counter) == (OrderState.READY, "2")
    assert olga.post(ORDER, order_step="extend", keep_until="2030-07-01T10:00").status_code == 303
    assert "ready 0 s ago 2 2030-07-01 10:00:00" in olga.says(f"{HOME}/orders?q=ready")
    assert olga.get(f"{HOME}/orders.csv").text.count("o-1") == 1
    assert olga.post(ORDER, order_step="cancelled").status_code == 303
    assert (order(small_store).state, shelf(small_store).reserved) == (OrderState.CANCELLED, 0)
    said = olga.says(f"{HOME}/acts")
    assert (said.count("brought an order further"), said.count("kept an order for longer")) == (3, 1)


@pytest.mark.parametrize(
    ("state", "form"),
    [
        ("ready", {"order_step": "picking"}),
        ("ready", {"order_step": "handed_over"}),
        ("ready", {"order_step": "extend"}),
        ("ready", {"order_step": "extend", "keep_until": "2001-01-01T10:00"}),
        ("cancelled", {"order_step": "ready"}),
        ("cancelled", {"order_step": "extend", "keep_until": "2030-07-01T10:00"}),
    ],
)
def test_what_no_way_leads_to_is_refused(
    olga: Browser, small_store: Store, state: str, form: dict[str, str]
) -> None:
    counted(olga)
    placed(small_store)
    with small_store.transaction() as tx:
        before = orders.step(tx, SITE, "o-1", to=OrderState(state))
    assert olga.post(ORDER, **form).status_code in (400, 409, 422)
    assert order(small_store) == before


def test_care_may_keep_an_order_and_takes_no_list_home(olga: Browser, small_store: Store) -> None:
    counted(olga)
    placed(small_store)
    an_operator(small_store, "carla", Role.CARE)
    carla = a_browser(small_store, "carla")
    assert "o-1" in carla.says(f"{HOME}/orders")
    assert carla.post(ORDER, order_step="picking").status_code == 303
    assert carla.get(f"{HOME}/orders.csv").status_code == 403
    assert carla.get(CUP).status_code == 403


def test_more_orders_than_fit_stand_on_further_pages_also_when_looked_for(
    olga: Browser, small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_MAX", 3)
    monkeypatch.setattr(orders, "PAGE_MAX", 2)
    counted(olga)
    placed(small_store, *(f"o-{number}" for number in range(7)), quantity=1)
    assert olga.get(f"{HOME}/orders.csv").text.count("o-") == 7
    assert olga.get(f"{HOME}/orders").text.count(">o-") == 3
    assert olga.get(f"{HOME}/orders?q=o-6").text.count(">o-") == 1


def test_a_shelf_beside_the_last_page_is_on_the_next(
    olga: Browser, small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "PAGE_MAX", 2)
    with small_store.transaction() as tx:
        counts = ((f"a-{number}", 9 - number) for number in range(5))
        stock.put(tx, SITE, [Stock(article=one, store="shop", device="", on_hand=count, at_ms=1)
                             for one, count in counts])  # fmt: skip
    assert olga.get(f"{CUP}.csv").text.count("a-") == 5
    for page, rows in (
        ("", ["a-0", "a-1"]),
        ("?after=a-1/shop", ["a-2", "a-3"]),
        ("?after=a-3/shop", ["a-4"]),
    ):
        assert re.findall(r"<td>(a-\d)</td>", olga.get(f"{CUP}{page}").text) == rows
        told = olga.says(f"{CUP}{page}")
        assert "a-4 · Gift shop 5 a-3 · Gift shop 6" in told, "the emptiest of all, whatever page they are on"
