"""Members: who pays from which wallet, within which limits of their own, and what their bands are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from edge.core.lease import Limits
from edge.core.wallet import CategoryLimit, MandateNote, WalletLink
from edge.errors import Refused
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.registry.wallets import Wallet, WalletState, lock, wallets_of
from sync.central.store import (
    AHEAD,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    insert,
    metadata,
    select,
    wake_after,
)

MEMBERS_MAX = 32
"""People who pay from one wallet."""

member_table = Table(
    "wallet_member",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("wallet_id", String(ID_CHARS_MAX), nullable=False),
    Column("head", Boolean, nullable=False),
    Column("no_charge", Boolean, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("day_leased", Boolean, nullable=False),
    Column("limits", LargeBinary, nullable=False),
    Column("categories", LargeBinary, nullable=False),
    Index("wallet_member_wallet", "site_id", "wallet_id"),
)
_encode = msgspec.msgpack.Encoder().encode
_limits = msgspec.msgpack.Decoder(Limits)
_categories = msgspec.msgpack.Decoder(tuple[CategoryLimit, ...])


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One guest who pays from a wallet, by whichever band they wear."""

    guest: str
    wallet: str
    head: bool = False
    """Sees all of it, changes limits, closes a member's band."""
    no_charge: bool = False
    blocked: bool = False
    day_leased: bool = False
    limits: Limits = Limits()
    categories: tuple[CategoryLimit, ...] = ()


def join(tx: Connection, site: str, member: Member) -> None:
    """Let a guest pay from a wallet, or change how; who pays from another one leaves that first."""
    lock(tx, site, member.wallet)
    held = members_by_guest(tx, site, [member.guest]).get(member.guest)
    if held is not None and held.wallet != member.wallet:
        raise Refused(
            f"{member.guest} pays from wallet {held.wallet}.", hint="Take them out of that one first."
        )
    if held is None and len(members(tx, site, member.wallet)) >= MEMBERS_MAX:
        raise Refused(f"A wallet has at most {MEMBERS_MAX} members.")
    leave(tx, site, member.guest)
    tx.execute(
        insert(member_table).values(
            site_id=site,
            guest_id=member.guest,
            wallet_id=member.wallet,
            head=member.head,
            no_charge=member.no_charge,
            blocked=member.blocked,
            day_leased=member.day_leased,
            limits=_encode(member.limits),
            categories=_encode(member.categories),
        )
    )
    wake_after(tx, AHEAD)


def leave(tx: Connection, site: str, guest: str) -> None:
    """Let a guest pay no more from whatever wallet it was."""
    own = member_table.c
    tx.execute(delete(member_table).where(own.site_id == site, own.guest_id == guest))


def members(tx: Connection, site: str, wallet_id: str) -> tuple[Member, ...]:
    """Return who pays from a wallet, its heads first."""
    own = member_table.c
    query = select(member_table).where(own.site_id == site, own.wallet_id == wallet_id)
    return tuple(_member(row) for row in tx.execute(query.order_by(own.head.desc(), own.guest_id)))


def owned(tx: Connection, site: str, guest: str) -> str:
    """Return the wallet that is a guest's own: they are its head, or nobody else pays from it."""
    held = members_by_guest(tx, site, [guest]).get(guest)
    if held is None:
        return ""
    return held.wallet if held.head or len(members(tx, site, held.wallet)) == 1 else ""


def members_by_guest(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, Member]:
    """Return from which wallet each of these guests pays, and how."""
    own, found = member_table.c, {}
    for part in parts(sorted(set(guests))):
        for row in tx.execute(select(member_table).where(own.site_id == site, own.guest_id.in_(part))):
            found[row.guest_id] = _member(row)
    return found


def forget(tx: Connection, site: str, guest: str) -> None:
    """Take an erased guest out of their wallet; its money stays, nameless."""
    leave(tx, site, guest)


def links_of(tx: Connection, site: str, guests: Iterable[str]) -> Mapping[str, WalletLink]:
    """Return what the bands of these guests must know of the wallet that they pay from."""
    held = members_by_guest(tx, site, guests)
    known = wallets_of(tx, site, {one.wallet for one in held.values()})
    return {guest: link(known[one.wallet], one) for guest, one in held.items() if one.wallet in known}


def link(wallet: Wallet, member: Member) -> WalletLink:
    """Return what one member's bands must know; never how much is in the wallet."""
    return WalletLink(
        id=wallet.id,
        currency=wallet.currency,
        blocked=member.blocked or wallet.state is not WalletState.OPEN,
        block_epoch=wallet.block_epoch,
        no_charge=member.no_charge,
        head=member.head,
        limits=member.limits,
        categories=member.categories,
        day_leased=member.day_leased,
        pin_hash=wallet.pin_hash,
        mandate=wallet.mandate,
        note=MandateNote.NONE if member.no_charge else wallet.note,
        vouchers=tuple(
            one.voucher for one in wallet.vouchers if not one.withdrawn and one.guest in ("", member.guest)
        ),
    )


def _member(row: Row[Any]) -> Member:
    return Member(
        guest=row.guest_id,
        wallet=row.wallet_id,
        head=row.head,
        no_charge=row.no_charge,
        blocked=row.blocked,
        day_leased=row.day_leased,
        limits=_limits.decode(bytes(row.limits)),
        categories=_categories.decode(bytes(row.categories)),
    )
