"""Vouchers: free drinks, gift credit and points, given to a wallet or to one guest of it, and taken back."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from edge.core.lease import LeaseKind
from edge.core.vouchers import (
    CAMPAIGN_CHARS_MAX,
    PERCENT,
    VOUCHER_KINDS,
    Voucher,
    VoucherUse,
    base_of,
    campaign_of,
)
from edge.errors import Refused
from sync.central.money import leases, placed
from sync.central.money.ledger import balance, postings_of
from sync.central.money.placed import PlacedRow
from sync.central.money.pots import Issue, counted_in, issue, pot, unit_for
from sync.central.privacy.erasure import PLACES
from sync.central.registry import bands, guests, layout, members, wallets
from sync.central.registry.members import Member
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import Issued, Wallet, WalletState
from sync.central.store import Connection

UNITS_MAX = 1_000_000
ID_CHARS_MAX = 48
ITEMS_MAX = 64
MARK_BYTES = 3


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is given: units of something, to a wallet or to one guest alone; ``id`` makes it happen once."""

    id: str
    voucher: Voucher
    """Its kind is the sort and the campaign, as ``gift:spring``; money is counted in minor units."""
    units: int
    wallet: str = ""
    guest: str = ""
    """Only this guest may use it, and of their wallet nobody else."""


class Heard(Protocol):
    """Who is to hear of what a guest was given."""

    def __call__(self, tx: Connection, site: str, guest: str, *, kind: str, units: int) -> None:
        """Hear of it, in the transaction that gives it."""


GIVEN: list[Heard] = []
"""Told once of each; of what a family's wallet gets, its head is told."""


class Given(NamedTuple):
    """Where something was given, and whether it is new: asked again, nothing happens."""

    wallet: str
    kind: str
    fresh: bool


class Left(NamedTuple):
    """How one kind stands in a wallet: all in its own unit."""

    issued: Issued
    unit: str
    free: int
    """At central, for whichever device asks first."""
    at_devices: int
    used: int

    @property
    def left(self) -> int:
        """What the guest still has."""
        return self.free + self.at_devices


def free_drink(categories: tuple[str, ...], *, campaign: str = "") -> Voucher:
    """Return a drink that costs nothing."""
    return Voucher(kind=_named(LeaseKind.FREE_DRINK, campaign), percent=PERCENT, categories=categories)


def gift(campaign: str) -> Voucher:
    """Return credit that pays like money, counted in minor units."""
    return Voucher(kind=_named(LeaseKind.GIFT, campaign), use=VoucherUse.TENDER, unit_minor=1)


def points(unit_minor: int) -> Voucher:
    """Return points that pay like money, each so many minor units."""
    return Voucher(kind=LeaseKind.POINTS.value, use=VoucherUse.TENDER, unit_minor=unit_minor)


def give(tx: Connection, site: str, order: Order) -> Given:
    """Put units into the wallet's pot and their terms beside it; devices get them as they get money.

    A guest without a wallet gets one. Publish the wallet's members last in the transaction.
    """
    check(order)
    take_turn(tx, site)  # who hears of it takes it, and no wallet is held before the turn is
    there = postings_of(tx, site, [f"issue:{_key(order)}"])
    if there:
        posting = next(iter(there.values()))
        return Given(posting.wallet, posting.currency.partition("/")[0], False)
    wallet = wallets.lock(tx, site, order.wallet or _wallet_of(tx, site, order.guest))
    if wallet.state is not WalletState.OPEN:
        raise Refused(f"Wallet {wallet.id} is {wallet.state.value}.", hint="Open it again, or take another.")
    stands = next((one for one in wallet.vouchers if _is_alike(one, order)), None)
    if stands is None:
        kept = tuple(one for one in wallet.vouchers if not _is_over(tx, site, wallet, one=one))
        named = msgspec.structs.replace(order.voucher, kind=_kind(kept, order.voucher.kind))
        stands = Issued(voucher=named, guest=order.guest)
        wallets.set_vouchers(tx, site, wallet.id, vouchers=(*kept, stands))
    kind = stands.voucher.kind
    unit = unit_for(kind, wallet.currency)
    issue(tx, site, _key(order), of=Issue(wallet.id, kind, unit, order.units))
    for guest in (
        [order.guest] if order.guest else [one.guest for one in members.members(tx, site, wallet.id)][:1]
    ):
        for tell in GIVEN:
            tell(tx, site, guest, kind=kind, units=order.units)
    return Given(wallet.id, kind, True)


