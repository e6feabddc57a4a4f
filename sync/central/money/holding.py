"""Holding: the one order in which money's rows are held, so that no two workers wait for each other."""

from __future__ import annotations

from collections.abc import Iterable

from sync.central.money import placed, policy
from sync.central.registry import wallets
from sync.central.store import Connection, is_postgres

# Every transaction holds what it needs of these from left to right, several of one kind by their names:
# device's lane, site's turn, charge or top-up, policy, wallets, leases, numbers of devices, baskets, ledger.
# What is met against it all the same (two devices that claim each other's baskets) the database undoes, and
# whoever asked is told to ask again.


def hold(tx: Connection, site: str, of: Iterable[str], *, devices: Iterable[str] = ()) -> None:
    """Hold wallets with all their leases, and the numbers of their devices and of ``devices``.

    Whoever moves the money of several wallets in one transaction begins with this; the wallet without a name
    is the operator's budget. On SQLite a transaction is alone from its beginning.
    """
    names = set(of)
    if not is_postgres(tx) or not names:
        return
    if "" in names:
        policy.lock(tx, site)
    wallets.lock_all(tx, site, names)
    rows = placed.by_id(tx, site, placed.names_of(tx, site, names), held=True)
    placed.hold_serials(tx, site, {row.placed.device for row in rows.values()} | set(devices))
