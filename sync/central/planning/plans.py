"""Plans: which device should hold how much of whose wallet, by who is here and what such people spend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from edge.core.lease import Want
from sync.central.accounting.spendings import remaining_q95
from sync.central.machines import devices
from sync.central.machines.devices import ACTIVE, Device
from sync.central.money import leases, placed
from sync.central.money import policy as policies
from sync.central.money.holding import hold
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import PERMILLE, Policy
from sync.central.money.pots import MONEY, free_of
from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import MOVED
from sync.central.registry import bands, guests, members, wallets
from sync.central.store import (
    AHEAD,
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    bindparam,
    delete,
    insert,
    metadata,
    now_of,
    select,
    update,
    wake_after,
)
from sync.lending import Presence
from sync.rights import DeviceKind

SELLS_MS_MAX = 600_000
"""A device that asked for leases within this time sells; only for such is anything set aside unasked."""
INSIDE_MS_MAX = 24 * 3_600_000
"""Who entered longer ago has left by a way that nobody tapped at."""
SELLERS_MAX = 64
"""Devices of one site among which one guest's plan is shared."""

seller_table = Table(
    "lease_seller",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("asked_ms", BigInteger, nullable=False),
)
inside_table = Table(
    "wallet_inside",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("guest_id", String(64), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
)
"""Members of wallets who have entered and not left: while one is here the others' money stays here too."""


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget who entered before a moment and was never seen to leave."""
    return tx.execute(delete(inside_table).where(inside_table.c.since_ms < at_ms)).rowcount


MOVED.append(delete_before)


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget that a guest is here."""
    tx.execute(delete(inside_table).where(*_is_guest(site, guest)))


PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))


class Plan(NamedTuple):
    """What one device should hold of one wallet, and below what it is filled up."""

    want: int
    low: int
    room: int = 0
    """What may still be added: free, and no part of the reserve."""


class Share(NamedTuple):
    """One device's part of a wallet's plan: of how many devices, at the most so much more, and why."""

    of: int = 1
    more_max: int | None = None
    why: str = "presence"
    q95: int | None = None
    """What such people still spend today, where whoever asks has worked it out for many at once."""


