"""Orders: what guests pick up, how far each has come, and bringing one further in its store's place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from edge.core.orders import OVER, Order, Ordered, OrderState
from edge.errors import Refused
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Row, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped, names_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route
from sync.central.near import orders
from sync.central.near.orders import Changed
from sync.central.registry import catalogue
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

HERE = "/sites/<site>/orders"
COLUMNS = ("order", "store", "what", "state", "age", "counter", "kept_until")
PAGE_MAX = 100
EXTEND = "extend"
TIMES = "\u00d7"
STEPS = (OrderState.PICKING, OrderState.READY, OrderState.CANCELLED)
ENDED = frozenset({OrderState.EXPIRED, OrderState.CANCELLED})


def _page(ask: Ask, after: str) -> Sheet:
    at_ms, _, past = after.partition("/")
    mark = (int(at_ms), past) if at_ms.isdecimal() else None
    articles = _articles(ask)
    with ask.store.reading() as tx:
        told = ((one, _row(ask, one, articles)) for one in _behind(tx, ask.site, mark))
        found = list(islice((both for both in told if _is_meant(ask.arg("q"), both[1])), PAGE_MAX + 1))
    shown = found[:PAGE_MAX]
    following = f"{shown[-1][0].at_ms}/{shown[-1][0].order.id}" if len(found) > PAGE_MAX else ""
    return Sheet(name="orders", columns=COLUMNS, rows=[row for _, row in shown], after=following)


def _behind(tx: Connection, site: str, mark: tuple[int, str] | None) -> Iterator[Changed]:
    while page := orders.page(tx, site, after=mark):
        yield from page
        mark = page[-1].at_ms, page[-1].order.id


def _is_meant(query: str, row: Row) -> bool:
    """Whether a row has what is looked for: an order's id, a store, a thing or a state."""
    texts = (one.text if isinstance(one, Cell) else str(one) for one in row[:4])
    return any(query.casefold() in text.casefold() for text in texts)


def _row(ask: Ask, one: Changed, articles: dict[str, str]) -> Row:
    order, points = one.order, ask.layout.points_by_id
    store = points.get(order.store)
    return (
        Cell(order.id, f"{ask.home}/orders/{order.id}" if order.state not in OVER else ""),
        names_of(store.names, ask.words.language, order.store) if store is not None else order.store,
        _things(order.lines if order.state in OVER else order.left, articles),
        Cell(ask.words(f"order.{order.state}"), mark="warned" if order.state in ENDED else ""),
        cells.age(ask, one.at_ms),
        order.counter,
        ask.time(order.until_ms),
    )


def _things(lines: tuple[Ordered, ...], articles: dict[str, str]) -> str:
    return ", ".join(f"{line.quantity} {TIMES} {articles.get(line.article, line.article)}" for line in lines)


def _articles(ask: Ask) -> dict[str, str]:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        return {one.id: one.name(ask.words.language) for one in catalogue.catalogue(tx, ask.site).articles}


def _form(ask: Ask) -> Form:
    order = _known(ask)
    steps = [(one.value, f"order.do_{one}") for one in STEPS if one is not order.state]
    fields = (
        Field(name="order_state", fixed=True),
        Field(
            name="order_step", kind=Kind.CHOICE, choices=[*steps, (EXTEND, "order.do_extend")], required=True
        ),
        Field(name="counter", chars_max=ID_CHARS_MAX),
        Field(name="keep_until", kind=Kind.MOMENT),
    )
    return Form(
        name="order_change",
        fields=fields,
        values={"order_state": ask.words(f"order.{order.state}"), "counter": order.counter},
        back=f"{ask.home}/orders",
        title=f"{order.id} · {_things(order.left, _articles(ask))}",
        act="do",
    )


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    before, step = _known(ask), said["order_step"]
    if step == EXTEND and said["keep_until"] is None:
        raise Mistyped("keep_until", "wrong.empty")
    with ask.changing() as tx:
        if step == EXTEND:
            after = orders.extend(tx, ask.site, before.id, until_ms=said["keep_until"])
            ask.record(tx, "order_extended", after.id, before=ask.time(before.until_ms),
                       after=ask.time(after.until_ms))  # fmt: skip
        else:
            counter = said["counter"] if step == OrderState.READY else ""
            after = orders.step(tx, ask.site, before.id, to=OrderState(step), counter=counter)
            ask.record(tx, "order_moved", after.id, before=before.state, after=after.state)
    return Moved(f"{ask.home}/orders", "order_changed")


def _known(ask: Ask) -> Order:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        order = orders.must_find(tx, ask.site, ask.path["order"])
    if order.state in OVER:
        raise Refused(ask.words("wrong.order_over"))
    return order


ORDERS = Listing(name="orders", page=_page, searched=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, ORDERS, shown_to=Audience.CARE),
    *desk.routes_of(
        f"{HERE}/<order>", Desk(_form, _save), "bring an order further, or keep it longer.",
        audience=Audience.CARE,
    ),
)  # fmt: skip
