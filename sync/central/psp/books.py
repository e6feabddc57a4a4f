"""Books: what a paid charge and a refund are in the ledger, each posted once under its own name."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from edge.core.money import Money
from edge.errors import Refused
from sync.central.money.ledger import Entry, Posting, balance, post
from sync.central.money.pots import owed_of
from sync.central.psp.judgement import Charge, Purpose
from sync.central.psp.refunds import Refund
from sync.central.store import AHEAD, Connection, now_of, wake_after


class Move(NamedTuple):
    """What a posting of ours is called, and whose wallet it is about."""

    key: str
    kind: str
    wallet: str
    currency: str


def free(tx: Connection, site: str, wallet: str, *, currency: str) -> int:
    """Return what of a wallet's money no device holds."""
    return balance(tx, site, f"wallet:{wallet}", currency=currency)


def book_charge(tx: Connection, site: str, charge: Charge, *, psp: str, extra: str = "") -> bool:
    """Post what the provider took: against what is owed first, the rest is the guest's own.

    ``extra`` names money that was taken a second time: the guest gets it, and an operator sees it.
    """
    money, wallet = charge.money, charge.wallet
    to_debt = 0
    if charge.purpose is Purpose.DEBT and not extra:
        to_debt = min(money.minor, owed_of(tx, site, wallet, currency=money.currency))
    parts = (
        (f"psp:{psp}", -money.minor),
        (f"debt:{wallet}", to_debt),
        (f"wallet:{wallet}", money.minor - to_debt),
    )
    wake_after(tx, AHEAD)
    key = f"charge:{charge.id}" + (f":{extra[-60:]}" if extra else "")
    return _post(tx, site, Move(key, "charge", wallet, money.currency), parts=parts)


def set_aside(tx: Connection, site: str, refund: Refund, *, wallet: str) -> bool:
    """Take what is to be given back out of the wallet before anybody is asked; refuse what is not there."""
    money = refund.money
    there = free(tx, site, wallet, currency=money.currency)
    if there < money.minor:
        raise Refused(
            f"Only {there} of this wallet's money is free.",
            hint="Wait until devices have given back what they hold, or give back less.",
        )
    parts = ((f"wallet:{wallet}", -money.minor), (f"refund:{refund.id}", money.minor))
    move = Move(f"refund:{refund.id}:aside", "refund_aside", wallet, money.currency)
    return _post(tx, site, move, parts=parts)


def book_refund(tx: Connection, site: str, refund: Refund, *, wallet: str, psp: str) -> bool:
    """Post what the provider gave back."""
    parts = ((f"refund:{refund.id}", -refund.money.minor), (f"psp:{psp}", refund.money.minor))
    currency = refund.money.currency
    return _post(tx, site, Move(f"refund:{refund.id}", "refund", wallet, currency), parts=parts)


def put_back(tx: Connection, site: str, refund: Refund, *, wallet: str) -> bool:
    """Give the wallet what the provider did not give back."""
    parts = ((f"refund:{refund.id}", -refund.money.minor), (f"wallet:{wallet}", refund.money.minor))
    currency, key = refund.money.currency, f"refund:{refund.id}:back"
    return _post(tx, site, Move(key, "refund_back", wallet, currency), parts=parts)


def pay_from_wallet(tx: Connection, site: str, wallet: str, *, currency: str, key: str) -> Money:
    """Pay what a wallet owes out of what is free in it; returns how much. Whoever asks holds the wallet."""
    open_ = owed_of(tx, site, wallet, currency=currency)
    minor = min(open_, max(0, free(tx, site, wallet, currency=currency)))
    if minor:
        parts = ((f"wallet:{wallet}", -minor), (f"debt:{wallet}", minor))
        _post(tx, site, Move(f"debt:{key}", "debt_paid", wallet, currency), parts=parts)
    return Money(minor, currency)


def give_surplus(tx: Connection, site: str, wallet: str, *, currency: str) -> bool:
    """Put on the wallet what was paid of a debt that is none any more, as after goods that came back."""
    over = balance(tx, site, f"debt:{wallet}", currency=currency)
    if over <= 0:
        return False
    parts = ((f"debt:{wallet}", -over), (f"wallet:{wallet}", over))
    move = Move(f"surplus:{wallet}:{secrets.token_hex(6)}", "debt_surplus", wallet, currency)
    return _post(tx, site, move, parts=parts)


def _post(tx: Connection, site: str, move: Move, *, parts: tuple[tuple[str, int], ...]) -> bool:
    entries = tuple(Entry(account, minor) for account, minor in parts if minor)
    posting = Posting(
        site=site,
        key=move.key,
        kind=move.kind,
        at_ms=now_of(tx),
        currency=move.currency,
        entries=entries,
        wallet=move.wallet,
    )
    return post(tx, posting)
