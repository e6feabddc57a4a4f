"""The edge's end of a lease: spend, void, mint and give back, each a new lease or the reason why not."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.lease.counters import COUNTER_MAX, Counters, emptied
from edge.core.lease.messages import Close, Drain, Grant, LeaseState, Limits, Refusal, Report

DRIFT_PERMILLE = 10
GUARD_MS = 5_000
"""Between two clocks that only rise lie at most one percent and five seconds."""
OWN_TTL_S = 86_400
"""So long cash that was paid in here can be spent here before central has heard of it.

A device without a lease of the wallet opens one of nothing by itself: a grant with ``total`` 0 and this.
"""


class Lease(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What this device may spend of one wallet; ``ends_ms`` is of its own clock that only rises."""

    id: str
    wallet: str
    kind: str
    unit: str
    device: str
    incarnation: int
    state: LeaseState = LeaseState.OPEN
    drain: Drain | None = None
    counters: Counters = Counters()
    limits: Limits = Limits()
    block_epoch: int = 0
    serial: int = 0
    ends_ms: int = 0
    band: str = ""
    day: int | None = None
    elsewhere: int | None = None

    @property
    def spendable(self) -> int:
        """What is left, whether or not it may be spent now."""
        return self.counters.spendable


def deadline_ms(asked_ms: int, ttl_s: int) -> int:
    """Return when to stop, counted from when the grant was asked for: delay and drift only shorten it."""
    return asked_ms + ttl_s * (1_000 - DRIFT_PERMILLE) - GUARD_MS


def ready(lease: Lease, now_ms: int) -> int:
    """Return what may be spent of it now."""
    return lease.spendable if lease.state is LeaseState.OPEN and now_ms < lease.ends_ms else 0


def report_of(lease: Lease) -> Report:
    """Return the lease's totals as an event tells them."""
    return Report(
        lease=lease.id,
        wallet=lease.wallet,
        kind=lease.kind,
        unit=lease.unit,
        incarnation=lease.incarnation,
        counters=lease.counters,
        state=lease.state,
        band=lease.band,
    )


def take_grant(lease: Lease | None, grant: Grant, *, asked_ms: int, block_epoch: int = 0) -> Lease | Refusal:
    """Take what the parent set aside: the larger total holds, and only a newer grant tells time and limits.

    ``asked_ms`` is when the request was sent that this answers; ``block_epoch`` the newest block known here.
    """
    if not 0 <= grant.total <= COUNTER_MAX:
        return Refusal.TOO_MUCH
    if lease is None:
        return _opened(grant, asked_ms, block_epoch)
    fault = _stranger(lease, grant)
    if fault is not None:
        return fault
    granted = max(lease.counters.granted, grant.total)
    larger = replace(lease, counters=replace(lease.counters, granted=granted))
    if lease.state is LeaseState.CLOSED:
        return replace(larger, counters=emptied(larger.counters))
    return _renewed(larger, grant, asked_ms) if grant.serial > lease.serial else larger


def spend(lease: Lease, amount: int, *, now_ms: int) -> Lease | Refusal:
    """Take an amount off what is left; a hold is spent, too."""
    fault = _unspendable(lease, now_ms) or _amount_fault(amount)
    if fault is not None:
        return fault
    if amount > lease.spendable:
        return Refusal.SHORT
    return _counted(lease, spent=amount)


def void(lease: Lease, amount: int) -> Lease | Refusal:
    """Take a spending back; where the lease is closed it goes straight on to the parent."""
    fault = Refusal.FROZEN if lease.state is LeaseState.FROZEN else _amount_fault(amount)
    if fault is not None:
        return fault
    if lease.counters.voided + amount > lease.counters.spent:
        return Refusal.TOO_MUCH
    back = amount if lease.state is LeaseState.CLOSED else 0
    return _counted(lease, voided=amount, returned=back)


def mint(lease: Lease, amount: int) -> Lease | Refusal:
    """Count cash that was paid in here; a lease whose time is over holds it until it is renewed or closed."""
    fault = _amount_fault(amount)
    if lease.state is LeaseState.FROZEN:
        fault = Refusal.FROZEN
    elif lease.state is LeaseState.CLOSED:
        fault = Refusal.CLOSED
    elif lease.state is LeaseState.DRAINING and lease.drain is not Drain.EXPIRED:
        fault = Refusal.NOT_OPEN
    if fault is not None:
        return fault
    return (
        Refusal.TOO_MUCH if lease.counters.minted + amount > COUNTER_MAX else _counted(lease, minted=amount)
    )


def give_back(lease: Lease, amount: int) -> Lease | Refusal:
    """Return a part to the parent, which may spend it elsewhere as soon as it hears of it."""
    fault = Refusal.FROZEN if lease.state is LeaseState.FROZEN else _amount_fault(amount)
    if fault is not None:
        return fault
    return Refusal.SHORT if amount > lease.spendable else _counted(lease, returned=amount)


def drain(lease: Lease, why: Drain) -> Lease:
    """Stop spending; a stronger reason than the present one replaces it."""
    if lease.state is LeaseState.OPEN or (
        lease.state is LeaseState.DRAINING and lease.drain is Drain.EXPIRED
    ):
        return replace(lease, state=LeaseState.DRAINING, drain=why)
    return lease