def withdraw(tx: Connection, site: str, wallet_id: str, *, kind: str) -> Left:
    """Take back what is left of a kind: what is free at once, what devices hold as soon as they say so.

    Publish the wallet's members last in the transaction.
    """
    wallet = wallets.lock(tx, site, wallet_id)
    found = next((one for one in wallet.vouchers if one.voucher.kind == kind), None)
    if found is None:
        raise Refused(f"Wallet {wallet_id} has no such voucher.", hint="Look at the wallet again.")
    gone = msgspec.structs.replace(found, withdrawn=True)
    after = tuple(gone if one is found else one for one in wallet.vouchers)
    wallets.set_vouchers(tx, site, wallet.id, vouchers=after)
    leases.ask_back(tx, site, placed.of_wallet(tx, site, wallet.id, kind=kind, held=True), why="withdrawn")
    sweep(tx, site, [wallet.id])
    return _left(tx, site, wallet, one=gone)


def sweep(tx: Connection, site: str, ids: Sequence[str]) -> None:
    """Put back what has come home of withdrawn vouchers: nobody can use it any more.

    Whoever calls holds these wallets since before any lease: the order of ``holding``.
    """
    for wallet in wallets.wallets_of(tx, site, ids).values():
        for one in (one for one in wallet.vouchers if one.withdrawn):
            stands = _left(tx, site, wallet, one=one)
            back = Issue(wallet.id, one.voucher.kind, stands.unit, -stands.free)
            if stands.free > 0:
                issue(tx, site, f"withdrawn:{secrets.token_hex(8)}", of=back)


# Before the guest leaves their wallet: afterwards nobody could say which vouchers were theirs.
PLACES.insert(0, lambda tx, site, gone: forget(tx, site, gone.guest))


def left(tx: Connection, site: str, wallet: Wallet) -> tuple[Left, ...]:
    """Return how each kind of a wallet stands."""
    return tuple(_left(tx, site, wallet, one=one) for one in wallet.vouchers)


def check(order: Order) -> None:
    """Refuse what no till could use."""
    kind, campaign = base_of(order.voucher.kind), order.voucher.kind.partition(":")[2]
    if kind not in VOUCHER_KINDS:
        raise Refused(f"{kind[:20]!r} is no kind of voucher.", hint=f"There are: {', '.join(VOUCHER_KINDS)}.")
    fits = len(campaign) <= CAMPAIGN_CHARS_MAX and campaign.isascii() and campaign.isprintable()
    if not fits or any(sign in campaign for sign in ":/ "):
        raise Refused(
            f"A campaign is at most {CAMPAIGN_CHARS_MAX} plain letters, digits and dashes.",
            hint="Write it as summer-26.",
        )
    if not 0 < order.units <= UNITS_MAX:
        raise Refused(f"A voucher counts 1 to {UNITS_MAX}.")
    if not order.id or len(order.id) > ID_CHARS_MAX or not order.id.isprintable():
        raise Refused(
            f"Give each voucher an id of at most {ID_CHARS_MAX} characters, so that it counts once."
        )
    if not order.wallet and not order.guest:
        raise Refused("A voucher is given to a guest or to a wallet.")
    if len(order.voucher.items) + len(order.voucher.categories) > ITEMS_MAX:
        raise Refused(f"A voucher names at most {ITEMS_MAX} articles and categories.")
    _check_dates(order.voucher.valid_from, order.voucher.valid_until)


