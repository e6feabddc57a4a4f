"""Stock: what each store has of an article, with the moment it was counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from edge.core.orders import FEW_MAX, STOCK, Ordered, Stock
from edge.errors import Refused
from sync.central.feed import Change, publish
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    and_,
    case,
    delete,
    insert,
    metadata,
    select,
    text,
    update,
)

STOCK_MAX = 5_000
"""Figures of one call."""


class Heard(Protocol):
    """Who is to hear of a shelf with little left on it."""

    def __call__(self, tx: Connection, site: str, left: Stock, /) -> None:
        """Hear of it, in the transaction that leaves so little."""


LOW: list[Heard] = []
"""Told when a shelf comes to the last pieces, and not again before it had more."""

stock_table = Table(
    "stock",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("article", String(ID_CHARS_MAX), primary_key=True),
    Column("store", String(ID_CHARS_MAX), primary_key=True),
    Column("device_id", String(ID_CHARS_MAX), nullable=False),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("safety", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("lot", String(ID_CHARS_MAX), nullable=False, server_default=""),
    Column("lot_ms", BigInteger, nullable=False, server_default="0"),
)
_own = stock_table.c


def _remember_lots(tx: Connection) -> None:
    tx.execute(text("ALTER TABLE stock ADD COLUMN lot VARCHAR(64) NOT NULL DEFAULT ''"))
    tx.execute(text("ALTER TABLE stock ADD COLUMN lot_ms BIGINT NOT NULL DEFAULT 0"))


STEPS[12] = _remember_lots


def put(tx: Connection, site: str, counted: Sequence[Stock]) -> None:
    """Take what was counted; what is set aside stays so, and a lot is open until another one is named."""
    if len(counted) > STOCK_MAX or any(min(one.on_hand, one.safety) < 0 for one in counted):
        raise Refused(f"At most {STOCK_MAX} figures at once, and none below zero.")
    for one in counted:
        known = find(tx, site, one.article, store=one.store)
        after = msgspec.structs.replace(_opened(one, known), reserved=known.reserved if known else 0)
        tx.execute(delete(stock_table).where(_there(site, one.article, one.store)))
        tx.execute(insert(stock_table).values(_row(site, after)))
        _tell(tx, site, after, before=known)


def _opened(one: Stock, known: Stock | None) -> Stock:
    """Return a count with the lot that is open then, and since when."""
    if known is not None and one.lot in ("", known.lot):
        return msgspec.structs.replace(one, lot=known.lot, lot_ms=known.lot_ms)
    return msgspec.structs.replace(one, lot_ms=one.at_ms if one.lot else 0)


def find(tx: Connection, site: str, article: str, *, store: str) -> Stock | None:
    """Return what a store has of an article, if anything is known."""
    row = tx.execute(select(stock_table).where(_there(site, article, store))).first()
    return None if row is None else _stock(row)


def stock(tx: Connection, site: str) -> tuple[Stock, ...]:
    """Return every figure of a site, by article and store."""
    query = select(stock_table).where(_own.site_id == site).order_by(_own.article, _own.store)
    return tuple(_stock(row) for row in tx.execute(query))


def of_article(tx: Connection, site: str, article: str) -> tuple[Stock, ...]:
    """Return what every store has of an article, by store."""
    here = and_(_own.site_id == site, _own.article == article)
    return tuple(_stock(row) for row in tx.execute(select(stock_table).where(here).order_by(_own.store)))


def has(tx: Connection, site: str, line: Ordered, *, store: str) -> bool:
    """Say whether a store can promise so many."""
    known = find(tx, site, line.article, store=store)
    return known is not None and known.available >= line.quantity


def reserve(tx: Connection, site: str, lines: Iterable[Ordered], *, store: str, sign: int) -> None:
    """Set so many aside; with a sign of -1 free them.

    What was set aside before a store first counted its shelf is in no count: freeing it frees nothing.
    """
    for line in lines:
        after = _own.reserved + sign * line.quantity
        _change(tx, site, line, store=store, reserved=case((after > 0, after), else_=0))


def leave(tx: Connection, site: str, lines: Iterable[Ordered], *, store: str) -> None:
    """Take what a guest carried home off the shelf."""
    for line in lines:
        _change(tx, site, line, store=store, on_hand=_own.on_hand - line.quantity)


def _change(tx: Connection, site: str, line: Ordered, *, store: str, **values: object) -> None:
    before = find(tx, site, line.article, store=store)
    tx.execute(update(stock_table).where(_there(site, line.article, store)).values(values))
    known = find(tx, site, line.article, store=store)
    if known is not None:
        _tell(tx, site, known, before=before)


def _tell(tx: Connection, site: str, known: Stock, *, before: Stock | None) -> None:
    if known.available <= FEW_MAX and (before is None or before.available > FEW_MAX):
        for tell in LOW:
            tell(tx, site, known)
    publish(tx, site, [Change(STOCK, f"{known.article}/{known.store}", msgspec.msgpack.encode(known))])


def _there(site: str, article: str, store: str) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.article == article, _own.store == store)


def _row(site: str, one: Stock) -> dict[str, object]:
    told = msgspec.structs.asdict(one)
    return {"site_id": site, "device_id": told.pop("device"), **told}


def _stock(row: Any) -> Stock:  # noqa: ANN401 - a row has no type of its own
    return Stock(
        article=row.article,
        store=row.store,
        device=row.device_id,
        on_hand=row.on_hand,
        reserved=row.reserved,
        safety=row.safety,
        at_ms=row.at_ms,
        lot=row.lot,
        lot_ms=row.lot_ms,
    )
