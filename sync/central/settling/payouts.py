"""Pay-outs: the rest of a wallet goes to its guest's bank account, once all that devices hold came back."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import msgspec

from edge.core.money import spelled
from edge.errors import Refused, Unknown
from sync.central.money import leases, placed, restored
from sync.central.money.ledger import Entry, Posting, post
from sync.central.money.pots import MONEY, worth
from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import KEPT
from sync.central.registry import members, wallets
from sync.central.registry.wallets import WalletState
from sync.central.settling import sepa
from sync.central.settling.sepa import Account, Transfer
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Row,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
    update,
)

CLOSING, PAID, FILED = "closing", "paid", "filed"
"""Asked for; booked; in a file for the bank, after which the account is of no use here."""
NOBODYS = {"name": "", "iban": "", "bic": ""}

payout_table = Table(
    "wallet_payout",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("payout_id", String(32), primary_key=True),
    Column("wallet_id", String(64), nullable=False),
    Column("name", String(sepa.NAME_CHARS_MAX), nullable=False),
    Column("iban", String(34), nullable=False),
    Column("bic", String(11), nullable=False),
    Column("state", String(16), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("batch", String(32), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
)


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """One wallet on its way to the bank."""

    id: str
    wallet: str
    to: Account
    state: str = CLOSING
    minor: int = 0
    batch: str = ""
    asked_ms: int = 0


def begin(tx: Connection, site: str, wallet: str, *, to: Account) -> Payout:
    """Ask for a wallet to be paid out: nothing more is granted, and devices give back what they hold."""
    known = wallets.lock(tx, site, wallet)
    if known.currency != sepa.CURRENCY:
        raise Refused("A SEPA transfer carries euros.", hint="Pay this wallet out at a till.")
    if known.state is WalletState.CLOSED:
        raise Refused("This wallet was closed and paid out.")
    for one in payouts(tx, site, state=CLOSING):
        if one.wallet == wallet:
            return one
    account = Account(sepa.plain(to.name), sepa.iban_of(to.iban), sepa.bic_of(to.bic))
    if not account.name:
        raise Refused("An account needs its owner's name.")
    wallets.set_block(tx, site, wallet, blocked=True)
    leases.ask_back_wallet(tx, site, wallet, why="paid_out")
    made = Payout(id=f"p{secrets.token_hex(8)}", wallet=wallet, to=account, asked_ms=now_of(tx))
    tx.execute(
        insert(payout_table).values(
            site_id=site,
            payout_id=made.id,
            wallet_id=wallet,
            name=account.name,
            iban=account.iban,
            bic=account.bic,
            state=CLOSING,
            minor=0,
            batch="",
            asked_ms=made.asked_ms,
        )
    )
    return made


def is_ready(tx: Connection, site: str, wallet: str) -> bool:
    """Say whether every device has given back what it held of a wallet, and has said all that it holds."""
    if restored.is_withheld(tx, site, wallet):
        return False
    return not any(one.living for one in placed.of_wallet(tx, site, wallet, kind=MONEY))


def close_batch(tx: Connection, site: str) -> str:
    """Book every pay-out that is ready, under one batch; returns the batch, nothing where none is ready."""
    batch = f"b{secrets.token_hex(6)}"
    ready = payouts(tx, site, state=CLOSING)
    wallets.lock_all(tx, site, [one.wallet for one in ready])
    booked = [_book(tx, site, one, batch=batch) for one in ready]
    return batch if any(booked) else ""


def payouts(
    tx: Connection, site: str, *, state: str = "", batch: str = "", wallet: str = ""
) -> tuple[Payout, ...]:
    """Return pay-outs by age: in a state, of a batch, of a wallet, or all."""
    own = payout_table.c
    query = select(payout_table).where(own.site_id == site)
    query = query.where(own.state == state) if state else query
    query = query.where(own.batch == batch) if batch else query
    query = query.where(own.wallet_id == wallet) if wallet else query
    return tuple(_payout(row) for row in tx.execute(query.order_by(own.asked_ms, own.payout_id)))


def as_sepa(tx: Connection, site: str, batch: str, *, payer: Account) -> bytes:
    """Return a batch as the file that a bank takes; asked for again it carries the same ids."""
    found = _of_batch(tx, site, batch)
    if not all(one.to.iban for one in found):
        raise Refused(
            "An account of this batch is forgotten: its guest was erased, or its time is over.",
            hint="The bank's file was made before that; take that one.",
        )
    own = payout_table.c
    tx.execute(update(payout_table).where(own.site_id == site, own.batch == batch).values(state=FILED))
    transfers = [Transfer(one.id, one.to, one.minor, f"Polso {one.wallet}") for one in found]
    now = dt.datetime.fromtimestamp(now_of(tx) / 1000, dt.UTC)
    return sepa.pain001(batch, payer, transfers, now=now)


def rows(tx: Connection, site: str, batch: str) -> list[tuple[str, str, str, str, str]]:
    """Return a batch as rows of a table: id, wallet, name, IBAN, amount."""
    found = _of_batch(tx, site, batch)
    return [
        (one.id, one.wallet, one.to.name, one.to.iban, spelled(one.minor, sepa.CURRENCY)) for one in found
    ]


def forget(tx: Connection, site: str, guest: str) -> None:
    """Take an erased guest's account out of what was paid; refuse while money is on its way to it."""
    wallet = members.owned(tx, site, guest)
    own = payout_table.c
    theirs = (own.site_id == site, own.wallet_id == wallet)
    for state, batch in tx.execute(select(own.state, own.batch).where(*theirs, own.state != FILED)):
        step = f"Make the bank's file of batch {batch}" if state == PAID else "Let it be booked and filed"
        raise Refused("This guest's money is on its way to their bank account.", hint=f"{step} first.")
    tx.execute(update(payout_table).where(*theirs).values(**NOBODYS))