def expire(lease: Lease, now_ms: int) -> Lease:
    """Stop a lease whose time is over; nothing comes back by that alone, and a new grant opens it again."""
    over = lease.state is LeaseState.OPEN and now_ms >= lease.ends_ms
    return drain(lease, Drain.EXPIRED) if over else lease


def close(lease: Lease, asked: Close | None = None) -> Lease | Refusal:
    """Stop for good and return all that is left, with what a lost grant had set aside beside it."""
    if asked is not None and (asked.lease, asked.incarnation) != (lease.id, lease.incarnation):
        return Refusal.OTHER_LEASE
    if lease.state is LeaseState.FROZEN:
        return Refusal.FROZEN
    total = asked.total if asked is not None else 0
    if total > COUNTER_MAX:
        return Refusal.TOO_MUCH
    granted = max(lease.counters.granted, total)
    counters = emptied(replace(lease.counters, granted=granted))
    return replace(lease, state=LeaseState.CLOSED, drain=lease.drain or Drain.ASKED, counters=counters)


def block(lease: Lease, epoch: int) -> Lease:
    """Stop at once, if this block is newer than what the lease was granted under."""
    if epoch <= lease.block_epoch:
        return lease
    blocked = replace(lease, block_epoch=epoch)
    return drain(replace(blocked, drain=Drain.EXPIRED) if _is_draining(blocked) else blocked, Drain.BLOCKED)


def freeze(lease: Lease) -> Lease:
    """Let nothing move: what this device remembers of the lease may be older than what it did."""
    return replace(lease, state=LeaseState.FROZEN)


def resumed(lease: Lease, left_ms: int, *, now_ms: int) -> Lease:
    """Return the lease after a restart that lost the clock: at most what was left at the last tick."""
    return replace(lease, ends_ms=now_ms + max(0, left_ms))


def _opened(grant: Grant, asked_ms: int, block_epoch: int) -> Lease:
    blocked = grant.block_epoch < block_epoch
    return Lease(
        id=grant.lease,
        wallet=grant.wallet,
        kind=grant.kind,
        unit=grant.unit,
        device=grant.device,
        incarnation=grant.incarnation,
        state=LeaseState.DRAINING if blocked else LeaseState.OPEN,
        drain=Drain.BLOCKED if blocked else None,
        counters=Counters(granted=grant.total),
        limits=grant.limits,
        block_epoch=max(grant.block_epoch, block_epoch),
        serial=grant.serial,
        ends_ms=deadline_ms(asked_ms, grant.ttl_s),
        band=grant.band,
        day=grant.day,
        elsewhere=grant.elsewhere,
    )


def _stranger(lease: Lease, grant: Grant) -> Refusal | None:
    mine = (lease.id, lease.wallet, lease.kind, lease.unit, lease.device, lease.band)
    if mine != (grant.lease, grant.wallet, grant.kind, grant.unit, grant.device, grant.band):
        return Refusal.OTHER_LEASE
    if grant.incarnation != lease.incarnation:
        return Refusal.OTHER_INCARNATION
    return Refusal.FROZEN if lease.state is LeaseState.FROZEN else None


def _renewed(lease: Lease, grant: Grant, asked_ms: int) -> Lease:
    """What ran out opens again, what is blocked only by a grant that knows of the block; a close stands."""
    opens = lease.drain is not Drain.ASKED and grant.block_epoch >= lease.block_epoch
    return replace(
        lease,
        state=LeaseState.OPEN if opens else lease.state,
        drain=None if opens else lease.drain,
        limits=grant.limits,
        block_epoch=max(lease.block_epoch, grant.block_epoch),
        serial=grant.serial,
        ends_ms=deadline_ms(asked_ms, grant.ttl_s),
        day=grant.day,
        elsewhere=grant.elsewhere,
    )


def _unspendable(lease: Lease, now_ms: int) -> Refusal | None:
    match lease.state:
        case LeaseState.OPEN:
            return None if now_ms < lease.ends_ms else Refusal.EXPIRED
        case LeaseState.FROZEN:
            return Refusal.FROZEN
        case LeaseState.CLOSED:
            return Refusal.CLOSED
        case _:
            return Refusal.EXPIRED if lease.drain is Drain.EXPIRED else Refusal.NOT_OPEN


def _amount_fault(amount: int) -> Refusal | None:
    if amount < 1:
        return Refusal.NO_AMOUNT
    return Refusal.TOO_MUCH if amount > COUNTER_MAX else None


def _is_draining(lease: Lease) -> bool:
    return lease.state is LeaseState.DRAINING


def _counted(lease: Lease, *, spent: int = 0, voided: int = 0, minted: int = 0, returned: int = 0) -> Lease:
    was = lease.counters
    counters = Counters(
        granted=was.granted,
        spent=was.spent + spent,
        voided=was.voided + voided,
        minted=was.minted + minted,
        returned=was.returned + returned,
    )
    return replace(lease, counters=counters)
