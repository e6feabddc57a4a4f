"""Wants: which wallets are to be filled, or owe something, and the one charge that is written for it."""

from __future__ import annotations

import datetime as dt
import secrets
import zoneinfo
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.calendar import day_bounds
from edge.core.money import Money
from edge.core.wallet import MandateState
from sync.central.money import leases, placed, pots
from sync.central.money import policy as policies
from sync.central.money.ledger import entry_table, posting_table
from sync.central.psp import books, charges, mandates
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.mandates import Mandate
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.owing import Due, due, owing
from sync.central.psp.standing import tell_wallet
from sync.central.registry import layout, wallets
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Wallet, WalletState, wallet_table
from sync.central.store import Connection, now_of, select

REST_MS = 24 * 3_600_000
"""After a charge that failed for good nobody tries that card again by itself for so long."""
RECENT_MAX = 1_000
PAID_OTHERWISE = "paid_otherwise"
"""Why a charge was given up whose debt was paid with other money."""


class Want(NamedTuple):
    """One charge that would be welcome: what for, how much, and the sales that its receipt names."""

    purpose: Purpose
    money: Money
    about: str = ""


NOTHING = Due(0, "")


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
    for known in wallets.wallets_of(tx, site, ids).values():
        owes = pots.owed_of(tx, site, known.id, currency=known.currency) > 0
        if owes:  # what is told of it takes the site's turn, which comes before the wallet
            take_turn(tx, site)
        made += _look(tx, site, wallets.lock(tx, site, known.id), owes=owes)
    return made


def _look(tx: Connection, site: str, wallet: Wallet, *, owes: bool) -> bool:
    id_, currency = wallet.id, wallet.currency
    before = pots.owed_of(tx, site, id_, currency=currency)
    if before and not owes:
        return False  # a debt of this very moment: the next look sees it
    # A random name will do: whoever posts it holds the wallet, and what is owed is less from then on.
    paid = books.pay_from_wallet(tx, site, id_, currency=currency, key=f"{id_}:{secrets.token_hex(6)}")
    books.give_surplus(tx, site, id_, currency=currency)
    debt = before - paid.minor
    _let_go(tx, site, id_)
    if before:
        _ease(tx, site, id_, debt=debt)
        tell_wallet(tx, site, id_)
    if debt > 0:
        _call_back(tx, site, id_)
    card = mandates.active(tx, site, id_)
    if card is None or wallet.state is not WalletState.OPEN:
        return False
    meant = _due(tx, site, id_, debt=debt) if debt > 0 else NOTHING
    if meant.minor:
        owed = Want(Purpose.DEBT, Money(meant.minor, currency), meant.about)
        return _want(tx, site, card, want=owed)
    if wallet.low_minor is None or wallet.fill_minor is None:
        return False
    free = books.free(tx, site, id_, currency=currency)
    if free >= wallet.low_minor or wallet.fill_minor <= free:
        return False
    return _want(tx, site, card, want=Want(Purpose.TOP_UP, Money(wallet.fill_minor - free, currency)))


def _call_back(tx: Connection, site: str, wallet: str) -> None:
    """Ask for the money of a guest whose card said no: what they pay in at a till pays the debt, too."""
    if wallets.wallet(tx, site, wallet).mandate is MandateState.DECLINED:
        leases.ask_back(tx, site, placed.of_wallet(tx, site, wallet, kind=pots.MONEY, held=True), why="debt")


def _let_go(tx: Connection, site: str, wallet: str) -> None:
    """Give up what waits for its next try with a card charged no more: another one is asked at once."""
    held = {one.id: one.state for one in mandates.of_wallet(tx, site, wallet)}
    for purpose in Purpose:
        waits = charges.waiting(tx, site, wallet, purpose=purpose)
        state = held.get(waits.mandate) if waits is not None else None
        if waits is not None and state is not None and state is not Mandated.ACTIVE:
            over = msgspec.structs.replace(waits, state=State.DROPPED, reason=state.value)
            charges.keep(tx, site, over)


def _ease(tx: Connection, site: str, wallet: str, *, debt: int) -> None:
    """Let a charge that waits for its next try ask for no more than is still owed; for nothing, never."""
    waits = charges.waiting(tx, site, wallet, purpose=Purpose.DEBT)
    if waits is None or waits.money.minor <= debt:
        return
    if debt:
        eased = msgspec.structs.replace(waits, money=Money(debt, waits.money.currency))
    else:
        eased = msgspec.structs.replace(waits, state=State.DROPPED, reason=PAID_OTHERWISE)
    charges.keep(tx, site, eased)


def _due(tx: Connection, site: str, wallet: str, *, debt: int) -> Due:
    """Return which part of a debt is charged now."""
    zone, starts_min = _turn(tx, site)
    day_ms = day_bounds(zone, starts_min, now_of(tx))[0]
    charging = policies.policy(tx, site).charging
    return due(owing(tx, site, wallet, debt=debt), charging, day_ms=day_ms)


def _want(tx: Connection, site: str, card: Mandate, *, want: Want) -> bool:
    """Write a charge within the card's limits, unless one is open or has just failed for good."""
    last = charges.latest(tx, site, card.wallet, purpose=want.purpose)
    failed = last is not None and last.state in (State.DECLINED, State.GUEST_NEEDED)
    if last is not None and failed and last.mandate == card.id and now_of(tx) - last.made_ms < REST_MS:
        return False
    minor = min(want.money.minor, _left(tx, site, card))
    if minor <= 0:
        return False
    made = Charge(
        id=charges.new_id(),
        mandate=card.id,
        wallet=card.wallet,
        purpose=want.purpose,
        money=Money(minor, want.money.currency),
        about=want.about,
    )
    return charges.add(tx, site, made)


def _left(tx: Connection, site: str, card: Mandate) -> int:
    """Return what may still be charged now: at once, on this local day and in this month."""
    now = dt.datetime.fromtimestamp(now_of(tx) // 1000, _turn(tx, site)[0])
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    spent = [
        charges.spent(tx, site, card.id, since_ms=int(since.timestamp()) * 1000)
        for since in (day, day.replace(day=1))
    ]
    return min(card.limits.charge, card.limits.day - spent[0], card.limits.month - spent[1])


def _turn(tx: Connection, site: str) -> tuple[dt.tzinfo, int]:
    """Return where the site's clock stands, and at which local minute its day begins."""
    if not layout.has_settings(tx, site):
        return dt.UTC, 0
    known = layout.layout(tx, site)
    try:
        return zoneinfo.ZoneInfo(known.timezone), known.reset_min or 0
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC, known.reset_min or 0