def plan(*, free: int, floor: int, q95: int, basket: int = 0, refill_permille: int = 400) -> Plan:
    """Return ``min(free, max(floor, q95, basket))`` and the mark below which a lease is filled up again."""
    want = max(0, min(free, max(floor, q95, basket)))
    return Plan(want, want * refill_permille // PERMILLE)


def asked(tx: Connection, device: Device) -> None:
    """Note that a device asks for leases, at most once in a while: it sells."""
    own, now = seller_table.c, now_of(tx)
    this = (own.site_id == device.site, own.device_id == device.id)
    row = tx.execute(select(own.asked_ms).where(*this)).first()
    if row is None or now - row.asked_ms > SELLS_MS_MAX:
        wake_after(tx, AHEAD)
    if row is None:
        tx.execute(insert(seller_table).values(site_id=device.site, device_id=device.id, asked_ms=now))
    elif now - row.asked_ms > SELLS_MS_MAX // 4:
        tx.execute(update(seller_table).where(*this).values(asked_ms=now))


SELLERS = (
    select(seller_table.c.device_id)
    .where(seller_table.c.site_id == bindparam("site"), seller_table.c.asked_ms > bindparam("after"))
    .order_by(seller_table.c.device_id)
    .limit(SELLERS_MAX)
)


def sellers(tx: Connection, site: str) -> tuple[Device, ...]:
    """Return the devices that sell now."""
    ids = list(tx.execute(SELLERS, {"site": site, "after": now_of(tx) - SELLS_MS_MAX}).scalars())
    found = (devices.device(tx, site, id_) for id_ in ids)
    return tuple(one for one in found if one.state == ACTIVE)


def present(tx: Connection, device: Device, seen: Iterable[Presence]) -> None:
    """Take a device's hints: who is here gets something set aside at it, who left gives it back."""
    asked(tx, device)
    for one in sorted(seen, key=lambda hint: hint.wallet):
        if one.left:
            held = placed.of_wallet(tx, device.site, one.wallet, kind=MONEY, held=True)
            mine = tuple(row for row in held if row.placed.device == device.id)
            leases.ask_back(tx, device.site, mine, why=placed.LEFT)
        else:
            fill(tx, device, one.wallet, share=Share())


def entered(tx: Connection, site: str, bands_in: Sequence[bytes], *, gone: Sequence[bytes] = ()) -> None:
    """Follow entries and exits at the gates: set aside at every till for who came, ask back for who left."""
    tills = sellers(tx, site)
    if not tills:
        return
    left = _go(tx, site, gone)
    _come(tx, site, bands_in)
    come = _wallets(tx, site, bands_in)
    hold(tx, site, left | come, devices=[till.id for till in tills] if come else ())
    for wallet in sorted(left):
        leases.ask_back_wallet(tx, site, wallet, why=placed.LEFT)
    for wallet in sorted(come):
        for till in tills:
            fill(tx, till, wallet, share=Share(of=len(tills)))


def fill(tx: Connection, device: Device, wallet: str, *, share: Share) -> bool:
    """Bring a device's lease of a wallet up to its share, if it is below the mark; say if it got more."""
    if device.kind not in (DeviceKind.EDGE, DeviceKind.HANDHELD):
        return False
    known = wallets.wallets_of(tx, device.site, [wallet]).get(wallet)
    if known is None:
        return False
    rows = [one for one in placed.of_wallet(tx, device.site, wallet, kind=MONEY) if one.living]
    here = held_at(rows, device.id)
    aims = _plan(tx, device.site, known, rows=rows, q95=share.q95)
    more = lacking(aims, here=here, shared=share.of)
    if share.more_max is not None:
        more = min(more, share.more_max)
    if more <= 0:
        return False
    mine = next((row for row in rows if row.placed.device == device.id and not row.placed.closing), None)
    total = (mine.placed.counters.granted if mine is not None else 0) + more
    lease = mine.id if mine is not None else ""
    want = Want(wallet=wallet, kind=MONEY, lease=lease, total=total, why=share.why)
    told = leases.grant(tx, device, want)
    before = mine.placed.counters.granted if mine is not None else 0
    return isinstance(told, PlacedRow) and told.placed.counters.granted > before


def held_at(rows: Iterable[PlacedRow], device: str) -> int:
    """Return what a device holds ready of a wallet, as far as central knows."""
    mine = (row.placed for row in rows if row.placed.device == device and not row.placed.closing)
    return sum(one.counters.spendable for one in mine)


def lacking(aims: Plan, *, here: int, shared: int) -> int:
    """Return how much more belongs to one of so many devices, which holds ``here``; above the mark none."""
    if here > aims.low // shared:
        return 0
    return max(0, min(aims.want // shared - here, aims.room))


def aim(chosen: Policy, *, free: int, leased: int, q95: int) -> Plan:
    """Return what the devices of a site should hold of a wallet together; the reserve stays at central."""
    room = max(0, free - (free + leased) * chosen.reserve_permille // PERMILLE)
    whole = plan(
        free=room + leased, floor=chosen.floor_minor, q95=q95, refill_permille=chosen.refill_permille
    )
    return whole._replace(room=room)


def _plan(
    tx: Connection, site: str, wallet: wallets.Wallet, *, rows: Sequence[PlacedRow], q95: int | None
) -> Plan:
    free = free_of(tx, site, wallet.id, currency=wallet.currency)
    leased = sum(one.placed.counters.spendable for one in rows if one.placed.unit == wallet.currency)
    if q95 is None:
        held = members.members(tx, site, wallet.id)
        tiers = {one.tier for one in guests.guests_of(tx, site, [member.guest for member in held]).values()}
        q95 = remaining_q95(tx, site, wallet.id, tiers=tiers)
    return aim(policies.policy(tx, site), free=free, leased=leased, q95=q95)


def _come(tx: Connection, site: str, ids: Sequence[bytes]) -> None:
    """Remember who is inside."""
    for guest in sorted(_members(tx, site, ids)):
        forget(tx, site, guest)
        tx.execute(insert(inside_table).values(site_id=site, guest_id=guest, since_ms=now_of(tx)))


def _go(tx: Connection, site: str, ids: Sequence[bytes]) -> set[str]:
    """Forget who left; return the wallets of which nobody is inside any more."""
    gone = _members(tx, site, ids)
    for guest in sorted(gone):
        forget(tx, site, guest)
    empty = set()
    for wallet in {one.wallet for one in gone.values()}:
        people = [one.guest for one in members.members(tx, site, wallet)]
        own, newest = inside_table.c, now_of(tx) - INSIDE_MS_MAX
        there = select(own.guest_id).where(
            own.site_id == site, own.guest_id.in_(people), own.since_ms > newest
        )
        if tx.execute(there).first() is None:
            empty.add(wallet)
    return empty


def _is_guest(site: str, guest: str) -> tuple[Any, Any]:
    return inside_table.c.site_id == site, inside_table.c.guest_id == guest


def _members(tx: Connection, site: str, ids: Sequence[bytes]) -> dict[str, members.Member]:
    owners = {guest for _, guest in bands.owners(tx, site, list(ids)) if guest}
    return members.members_by_guest(tx, site, owners)


def _wallets(tx: Connection, site: str, ids: Sequence[bytes]) -> set[str]:
    return {one.wallet for one in _members(tx, site, ids).values()}
