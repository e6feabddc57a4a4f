"""Pots: where each kind of set-aside comes from, money or counted units, and what of it is free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from edge.core.lease import LeaseKind, PlacedState, free
from edge.core.payment import Leg
from sync.central.money.ledger import Entry, Posting, balance, balances, post, unit_of
from sync.central.money.placed import PlacedRow, of_wallet, of_wallets
from sync.central.store import AHEAD, Connection, now_of, wake_after

MONEY = LeaseKind.MONEY.value
UNITS = {
    LeaseKind.FREE_DRINK: "piece",
    LeaseKind.OFFER: "piece",
    LeaseKind.POINTS: "point",
    LeaseKind.RISK_TAPS: "tap",
}
"""What is counted, where it is not the wallet's own money."""


def pot(wallet: str, kind: str) -> str:
    """Return the account that holds what is free: the wallet's own, or the operator's budget of a kind."""
    return f"wallet:{wallet}" if wallet else f"budget:{kind}"


def unit_for(kind: str, currency: str) -> str:
    """Return in what a kind of lease is counted: pieces, points, or the wallet's money."""
    return UNITS.get(LeaseKind(kind.partition(":")[0]), currency)


def counted_in(kind: str, unit: str, day: int | None = None) -> str:
    """Return in what the ledger counts a kind of lease; a day's limit is counted day by day."""
    return unit_of(kind if day is None else f"{kind}@{day}", unit)


def free_of(tx: Connection, site: str, wallet: str, *, currency: str) -> int:
    """Return what of a wallet's money nobody holds."""
    return balance(tx, site, pot(wallet, MONEY), currency=currency)


def owed_of(tx: Connection, site: str, wallet: str, *, currency: str) -> int:
    """Return what a wallet owes."""
    return max(0, -balance(tx, site, f"debt:{wallet}", currency=currency))


def worth(tx: Connection, site: str, wallet: str, *, currency: str) -> tuple[int, int, int]:
    """Return what of a wallet's money is free, what devices hold of it, and what it owes."""
    living = (one for one in of_wallet(tx, site, wallet, kind=MONEY) if one.living)
    leased = sum(one.placed.counters.spendable for one in living if one.placed.unit == currency)
    owed = -balance(tx, site, f"debt:{wallet}", currency=currency)
    return free_of(tx, site, wallet, currency=currency), leased, owed


def worth_of(tx: Connection, site: str, wallets: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return what many wallets hold of money, free or at devices, by wallet and currency."""
    found = Counter[tuple[str, str]]()
    names = {pot(one, MONEY): one for one in wallets}
    for (account, currency), minor in balances(tx, site, sorted(names)).items():
        found[names[account], currency] += minor
    for wallet, rows in of_wallets(tx, site, names.values(), kind=MONEY).items():
        for row in rows:
            found[wallet, row.placed.unit] += row.placed.counters.spendable if row.living else 0
    return found


def confirmed(tx: Connection, site: str, rows: tuple[PlacedRow, ...], *, account: str, counted: str) -> int:
    """Return T, what central has confirmed in all: what is free and all that its leases took of it."""
    return balance(tx, site, account, currency=counted) + sum(one.placed.set_aside for one in rows)


def is_covered(total: int, rows: tuple[PlacedRow, ...]) -> bool:
    """Say whether what is set aside stays within what was confirmed (I2)."""
    return free(total, [one.placed for one in rows]) >= 0


class Issue(NamedTuple):
    """Units of a kind other than money: of what, and how many (below zero: taken back)."""

    wallet: str
    kind: str
    unit: str
    units: int
    day: int | None = None


def issue(tx: Connection, site: str, key: str, *, of: Issue) -> bool:
    """Put units into a pot (vouchers, gifts, a day's limit, a budget); the same ``key`` does it once."""
    if not of.units:
        return False
    source = f"issued:{of.kind.partition(':')[0]}"
    entries = (Entry(source, -of.units), Entry(pot(of.wallet, of.kind), of.units))
    return post(
        tx,
        Posting(
            site=site,
            key=f"issue:{key}",
            kind="issue",
            at_ms=now_of(tx),
            currency=counted_in(of.kind, of.unit, of.day),
            entries=entries,
            wallet=of.wallet,
        ),
    )


def units_back(refund: Posting, legs: Iterable[Leg]) -> Iterator[Posting]:
    """Return what puts the units of refunded vouchers back into their pots, in each unit for itself."""
    sums: dict[str, dict[str, int]] = {}
    for leg in legs:
        own = sums.setdefault(counted_in(leg.kind, unit_for(leg.kind, refund.currency)), {})
        for account, units in ((pot(leg.wallet, leg.kind), leg.units), (_used(leg.kind), -leg.units)):
            own[account] = own.get(account, 0) + units
    for unit, moved in sums.items():
        entries = tuple(Entry(account, units) for account, units in moved.items() if units)
        if entries:
            yield msgspec.structs.replace(refund, key=f"{refund.key}/{unit}", currency=unit, entries=entries)


def _used(kind: str) -> str:
    return f"used:{kind.partition(':')[0]}"


def top_up(tx: Connection, site: str, key: str, *, wallet: str, paid: tuple[str, int, str]) -> bool:
    """Put money on a wallet: ``paid`` is the account it came from, how much, in which currency."""
    source, minor, currency = paid
    entries = (Entry(source, -minor), Entry(pot(wallet, MONEY), minor))
    wake_after(tx, AHEAD)
    wake_after(tx, site)  # a device may wait for it
    return post(
        tx,
        Posting(
            site=site,
            key=key,
            kind="top_up",
            at_ms=now_of(tx),
            currency=currency,
            entries=entries,
            wallet=wallet,
        ),
    )


def is_lost(row: PlacedRow) -> bool:
    """Say whether a lease was given up, so that what still comes of it is set against the loss."""
    return row.placed.state in (PlacedState.WRITTEN_OFF, PlacedState.LATE_SETTLED)
