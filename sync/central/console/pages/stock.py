"""Stock: what each store has, what of it is set aside, how old the figure is, and taking in a count."""

from __future__ import annotations

from typing import Any

from edge.core.orders import Shelf, Stock, shelf
from edge.core.places import PointKind
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Row, Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import Bar, in_order
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, names_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Route
from sync.central.near import stock
from sync.central.registry import catalogue, layout
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

HERE = "/sites/<site>/stock"
COLUMNS = ("article", "store", "on_hand", "set_aside", "kept_back", "free", "said_of_it", "lot", "age")
PAGE_MAX = 100
QUANTITY_MAX = 1_000_000
MARKS = {Shelf.IN_STOCK: "granted", Shelf.LAST: "warned", Shelf.ASK: "warned", Shelf.NONE: "ill"}


def _page(ask: Ask, after: str) -> Sheet:
    mark = tuple(after.split("/", 1))
    left = [found for found in _looked_for(ask) if (found[0].article, found[0].store) > mark]
    shown = left[:PAGE_MAX]
    following = f"{shown[-1][0].article}/{shown[-1][0].store}" if len(left) > PAGE_MAX else ""
    return Sheet(name="stock", columns=COLUMNS, rows=[_row(ask, *found) for found in shown], after=following)


def _looked_for(ask: Ask) -> list[tuple[Stock, tuple[str, str]]]:
    """Return each shelf whose article or store is looked for, with what both are called."""
    query = ask.arg("q").casefold()
    with ask.store.reading() as tx:
        known = stock.stock(tx, ask.site)
        articles = dict(_articles(ask, tx))
    points = dict(_stores(ask))
    named = (
        (one, (articles.get(one.article, one.article), points.get(one.store, one.store))) for one in known
    )
    return [
        (one, names)
        for one, names in named
        if any(query in word.casefold() for word in (*names, one.article))
    ]


def _row(ask: Ask, one: Stock, names: tuple[str, str]) -> Row:
    word = shelf(one, ask.store.now_ms())
    figures = (one.on_hand, one.reserved, one.safety, one.available)
    said = Cell(ask.words(f"shelf.{word}"), mark=MARKS[word])
    return (*names, *figures, said, one.lot, cells.age(ask, one.at_ms))


def _pictured(ask: Ask, _: Sheet) -> list[Bar]:
    """Return what is free of the emptiest of all shelves, whatever page they are on."""
    known = [(" · ".join(names), one.available) for one, names in _looked_for(ask)]
    return in_order(sorted(known, key=lambda shelf_: shelf_[1]))


def _form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        articles = _articles(ask, tx)
    fields = (
        Field(name="article", kind=Kind.CHOICE, choices=articles, required=True),
        Field(name="store", kind=Kind.CHOICE, choices=_stores(ask), required=True),
        Field(name="on_hand", kind=Kind.NUMBER, high=QUANTITY_MAX, required=True),
        Field(name="kept_back", kind=Kind.NUMBER, high=QUANTITY_MAX),
        Field(name="lot", chars_max=ID_CHARS_MAX),
    )
    return Form(name="stock_count", fields=fields, back=f"{ask.home}/stock", act="count")


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    article, store = said["article"], said["store"]
    with ask.changing() as tx:
        before = stock.find(tx, ask.site, article, store=store)
        # Whose shelf it is follows from where devices stand; none: it is asked of the store by hand.
        there = layout.standing_at(tx, ask.site, ask.devices_in_force(tx), points={store})
        counted = Stock(
            article=article,
            store=store,
            device=before.device if before is not None and before.device in there else next(iter(there), ""),
            on_hand=said["on_hand"],
            safety=said["kept_back"] if said["kept_back"] is not None else before.safety if before else 0,
            at_ms=ask.store.now_ms(),
            lot=said["lot"],
        )
        stock.put(tx, ask.site, [counted])
        was = str(before.on_hand) if before is not None else ""
        ask.record(tx, "stock_counted", f"{article} {store}", before=was, after=str(counted.on_hand))
    return Moved(f"{ask.home}/stock", "stock_counted")


def _articles(ask: Ask, tx: Connection) -> list[tuple[str, str]]:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    return [(one.id, one.name(ask.words.language)) for one in catalogue.catalogue(tx, ask.site).articles]


def _stores(ask: Ask) -> list[tuple[str, str]]:
    return [
        (one.id, names_of(one.names, ask.words.language, one.id))
        for one in ask.layout.points
        if one.kind is PointKind.TILL
    ]


STOCK = Listing(name="stock", page=_page, add="count", searched=True, picture=_pictured)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, STOCK),
    *desk.routes_of(f"{HERE}/count", Desk(_form, _save), "take in what was counted on a shelf."),
)
