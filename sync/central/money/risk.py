"""Risk: the operator's loss budget and each wallet's limits, given anew once what was owed is paid."""

from __future__ import annotations

import secrets

from edge.core.lease import LeaseKind
from sync.central.money import ledger, placed
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import Policy
from sync.central.money.pots import Issue, counted_in, issue, pot
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection

RISK = LeaseKind.RISK.value
TAPS = LeaseKind.RISK_TAPS.value
TAP = "tap"
OF_SITE = ""
"""The wallet of what belongs to no guest: the operator's budget, and the devices' slices of it."""


def hold_budget(tx: Connection, site: str, chosen: Policy, *, currency: str) -> int:
    """Make what is free of the budget just that which is neither owed, nor out at devices, nor lost.

    Returns by how much the budget is overdrawn, below zero, because more is out than was chosen since.
    Call it with the policy's row held: budgets are shared out one at a time.
    """
    # Held, and read before what is owed: nobody reports a sale between the two.
    rows = placed.of_wallet(tx, site, OF_SITE, kind=RISK, held=True)
    free = left(tx, site, chosen, currency=currency, rows=rows)
    _hold(tx, site, Issue(OF_SITE, RISK, currency, max(0, free)))
    return min(0, free)


def left(tx: Connection, site: str, chosen: Policy, *, currency: str, rows: tuple[PlacedRow, ...]) -> int:
    """Return what of the budget is neither owed, nor out at devices in these slices, nor lost."""
    owed = sum(-one.minor for one in ledger.standings(tx, site, prefix="debt:") if one.currency == currency)
    lost = sum(row.loss - row.recovered for row in rows if not row.living)
    return chosen.risk_minor - max(0, owed) - lost - _out(rows)


def hold_limits(tx: Connection, site: str, wallet: Wallet, *, chosen: Policy) -> None:
    """Give a wallet its limits at risk, once more in full since all that it owed was paid.

    What devices still hold of the last limits counts: a guest never has more than the limit anywhere.
    """
    for kind, unit, most in (
        (RISK, wallet.currency, chosen.risk_wallet_minor),
        (TAPS, TAP, chosen.risk_taps),
    ):
        out = _out(placed.of_wallet(tx, site, wallet.id, kind=kind))
        _hold(tx, site, Issue(wallet.id, kind, unit, max(0, most - out)))


def _hold(tx: Connection, site: str, aim: Issue) -> None:
    """Issue or take back until so many units are free."""
    counted = counted_in(aim.kind, aim.unit)
    free = ledger.balance(tx, site, pot(aim.wallet, aim.kind), currency=counted)
    key = f"{aim.kind}:{aim.wallet}:{secrets.token_hex(8)}"
    issue(tx, site, key, of=aim._replace(units=aim.units - free))


def _out(rows: tuple[PlacedRow, ...]) -> int:
    """Return what devices hold or may hold, as far as central knows: what it has not heard of counts."""
    return sum(row.placed.counters.spendable for row in rows if row.living)
