"""Pages: the feed cut into what one edge has not seen, its urgent part first."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.errors import PolsoError, Unknown
from sync.central.feed import item_table
from sync.central.registry import onair
from sync.central.sites import site_table
from sync.central.store import (
    ColumnElement,
    Connection,
    Row,
    Store,
    select,
)
from sync.wire import PAGE_BYTES_MAX, PAGE_ITEMS_MAX, URGENT_MAX, WAIT_S_MAX, Cursor, Item, Page

AGAIN_MS = 15_000
"""When a worker holds no more requests open, this is how soon an edge asks again."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Where an edge stands in a site's feed."""

    site: str
    cursor: Cursor
    urgent: int = 0
    limit: int = PAGE_ITEMS_MAX


class EpochOver(PolsoError):
    """This cursor belongs to another life of the feed, or is older than what is kept."""

    hint = "Take a snapshot; the device does so by itself."
    retryable = True


def await_page(store: Store, asked: Asked, wait_s: float) -> Page:
    """Return the next page; if there is nothing new, wait for it a while, then return it empty."""
    seen = store.wakes.seen(asked.site)
    page = read_page(store, asked)
    if page.items or page.urgent or wait_s <= 0:
        return page
    if store.wakes.wait(asked.site, seen, min(wait_s, WAIT_S_MAX)):
        return read_page(store, asked)
    return msgspec.structs.replace(page, time_ms=store.now_ms())


def urgent_after(store: Store, site: str, applied: Cursor) -> tuple[tuple[Item, ...], Cursor]:
    """Return the urgent items that an edge lacks and its cursor after them; another epoch lacks all."""
    with store.reading() as tx:
        now = _site(tx, site)
        after = applied.seq if applied.epoch == now.epoch else 0
        rows, _ = _fit(_rows(tx, site, item_table.c.urgent.is_(True), after=after, limit=URGENT_MAX))
    return tuple(map(_item, rows)), Cursor(now.epoch, rows[-1].seq if rows else after)


def read_page(store: Store, asked: Asked) -> Page:
    """Return the next page as it stands now; EpochOver asks the edge to report and to take a snapshot.

    An edge that knows more than central ever said is told so too: its report shows that central was put back.
    """
    with store.reading() as tx:
        site = _site(tx, asked.site)
        if site.epoch == asked.cursor.epoch and site.floor <= asked.cursor.seq <= site.seq:
            return _page(tx, asked, site, now_ms=store.now_ms())
    raise EpochOver


def _page(tx: Connection, asked: Asked, site: Row[Any], *, now_ms: int) -> Page:
    after, limit = asked.cursor.seq, max(1, min(asked.limit, PAGE_ITEMS_MAX))
    ordinary, more = _fit(_rows(tx, asked.site, item_table.c.urgent.is_(False), after=after, limit=limit))
    urgent, _ = _fit(
        _rows(tx, asked.site, item_table.c.urgent.is_(True), after=asked.urgent, limit=URGENT_MAX)
    )
    full = more or len(ordinary) == limit
    last = ordinary[-1].seq if ordinary else after
    return Page(
        site=asked.site,
        epoch=site.epoch,
        after=after,
        to=last if full else max(site.seq, last),
        head=max(site.seq, last),
        time_ms=now_ms,
        items=tuple(onair.outgoing(tx, asked.site, _item(row)) for row in ordinary),
        urgent=tuple(map(_item, urgent)),
        urgent_to=urgent[-1].seq if urgent else asked.urgent,
    )


def _rows(tx: Connection, site: str, which: ColumnElement[bool], *, after: int, limit: int) -> list[Row[Any]]:
    own = item_table.c
    found = select(own.kind, own.key, own.seq, own.body).where(own.site_id == site, own.seq > after, which)
    return list(tx.execute(found.order_by(own.seq).limit(limit)))


def _fit(rows: list[Row[Any]]) -> tuple[list[Row[Any]], bool]:
    """Cut the rows where their bytes would make a page too large; say whether anything was cut."""
    size = 0
    for place, row in enumerate(rows):
        size += len(row.body or b"") + len(row.key)
        if size > PAGE_BYTES_MAX // 2 and place:
            return rows[:place], True
    return rows, False


def _item(row: Row[Any]) -> Item:
    return Item(
        kind=row.kind, key=row.key, version=row.seq, body=None if row.body is None else bytes(row.body)
    )


def _site(tx: Connection, site: str) -> Row[Any]:
    row = tx.execute(select(site_table).where(site_table.c.site_id == site)).first()
    if row is None:
        raise Unknown(f"There is no site {site}.")
    return row