def guest_of_band(tx: Connection, site: str, uid: bytes, *, secret: bytes) -> str:
    """Return who wears a band, or refuse: a voucher is its guest's, whichever band they wear."""
    guest = bands.band(tx, site, bands.band_id(secret, uid)).guest
    if guest is None:
        raise Refused("This band has no guest yet.", hint="Give it to somebody first.")
    return guest


def forget(tx: Connection, site: str, guest: str) -> None:
    """Take back what was an erased guest's alone, and their id out of what stays."""
    held = members.members_by_guest(tx, site, [guest]).get(guest)
    wallet = wallets.wallets_of(tx, site, [held.wallet]).get(held.wallet) if held is not None else None
    for one in wallet.vouchers if wallet is not None else ():
        if wallet is not None and one.guest == guest:
            withdraw(tx, site, wallet.id, kind=one.voucher.kind)
    if wallet is not None:
        now = wallets.wallet(tx, site, wallet.id).vouchers
        bare = (msgspec.structs.replace(one, guest="") if one.guest == guest else one for one in now)
        wallets.set_vouchers(tx, site, wallet.id, vouchers=tuple(bare))


def _check_dates(first: str, last: str) -> None:
    for text in filter(None, (first, last)):
        try:
            same = dt.date.fromisoformat(text).isoformat() == text
        except ValueError:
            same = False
        if not same:
            raise Refused(f"{text[:20]!r} is no date.", hint="Write it as 2026-06-30.")
    if first and last and last < first:
        raise Refused("A voucher ends on the day it begins, or later.")


def _named(kind: LeaseKind, campaign: str) -> str:
    return f"{kind}:{campaign}" if campaign else kind.value


def _key(order: Order) -> str:
    return f"voucher:{order.id}"


def _wallet_of(tx: Connection, site: str, guest: str) -> str:
    """Return the wallet that a guest pays from; who has none gets an empty one."""
    guests.guest(tx, site, guest)
    held = members.members_by_guest(tx, site, [guest]).get(guest)
    if held is not None:
        return held.wallet
    known = layout.published(tx, site)
    if known is None or not known.currency:
        raise Refused("This site has no currency yet.", hint="Publish its layout first.")
    fresh = Wallet(id=wallets.new_id(), currency=known.currency)
    wallets.create(tx, site, fresh)
    members.join(tx, site, Member(guest=guest, wallet=fresh.id, head=True))
    return fresh.id


def _is_alike(one: Issued, order: Order) -> bool:
    """Whether a voucher of the wallet is just this one: its units then lie together."""
    bare = msgspec.structs.replace(one.voucher, kind=campaign_of(one.voucher.kind))
    return (bare, one.guest, one.withdrawn) == (order.voucher, order.guest, False)


def _kind(kept: Sequence[Issued], kind: str) -> str:
    """Return under which kind it is counted: its own, or one more of that campaign with other terms."""
    if all(one.voucher.kind != kind for one in kept):
        return kind
    return f"{kind}{'' if ':' in kind else ':'}:{secrets.token_hex(MARK_BYTES)}"


def _is_over(tx: Connection, site: str, wallet: Wallet, *, one: Issued) -> bool:
    """Whether nothing is left of a withdrawn voucher, here or anywhere."""
    return one.withdrawn and not _left(tx, site, wallet, one=one).left


def _left(tx: Connection, site: str, wallet: Wallet, *, one: Issued) -> Left:
    kind = one.voucher.kind
    unit = unit_for(kind, wallet.currency)
    rows = placed.of_wallet(tx, site, wallet.id, kind=kind)
    free = balance(tx, site, pot(wallet.id, kind), currency=counted_in(kind, unit))
    return Left(one, unit, free, _held(rows), sum(row.placed.counters.consumed for row in rows))


def _held(rows: tuple[PlacedRow, ...]) -> int:
    return sum(row.placed.counters.spendable for row in rows if row.living)
