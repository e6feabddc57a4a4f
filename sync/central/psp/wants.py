"""Wants: which wallets are to be filled, or owe something, and the one charge that is written for it."""

from __future__ import annotations

import datetime as dt
import secrets
import zoneinfo
from collections.abc import Iterable

from edge.core.money import Money
from sync.central.ledger import entry_table, posting_table
from sync.central.psp import books, charges, mandates
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.mandates import Mandate
from sync.central.psp.standing import tell_wallet
from sync.central.registry import layout, wallets
from sync.central.registry.wallets import Wallet, WalletState, wallet_table
from sync.central.store import Connection, now_of, select

REST_MS = 24 * 3_600_000
"""After a charge that failed for good nobody tries that card again by itself for so long."""
RECENT_MAX = 1_000
SALES_MAX = 100
"""Sales named in one charge."""


def stirred(tx: Connection, site: str, since_ms: int) -> list[str]:
    """Return the wallets whose money moved since a moment: these are looked at."""
    own = posting_table.c
    query = select(own.wallet_id).where(own.site_id == site, own.at_ms >= since_ms, own.wallet_id != "")
    return list(tx.execute(query.distinct().limit(RECENT_MAX)).scalars())


def all_of(tx: Connection, site: str) -> list[str]:
    """Return every wallet that may want something: looked at now and then, whatever was missed."""
    own, lines = wallet_table.c, entry_table.c
    filled = select(own.wallet_id).where(own.site_id == site, own.low_minor.is_not(None))
    begins = (lines.account >= "debt:", lines.account < "debt;")
    owing = select(lines.account).where(lines.site_id == site, *begins).distinct()
    debts = {str(name).removeprefix("debt:") for name in tx.execute(owing).scalars()}
    return sorted(debts | set(tx.execute(filled).scalars()))


def look(tx: Connection, site: str, ids: Iterable[str]) -> int:
    """Write the charges that these wallets want; returns how many. A wallet is held until the commit."""
    made = 0
    for id_ in ids:
        if wallets.wallets_of(tx, site, [id_]):
            made += _look(tx, site, wallets.lock(tx, site, id_))
    return made


def _look(tx: Connection, site: str, wallet: Wallet) -> bool:
    id_, currency = wallet.id, wallet.currency
    before = books.owed(tx, site, id_, currency=currency)
    # A random name will do: whoever posts it holds the wallet, and what is owed is less from then on.
    paid = books.pay_from_wallet(tx, site, id_, currency=currency, key=f"{id_}:{secrets.token_hex(6)}")
    books.give_surplus(tx, site, id_, currency=currency)
    debt = before - paid.minor
    if before:
        tell_wallet(tx, site, id_)
    card = mandates.active(tx, site, id_)
    if card is None or wallet.state is not WalletState.OPEN:
        return False
    if debt > 0:
        return _want(tx, site, card, purpose=Purpose.DEBT, money=Money(debt, currency))
    if wallet.low_minor is None or wallet.fill_minor is None:
        return False
    free = books.free(tx, site, id_, currency=currency)
    if free >= wallet.low_minor or wallet.fill_minor <= free:
        return False
    return _want(tx, site, card, purpose=Purpose.TOP_UP, money=Money(wallet.fill_minor - free, currency))


def _want(tx: Connection, site: str, card: Mandate, *, purpose: Purpose, money: Money) -> bool:
    """Write a charge within the card's limits, unless one is open or has just failed for good."""
    last = charges.latest(tx, site, card.wallet, purpose=purpose)
    failed = last is not None and last.state in (State.DECLINED, State.GUEST_NEEDED)
    if last is not None and failed and last.mandate == card.id and now_of(tx) - last.made_ms < REST_MS:
        return False
    minor = min(money.minor, _left(tx, site, card))
    if minor <= 0:
        return False
    about = _sales(tx, site, card.wallet, last=last) if purpose is Purpose.DEBT else ""
    made = Charge(
        id=charges.new_id(),
        mandate=card.id,
        wallet=card.wallet,
        purpose=purpose,
        money=Money(minor, money.currency),
        about=about,
    )
    return charges.add(tx, site, made)


def _left(tx: Connection, site: str, card: Mandate) -> int:
    """Return what may still be charged now: at once, on this local day and in this month."""
    now = dt.datetime.fromtimestamp(now_of(tx) // 1000, _zone(tx, site))
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    spent = [
        charges.spent(tx, site, card.id, since_ms=int(since.timestamp()) * 1000)
        for since in (day, day.replace(day=1))
    ]
    return min(card.limits.charge, card.limits.day - spent[0], card.limits.month - spent[1])


def _zone(tx: Connection, site: str) -> dt.tzinfo:
    if not layout.has_settings(tx, site):
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(layout.layout(tx, site).timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def _sales(tx: Connection, site: str, wallet: str, *, last: Charge | None) -> str:
    """Return which sales made the debt since the last charge for it: the receipt names both."""
    own, lines = posting_table.c, entry_table.c
    joined = posting_table.join(entry_table, (own.site_id == lines.site_id) & (own.key == lines.key))
    owing = (lines.site_id == site, lines.account == f"debt:{wallet}", lines.minor < 0)
    since = own.at_ms >= (last.made_ms if last else 0)
    query = select(own.key).select_from(joined).where(*owing, since).order_by(own.at_ms, own.key)
    return " ".join(tx.execute(query.limit(SALES_MAX)).scalars())
