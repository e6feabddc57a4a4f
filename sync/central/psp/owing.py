"""Owing: which sales make up what a wallet owes, and what of it is charged now, by the operator's policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sync.central.money.ledger import entry_table, posting_table
from sync.central.money.policy import Charging
from sync.central.store import Connection, select

SALES_MAX = 100
"""Sales named in one charge; the next charge takes the rest."""


class Sale(NamedTuple):
    """What is still owed of one sale; what nobody bought, as a charge taken back, has no key."""

    key: str
    minor: int
    at_ms: int


class Due(NamedTuple):
    """What one charge is for: its sum, and the sales that its receipt names."""

    minor: int
    about: str


def owing(tx: Connection, site: str, wallet: str, *, debt: int) -> tuple[Sale, ...]:
    """Return the sales that make up a debt, the eldest first: what was paid paid the eldest before them."""
    own, lines = posting_table.c, entry_table.c
    joined = posting_table.join(entry_table, (own.site_id == lines.site_id) & (own.key == lines.key))
    owed = (lines.site_id == site, lines.account == f"debt:{wallet}", lines.minor < 0)
    query = select(own.key, lines.minor, own.at_ms).select_from(joined).where(*owed)
    rows = tx.execute(query.order_by(own.at_ms.desc(), own.key.desc()).limit(SALES_MAX)).all()
    found, left = list[Sale](), debt
    for key, minor, at_ms in rows:
        piece = min(left, -int(minor))
        if piece > 0:
            found.append(Sale(key, piece, at_ms))
            left -= piece
    if left > 0 and len(rows) < SALES_MAX:
        found.append(Sale("", left, 0))
    return tuple(reversed(found))


def due(sales: Sequence[Sale], charging: Charging, *, day_ms: int) -> Due:
    """Return what is charged now; ``day_ms`` is when the site's present day began."""
    match charging:
        case Charging.EACH:
            chosen = sales[:1]
        case Charging.DAY:
            chosen = [sale for sale in sales if sale.at_ms < day_ms]
        case Charging.AT_ONCE:
            chosen = sales
    return Due(sum(sale.minor for sale in chosen), " ".join(sale.key for sale in chosen if sale.key))
