"""The chest: the leases of this device, kept beside the journal and moved only inside its transactions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.events import WALLET_BLOCKED, Acted, Kind, Lane
from edge.core.lease import (
    OWN_TTL_S,
    Close,
    Drain,
    Grant,
    Lease,
    LeaseKind,
    LeaseState,
    Refusal,
    block,
    close,
    expire,
    freeze,
    give_back,
    report_of,
    resumed,
    take_grant,
)
from edge.core.payment.bodies import LeaseMoved
from edge.core.vouchers import VOUCHER_KINDS, base_of
from edge.store.transaction import Transaction

LEASE = "lease"
OF_WALLET = "wallet_leases"
BLOCKED = "wallet_block"
HEARD = "wallet_heard"
GONE = "lease_gone"
"""Leases whose row was erased with its guest: the same grant again must not open them anew."""
VOUCHERS = "vouchers_here"
"""Sorts of voucher of which anything ever lay at this device."""
OF_DEVICE = ""
"""The wallet of leases that are the device's own: its part of the operator's risk."""


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """A block that another device told of (0: none), and which words of each device came to nothing."""

    epoch: int = 0
    device: str = ""
    refuted: dict[str, int] = {}


_DECODE = msgspec.msgpack.Decoder(Lease).decode
_NAMES = msgspec.msgpack.Decoder(tuple[str, ...]).decode
_HEARD = msgspec.msgpack.Decoder(Heard).decode
_NUMBER = msgspec.msgpack.Decoder(int).decode


def lease_by(tx: Transaction, id_: str) -> Lease | None:
    """Return one lease as it stands."""
    body = tx.get(LEASE, id_)
    return None if body is None else _DECODE(body)


def leases_of(tx: Transaction, wallet: str, *, proven: bool = True) -> tuple[Lease, ...]:
    """Return all leases of a wallet; while the journal is not proven current, each as a frozen one."""
    body = tx.get(OF_WALLET, wallet)
    names = () if body is None else _NAMES(body)
    found = [lease for name in names if (lease := lease_by(tx, name)) is not None]
    return tuple(found if proven else [freeze(lease) for lease in found])


def all_leases(tx: Transaction) -> Iterator[Lease]:
    """Walk every lease of this device."""
    for _, body in tx.rows(LEASE):
        yield _DECODE(body)


def keep(tx: Transaction, lease: Lease) -> None:
    """Keep a lease as it is now, and that its wallet has it."""
    fresh = tx.get(LEASE, lease.id) is None
    tx.put(LEASE, lease.id, msgspec.msgpack.encode(lease))
    if fresh:
        body = tx.get(OF_WALLET, lease.wallet)
        names = () if body is None else _NAMES(body)
        tx.put(OF_WALLET, lease.wallet, msgspec.msgpack.encode((*names, lease.id)))


def vouchers_here(tx: Transaction) -> tuple[str, ...]:
    """Return the sorts of voucher that guests may bring here."""
    return tuple(sort for sort, _ in tx.rows(VOUCHERS))


def _note_voucher(tx: Transaction, sort: str) -> None:
    if sort in VOUCHER_KINDS and tx.get(VOUCHERS, sort) is None:
        tx.put(VOUCHERS, sort, b"1")


def block_epoch(tx: Transaction, wallet: str) -> int:
    """Return the newest block of a wallet that has reached this device, by central or by another one."""
    return max(own_block_epoch(tx, wallet), heard_of(tx, wallet).epoch)


def own_block_epoch(tx: Transaction, wallet: str) -> int:
    """Return the newest block of a wallet of which central told this device."""
    body = tx.get(BLOCKED, wallet)
    return 0 if body is None else _NUMBER(body)


def heard_of(tx: Transaction, wallet: str) -> Heard:
    """Return what others said of a wallet's blocks."""
    body = tx.get(HEARD, wallet)
    return Heard() if body is None else _HEARD(body)


def all_heard(tx: Transaction) -> Iterator[tuple[str, Heard]]:
    """Walk every wallet of which others said something."""
    for wallet, body in tx.rows(HEARD):
        yield wallet, _HEARD(body)


def keep_heard(tx: Transaction, wallet: str, heard: Heard) -> None:
    """Keep what others said of a wallet."""
    tx.put(HEARD, wallet, msgspec.msgpack.encode(heard))


def take(tx: Transaction, grant: Grant, *, asked_ms: int, device: str, incarnation: int) -> Lease | Refusal:
    """Take a grant and journal the totals after it; what changes nothing leaves no record."""
    if (grant.device, grant.incarnation) != (device, incarnation):
        return Refusal.OTHER_INCARNATION
    if tx.get(GONE, grant.lease) is not None:
        return Refusal.CLOSED
    before = lease_by(tx, grant.lease)
    known = block_epoch(tx, grant.wallet)
    after = take_grant(before, grant, asked_ms=asked_ms, block_epoch=known)
    if isinstance(after, Refusal) or after == before:
        return after
    keep(tx, after)
    _note_voucher(tx, base_of(after.kind))
    larger = after.counters.granted - (before.counters.granted if before else 0)
    _moved(tx, Kind.LEASE_GRANTED, after, amount=larger)
    return after


