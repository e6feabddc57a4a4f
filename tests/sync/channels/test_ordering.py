"""Orders by a channel: set aside once, one hand gives them out, and a channel hears of its own alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edge.core.catalogue import Article, Catalogue
from edge.core.delivery import Delivery
from edge.core.events import Kind
from edge.core.orders import KEEP_MS, OPEN_MAX, OrderMoved, OrderState, Stock
from sync.central.channels.book import May
from sync.central.journey.ends import open_ends
from sync.central.near import orders, stock
from sync.central.near.availability import available
from sync.central.registry import catalogue, guests
from sync.central.registry.guests import Guest
from sync.central.store import Connection, Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.channels.test_channels import Shop
from tests.sync.journey.book import GUEST, OWNER

BED = {"id": "o-7", "guest": GUEST, "store": "bar", "lines": [{"article": "bed"}]}
NUMBER = "shop-online.o-7"


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    made = Shop(small_store, clock)
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="bed"), Article(id="mug"), Article(id="cup")])
        for store, article, on_hand in (("bar", "bed", 1), ("bar", "mug", 9), ("town", "bed", 5)):
            one = Stock(
                article=article, store=store, device=made.book.device.id, on_hand=on_hand, at_ms=NOW_MS
            )
            stock.put(tx, SITE, [one])
        guests.put_guests(tx, SITE, [Guest(id="g-2")])
    return made


def orders_it(shop: Shop, **said: Any) -> tuple[int, Any]:
    return shop.asks("POST", "/v1/orders", BED | said)


def left(store: Store) -> int:
    with store.reading() as tx:
        found = stock.find(tx, SITE, "bed", store="bar")
        return found.available if found is not None else -1


def test_an_order_is_set_aside_once_and_stands_in_the_diary(shop: Shop, small_store: Store) -> None:
    status, first = orders_it(shop)
    assert status == 200, first
    assert first == {
        "number": NUMBER, "state": "reserved", "store": "bar", "counter": "", "until_ms": NOW_MS + KEEP_MS,
        "left": [{"article": "bed", "quantity": 1}], "elsewhere": [], "delivery": {},
    }  # fmt: skip
    assert orders_it(shop) == (200, first)
    assert left(small_store) == 0
    assert shop.book.says() == [("ordered", 1)]
    with small_store.reading() as tx:
        (waits,) = open_ends(tx, SITE, OWNER)
    assert (waits.ref, waits.via.value, waits.point) == (NUMBER, "app", "bar")
    assert orders_it(shop, lines=[{"article": "mug"}])[0] == 400, "one id is one order"
    assert shop.asks("GET", "/v1/orders/o-7") == (200, first)


def test_what_the_store_lacks_is_told_with_where_else_it_is(shop: Shop, small_store: Store) -> None:
    orders_it(shop)
    status, told = orders_it(shop, id="o-8", guest="g-2")
    assert (status, told["state"], told["elsewhere"]) == (200, "cancelled", ["town"])
    assert shop.book.says() == [("ordered", 1)], "nothing was set aside, so nothing was ordered"
    assert orders_it(shop, id="o-9", guest="g-2", store="town")[1]["state"] == "reserved"
    assert left(small_store) == 0


def test_the_channel_hears_how_far_the_store_is_and_may_give_it_up(shop: Shop, small_store: Store) -> None:
    orders_it(shop)
    ready = OrderMoved(order=NUMBER, state=OrderState.READY, point="bar", counter="2")
    shop.book.tells(Kind.ORDER_MOVED, ready)
    status, told = shop.asks("GET", "/v1/orders/o-7")
    assert (status, told["state"], told["counter"]) == (200, "ready", "2")
    for _ in range(2):
        status, told = shop.asks("DELETE", "/v1/orders/o-7")
        assert (status, told["state"]) == (200, "cancelled")
        assert left(small_store) == 1
    with small_store.reading() as tx:
        assert open_ends(tx, SITE, OWNER) == ()
    orders_it(shop, id="o-8")
    for state in (OrderState.READY, OrderState.HANDED_OVER):
        moved = OrderMoved(order="shop-online.o-8", state=state, point="bar")
        shop.book.tells(Kind.ORDER_MOVED, moved)
    assert shop.asks("DELETE", "/v1/orders/o-8")[0] == 400, "what was carried home is not given up"
    assert left(small_store) == 0


def test_an_order_reads_the_price_list_once_for_what_all_its_lines_promise(
    shop: Shop, small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = dt.date(2040, 12, 5)
    with small_store.transaction() as tx:
        sent = Delivery(first=day, last=day)
        catalogue.put(tx, SITE, [Article(id="bed", delivery=sent), Article(id="mug", delivery=sent)])
    orders_it(shop, lines=[{"article": "bed"}, {"article": "mug"}])
    calls, whole = [], catalogue.catalogue

    def counted(tx: Connection, site: str) -> Catalogue:
        calls.append(site)
        return whole(tx, site)

    monkeypatch.setattr(catalogue, "catalogue", counted)
    status, told = shop.asks("GET", "/v1/orders/o-7")
    assert (status, calls) == (200, [SITE])
    with small_store.reading() as tx:
        promised = {one: available(tx, SITE, one).delivery for one in ("bed", "mug")}
    assert told["delivery"] == promised
    assert "5 December" in promised["mug"]["en"]


def test_a_longer_id_is_another_order(shop: Shop) -> None:
    orders_it(shop, id="o" * 31)
    for method in ("GET", "DELETE"):
        assert shop.asks(method, f"/v1/orders/{'o' * 31}-and-more")[0] == 404


def test_of_others_orders_a_channel_is_told_nothing(shop: Shop, small_store: Store) -> None:
    orders_it(shop)
    other = shop.by(id="other")
    for path in ("/v1/orders/o-7", f"/v1/orders/{NUMBER}", "/v1/orders/none"):
        assert other.asks("GET", path)[0] == 404
        assert other.asks("DELETE", path)[0] == 404
    with small_store.reading() as tx:
        assert orders.must_find(tx, SITE, NUMBER).state is OrderState.RESERVED
    mute = shop.by(id="mute", routes=frozenset(May) - {May.ORDERS})
    assert mute.asks("POST", "/v1/orders", BED | {"id": "x"})[0] == 403
    assert mute.asks("GET", "/v1/orders/o-7")[0] == 403


def test_what_makes_no_order_is_named(shop: Shop) -> None:
    def moment(ms: int) -> str:
        return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat()

    lines = [{"article": "mug"}, {"article": "ghost"}]
    for said, status, place in (
        ({"lines": lines}, 422, "$.lines[1].article"),
        ({"lines": []}, 422, "$.lines"),
        ({"lines": [{"article": "mug", "quantity": 0}]}, 422, "$.lines[0].quantity"),
        ({"id": "a/b"}, 422, "$.id"),
        ({"until": moment(NOW_MS - 1_000)}, 422, "$.until"),
        ({"until": moment(NOW_MS + 99 * 86_400_000)}, 422, "$.until"),
        ({"guest": "nobody"}, 404, ""),
        ({"store": "nowhere"}, 404, ""),
        ({"lines": [{"article": "cup"}]}, 404, ""),
    ):
        told = orders_it(shop, **said)
        assert (told[0], place in told[1]["detail"]) == (status, True), (said, told)
    for number in range(OPEN_MAX):
        assert orders_it(shop, id=f"n{number}", lines=[{"article": "mug"}])[1]["state"] == "reserved"
    assert orders_it(shop)[0] == 400, "one guest does not empty a shelf"