# Before the guest leaves their wallet: afterwards nobody could say which account was theirs.
PLACES.insert(0, lambda tx, site, gone: forget(tx, site, gone.guest))


def forget_before(tx: Connection, at_ms: int) -> int:
    """Forget accounts that were asked for before a moment and that the bank has had; say how many."""
    own = payout_table.c
    old = (own.state == FILED, own.asked_ms < at_ms, own.iban != "")
    return tx.execute(update(payout_table).where(*old).values(**NOBODYS)).rowcount


KEPT.append(forget_before)


def _of_batch(tx: Connection, site: str, batch: str) -> tuple[Payout, ...]:
    found = payouts(tx, site, batch=batch) if batch else ()
    if not found:
        raise Unknown("There is no such batch of pay-outs.")
    return found


def _book(tx: Connection, site: str, one: Payout, *, batch: str) -> bool:
    """Book one pay-out and close its wallet, if nothing of it is out any more and nothing is owed."""
    wallets.lock(tx, site, one.wallet)
    if not is_ready(tx, site, one.wallet):
        return False
    free, _, owed = worth(tx, site, one.wallet, currency=sepa.CURRENCY)
    paid = max(0, min(free - owed, sepa.AMOUNT_MINOR_MAX))
    if not paid:
        return False
    entries = [Entry(f"wallet:{one.wallet}", -paid - owed), Entry("bank", paid)]
    entries += [Entry(f"debt:{one.wallet}", owed)] if owed else []
    moved = Posting(
        site=site,
        key=f"payout:{one.id}",
        kind="payout",
        at_ms=now_of(tx),
        currency=sepa.CURRENCY,
        entries=tuple(entries),
        wallet=one.wallet,
    )
    post(tx, moved)
    wallets.close(tx, site, one.wallet)
    own = payout_table.c
    this = update(payout_table).where(own.site_id == site, own.payout_id == one.id)
    tx.execute(this.values(state=PAID, minor=paid, batch=batch))
    return True


def _payout(row: Row[Any]) -> Payout:
    return Payout(
        id=row.payout_id,
        wallet=row.wallet_id,
        to=Account(row.name, row.iban, row.bic),
        state=row.state,
        minor=row.minor,
        batch=row.batch,
        asked_ms=row.asked_ms,
    )
