"""The shipping promise: whoever is asked, the guest hears the same sentence."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from edge.core.catalogue import ARTICLE, Article
from edge.core.delivery import Delivery
from edge.core.orders import ORDER, STOCK, Order, Ordered, Stock
from sync.central.console.guard import form_token
from sync.central.console.operators import Role
from sync.central.near import orders, stock
from sync.central.registry import catalogue
from sync.central.store import Store
from tests.service.house import an_edge
from tests.service.test_near import told
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_channels import Shop
from tests.sync.console.careful import CARE, open_one
from tests.sync.console.desk import HOME, ORIGIN, Browser, a_browser, an_operator
from tests.sync.journey.book import GUEST

LATE = Delivery(first=dt.date(2040, 12, 1), last=dt.date(2040, 12, 5), instead_of=dt.date(2040, 11, 20))
BED = Article(id="bed", names={"en": "Mattress", "it": "Materasso"}, price_minor=49_900, delivery=LATE)
EN = "Delivery: 1 December to 5 December. It is late: it was due by 20 November."
IT = "Consegna: 1 dicembre \N{EN DASH} 5 dicembre. In ritardo sulla data promessa: 20 novembre."


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    made = Shop(small_store, clock)
    an_operator(small_store, "carla", Role.CARE)
    an_operator(small_store)
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [BED])
        stock.put(tx, SITE, [Stock(article="bed", store="shop", device="", on_hand=1, at_ms=clock.ms)])
        orders.place(tx, SITE, Order(id="o-7", guest=GUEST, store="shop", device="",
                                     lines=(Ordered(article="bed"),)))  # fmt: skip
    return made


def test_app_care_and_operator_say_one_sentence(shop: Shop, small_store: Store, clock: Clockwork) -> None:
    status, app = shop.asks("GET", "/v1/articles/bed")
    assert (status, app["delivery"]["en"], app["delivery"]["it"]) == (200, EN, IT), app
    assert [(one["store"], one["word"], one["at_ms"]) for one in app["stores"]] == [
        ("shop", "none", clock.ms)
    ]
    carla = a_browser(small_store, "carla")
    assert f"1 \u00d7 Mattress {EN}" in carla.says(f"{CARE}/{open_one(carla, order='o-7')}")
    assert EN in a_browser(small_store, "olga").says(f"{HOME}/catalogue")


def test_kiosk_and_counter_say_the_same(tmp_path: Path) -> None:
    with an_edge(tmp_path / "edge") as house:
        told(house, (ARTICLE, "bed", BED), (STOCK, "bed/shop", Stock(article="bed", store="shop", device="",
                                                                     on_hand=1, at_ms=1)),
             (ORDER, "o-9", Order(id="o-9", guest="guest-1", store="till", device="",
                                  lines=(Ordered(article="bed"),))))  # fmt: skip
        (kiosk,) = house.service.near.shelves().articles
        (waiting,) = house.service.near.orders(house.session("till", point="till"), "till").orders
    assert (kiosk.delivery["en"], kiosk.delivery["it"]) == (EN, IT)
    assert [line.delivery for line in waiting.lines] == [kiosk.delivery]


def test_the_answer_of_an_order_says_it_too(shop: Shop, small_store: Store, clock: Clockwork) -> None:
    with small_store.transaction() as tx:
        stock.put(tx, SITE, [Stock(article="bed", store="shop", device="d-1", on_hand=9, at_ms=clock.ms)])
    placed = {"id": "8", "guest": GUEST, "store": "shop", "lines": [{"article": "bed"}]}
    status, order = shop.asks("POST", "/v1/orders", placed)
    assert (status, order["state"]) == (200, "reserved"), order
    assert (order["delivery"]["bed"]["en"], order["delivery"]["bed"]["it"]) == (EN, IT)


def test_what_is_sent_and_stands_on_no_shelf_is_told_of_too(tmp_path: Path) -> None:
    with an_edge(tmp_path / "edge") as house:
        assert not house.service.near.shelves().articles
        told(house, (ARTICLE, "bed", BED))
        (kiosk,) = house.service.near.shelves().articles
    assert (kiosk.shelves, kiosk.delivery["en"]) == ((), EN)


def test_an_article_that_is_not_there_is_said_so(shop: Shop) -> None:
    assert shop.asks("GET", "/v1/articles/sofa")[0] == 404


def sold(store: Store) -> Article:
    with store.reading() as tx:
        return catalogue.catalogue(tx, SITE).by_id["bed"]


def typed(olga: Browser, **days: str) -> int:
    return olga.post(f"{HOME}/catalogue/articles/bed", price="499", **days).status_code


def test_an_operator_types_the_days_and_a_promise_that_cannot_be_is_refused(
    shop: Shop, small_store: Store
) -> None:
    olga = a_browser(small_store, "olga")
    assert 'type="date" value="2040-12-01"' in olga.get(f"{HOME}/catalogue/articles/bed").text
    wrong = (
        {"delivered_from": "2040-12-09", "delivered_until": "2040-12-05"},
        {"delivered_from": "tomorrow"},
    )
    for days in (*wrong, {"delivered_before": "2040-12-05"}):
        assert typed(olga, **days) == 422, days
    assert sold(small_store) == BED
    assert typed(olga, delivered_until="2040-12-24") == 303
    day = dt.date(2040, 12, 24)
    assert sold(small_store).delivery == Delivery(first=day, last=day)
    assert typed(olga) == 303
    assert sold(small_store).delivery is None


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ("2040-12-01,2040-12-05,2040-11-20", ""),
        ("2040-12-05,2040-12-01,", "its last day comes before the first"),
        ("5.12.2040,,", "is no day, as 2030-12-31"),
        (",,2040-12-05", "say what is promised now"),
    ],
)
def test_a_price_list_brings_the_days_and_tells_in_which_line_they_cannot_be(
    shop: Shop, small_store: Store, days: str, said: str
) -> None:
    olga = a_browser(small_store, "olga")
    heading = "id,name_en,name_it,price,delivered_from,delivered_until,delivered_before"
    text = f"{heading}\nbed,Mattress,Materasso,499.00,{days}\n"
    form = MultiDict({"token": form_token(olga.session)})
    form["file"] = (io.BytesIO(text.encode()), "list.csv")
    reply = olga.client.post(f"{HOME}/catalogue", data=form, headers=ORIGIN)
    assert (reply.status_code, said in reply.text) == (422 if said else 303, True)
    assert sold(small_store) == BED
