"""The catalogue's pages: articles, groups, and a price list that is taken whole or not at all."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from werkzeug.datastructures import MultiDict

from edge.core.catalogue import ARTICLE, GROUP, Article, Catalogue, Group
from edge.core.places import Point, PointKind
from sync.central.console.guard import form_token
from sync.central.feed import item_table
from sync.central.registry import catalogue, layout
from sync.central.store import Store, select
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, ORIGIN, Browser, an_admin

PAGE = f"{HOME}/catalogue"


@pytest.fixture
def browser(small_store: Store) -> Browser:
    opened = an_admin(small_store)
    with small_store.transaction() as tx:
        layout.put_thing(tx, SITE, Point(id="bar-1", kind=PointKind.TILL, zone="park"))
    return opened


def sold(store: Store) -> Catalogue:
    with store.reading() as tx:
        return catalogue.catalogue(tx, SITE)


def told(store: Store, kind: str) -> dict[str, bytes | None]:
    with store.reading() as tx:
        rows = tx.execute(select(item_table.c.key, item_table.c.body).where(item_table.c.kind == kind))
        return {row.key: row.body for row in rows}


def send(browser: Browser, text: str, name: str = "list.csv") -> Any:
    form = {"token": form_token(browser.session), "file": (io.BytesIO(text.encode()), name)}
    return browser.client.post(PAGE, data=form, headers=ORIGIN)


def test_an_article_is_entered_changed_and_told_to_the_tills(browser: Browser, small_store: Store) -> None:
    browser.post(f"{PAGE}/groups/new", id="drinks", tills="bar-1", **{"names.it": "Bevande"})
    form = {"price": "4,80", "tax": "22", "group": "drinks", "sold_from_age": "18", "codes": "8001234000011"}
    browser.post(f"{PAGE}/articles/new", id="beer", **form, **{"names.it": "Birra"})
    beer = Article(
        id="beer",
        names={"it": "Birra"},
        price_minor=480,
        tax_permille=220,
        group="drinks",
        age_min=18,
        codes=("8001234000011",),
    )
    group = Group(id="drinks", names={"it": "Bevande"}, points=("bar-1",))
    assert sold(small_store) == Catalogue(articles=(beer,), groups=(group,))
    assert msgspec.msgpack.decode(told(small_store, ARTICLE)["beer"] or b"", type=Article) == beer
    assert msgspec.msgpack.decode(told(small_store, GROUP)["drinks"] or b"", type=Group) == group
    browser.post(f"{PAGE}/articles/beer", **{**form, "price": "5"}, off="yes")
    assert (sold(small_store).articles[0].price_minor, sold(small_store).articles[0].off) == (500, True)
    assert "4.80" not in browser.get(PAGE).text
    assert "5.00 EUR 22 % Bevande" in browser.says(PAGE), "a group is called by its name"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("price", "free", "an amount, as 4.50"),
        ("tax", "200", "a per cent"),
        ("codes", "4111111111111111", "payment card"),
        ("codes", "a b c d e f g h i", "at most eight codes"),
        ("id", "a/b", "cannot be the id"),
        ("group", "none", "choose one of the list"),
    ],
)
def test_a_wrong_field_is_said_and_nothing_is_stored(
    browser: Browser, small_store: Store, field: str, value: str, why: str
) -> None:
    answer = browser.post(f"{PAGE}/articles/new", **{"id": "beer", "price": "1", field: value})
    assert answer.status_code == 422
    assert why in answer.text
    assert sold(small_store).articles == ()


def test_what_another_article_names_cannot_be_removed(browser: Browser, small_store: Store) -> None:
    browser.post(f"{PAGE}/articles/new", id="cup", price="2")
    browser.post(f"{PAGE}/articles/new", id="beer", price="4", deposit="cup")
    assert "names deposit cup" in browser.post(f"{PAGE}/articles/cup/remove").text
    assert [one.id for one in sold(small_store).articles] == ["beer", "cup"]
    browser.post(f"{PAGE}/articles/beer/remove")
    browser.post(f"{PAGE}/articles/cup/remove")
    assert sold(small_store).articles == ()
    assert told(small_store, ARTICLE) == {"beer": None, "cup": None}


def test_a_group_is_removed_once_nothing_stands_in_it(browser: Browser, small_store: Store) -> None:
    browser.post(f"{PAGE}/groups/new", id="bar")
    browser.post(f"{PAGE}/articles/new", id="beer", price="4", group="bar")
    browser.post(f"{PAGE}/groups/bar/remove")
    assert sold(small_store).groups == (Group(id="bar"),)
    browser.post(f"{PAGE}/articles/beer", price="4", group="")
    browser.post(f"{PAGE}/groups/bar/remove")
    assert sold(small_store).groups == ()


def test_a_price_list_with_one_wrong_line_changes_nothing(browser: Browser, small_store: Store) -> None:
    answer = send(browser, "id,price\nbeer,4.80\nwine,six\n")
    assert answer.status_code == 422
    assert ("<td>3</td>" in answer.text, "an amount, as 4.50" in answer.text) == (True, True)
    assert sold(small_store).articles == ()
    assert send(browser, "id,price\nbeer,4.80\nwine,6\n").status_code == 303
    assert [one.price_minor for one in sold(small_store).articles] == [480, 600]
    exported = browser.get(f"{PAGE}.csv").text
    assert send(browser, exported.replace("4.80", "'-4.80")).status_code == 303
    assert [one.price_minor for one in sold(small_store).articles] == [-480, 600]


def test_a_file_without_articles_or_none_at_all_is_refused(browser: Browser) -> None:
    assert "There is no article in it" in send(browser, "id,price\n").text
    assert "Choose a file first" in browser.send(PAGE, MultiDict({"token": form_token(browser.session)})).text
    assert "Line 1" in send(browser, "colour\n").text


@pytest.mark.parametrize("path", ["articles/none", "groups/none"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"{PAGE}/{path}").status_code == 404


def test_an_empty_catalogue_says_how_to_begin(browser: Browser) -> None:
    page = browser.get(PAGE).text
    assert "send a whole price list" in page
    assert '<label for="file">Price list</label>' in page
