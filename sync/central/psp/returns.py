"""Returns: what two operators agree to give back, set aside before the provider is asked for it."""

from __future__ import annotations

from sync.central.psp import books, charges, refunds
from sync.central.psp.refunds import Refund
from sync.central.psp.refunds import State as Refunding
from sync.central.registry import wallets
from sync.central.store import Connection, wake_after


def wish(tx: Connection, site: str, refund: Refund) -> bool:
    """Ask for a refund and take its money out of the wallet at once; False: that was done before."""
    if not refunds.ask(tx, site, refund):
        return False
    wallet = charges.charge(tx, site, refund.charge).wallet
    wallets.lock_all(tx, site, [wallet])  # or a device could be granted at this moment what is free now
    books.set_aside(tx, site, refund, wallet=wallet)
    wake_after(tx, site)
    return True


def agree(tx: Connection, site: str, id_: str, *, by: str) -> Refund:
    """Let a refund be sent that somebody else asked for."""
    return refunds.approve(tx, site, id_, by=by)


def turn_down(tx: Connection, site: str, id_: str, *, by: str) -> Refund:
    """Give up a refund and let the wallet have its money again."""
    before = refunds.refund(tx, site, id_)
    if before.state is Refunding.DROPPED:
        return before
    dropped = refunds.drop(tx, site, id_, by=by)
    wallet = charges.charge(tx, site, dropped.charge).wallet
    books.put_back(tx, site, dropped, wallet=wallet)
    wake_after(tx, site)
    return dropped