def end(tx: Transaction, asked: Close) -> Lease | Refusal:
    """Close a lease because central asks for it: what is left goes back in this transaction."""
    lease = lease_by(tx, asked.lease)
    if lease is None:
        return Refusal.OTHER_LEASE
    if lease.state is LeaseState.CLOSED and lease.counters.granted >= asked.total:
        return lease
    after = close(lease, asked)
    return after if isinstance(after, Refusal) else _ended(tx, lease, after, why=asked.why)


def end_own(tx: Transaction, lease: Lease, *, why: str) -> Lease | Refusal:
    """Close a lease by ourselves: the guest left, or this device was dismissed."""
    if lease.state is LeaseState.CLOSED:
        return lease
    after = close(lease)
    return after if isinstance(after, Refusal) else _ended(tx, lease, after, why=why)


def hand_back(tx: Transaction, lease: Lease, amount: int, *, why: str) -> Lease | Refusal:
    """Give a part back to central."""
    after = give_back(lease, amount)
    if not isinstance(after, Refusal):
        keep(tx, after)
        _moved(tx, Kind.LEASE_RETURNED, after, why=why, amount=amount)
    return after


def block_wallet(tx: Transaction, wallet: str, epoch: int) -> bool:
    """Stop all leases of a wallet because central says so; False: this block, or a newer one, is known.

    The record of it is written where nothing of the wallet lies, too: by it the site's others are told.
    """
    if epoch <= own_block_epoch(tx, wallet):
        return False
    tx.put(BLOCKED, wallet, msgspec.msgpack.encode(epoch))
    said = Acted(reason=WALLET_BLOCKED, target=wallet, amount=epoch)
    tx.append(Kind.URGENT_APPLIED, said, lane=Lane.PRIORITY)
    stop_leases(tx, wallet, epoch)
    return True


def stop_leases(tx: Transaction, wallet: str, epoch: int) -> None:
    """Stop all leases of a wallet at once and give them back."""
    for lease in leases_of(tx, wallet):
        after = block(lease, epoch)
        if after != lease:
            keep(tx, after)
            _moved(tx, Kind.LEASE_STATE, after, why=Drain.BLOCKED)
            end_own(tx, after, why=Drain.BLOCKED)


def expire_due(tx: Transaction, now_ms: int) -> int:
    """Say of each lease whose time is over that it is; nothing is given back by that."""
    count = 0
    for lease in all_leases(tx):
        after = expire(lease, now_ms)
        if after is not lease:
            keep(tx, after)
            _moved(tx, Kind.LEASE_STATE, after, why=Drain.EXPIRED)
            count += 1
    return count


def resume(tx: Transaction, *, ticked_ms: int, now_ms: int, off_ms: int) -> int:
    """Set every deadline anew after a restart that lost the clock: at most what was left at the last tick.

    ``off_ms`` is how long the machine was off, where somebody can say that.
    """
    count = 0
    for lease in all_leases(tx):
        if lease.state is LeaseState.CLOSED:
            continue
        keep(tx, resumed(lease, lease.ends_ms - ticked_ms - off_ms, now_ms=now_ms))
        count += 1
    return count


def own_lease(tx: Transaction, wallet: str, unit: str, *, who: tuple[str, int], now_ms: int) -> Lease:
    """Return the lease that takes cash here: an open one, or one of nothing that this device opens."""
    device, incarnation = who
    for lease in leases_of(tx, wallet):
        may = lease.state is LeaseState.OPEN or lease.drain is Drain.EXPIRED
        if lease.kind == LeaseKind.MONEY and lease.unit == unit and not lease.band and may:
            return lease
    count = len(leases_of(tx, wallet))
    grant = Grant(
        lease=f"own-{device}-{incarnation}-{wallet}-{count}",
        wallet=wallet,
        unit=unit,
        device=device,
        incarnation=incarnation,
        total=0,
        ttl_s=OWN_TTL_S,
        block_epoch=block_epoch(tx, wallet),
    )
    opened = take_grant(None, grant, asked_ms=now_ms, block_epoch=grant.block_epoch)
    if isinstance(opened, Refusal):  # pragma: no cover - a grant of nothing fits every device
        raise AssertionError(f"a lease of nothing is refused: {opened}")
    return opened


def forget_lease(tx: Transaction, lease: Lease) -> None:
    """Delete a lease's row with its guest's; its name stays, so that no late grant opens it again."""
    tx.put(GONE, lease.id, b"1")
    tx.delete(LEASE, lease.id)


def _ended(tx: Transaction, before: Lease, after: Lease, *, why: str) -> Lease:
    keep(tx, after)
    amount = after.counters.returned - before.counters.returned
    _moved(tx, Kind.LEASE_RETURNED, after, why=why, amount=amount)
    return after


def _moved(tx: Transaction, kind: Kind, lease: Lease, *, why: str = "", amount: int = 0) -> None:
    body = LeaseMoved(lease=report_of(lease), why=why, amount=amount, serial=lease.serial)
    tx.append(kind, body, lane=Lane.PRIORITY)
