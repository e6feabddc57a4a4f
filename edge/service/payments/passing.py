"""Passing on: parts of this device's leases for siblings at the site, and what it took from them."""

from __future__ import annotations

import secrets

import msgspec
from msgspec.structs import replace

from edge.core.events import Kind, Lane
from edge.core.lease import (
    Drain,
    Grant,
    Lease,
    Passing,
    Refusal,
    home,
    pass_on,
    passable,
    report_of,
    take_grant,
)
from edge.core.payment import LeasePassed, LeaseTaken
from edge.core.site import Lack, Passed
from edge.service.payments import chest
from edge.signature import sign_passing
from edge.store.transaction import Transaction

PASSED = "lease_passed"
"""Parts that were passed on and of which it is not known yet whose they became."""
_DECODE = msgspec.msgpack.Decoder(Passed).decode


class Giver(msgspec.Struct, frozen=True, kw_only=True):
    """Who passes on: by which key it signs, and when that is by its own clock that only rises."""

    private_key: bytes
    boot: str
    now_ms: int


def give(tx: Transaction, lack: Lack, *, where: Passed, by: Giver) -> Passed | None:
    """Write down a part of the largest lease that has any, for who lacks it; None: nothing lies here.

    ``where`` says in which key of which book it will be offered: after the commit, and nowhere else.
    """
    leases = [one for one in chest.leases_of(tx, lack.wallet) if one.unit == lack.unit]
    best = max(leases, key=lambda one: passable(one, by.now_ms), default=None)
    if best is None:
        return None
    # The letter keeps it from ever looking like a card's number.
    part, to = f"p{secrets.token_hex(8)}", (lack.device, lack.incarnation)
    given = pass_on(best, lack.minor, part=part, to=to, now_ms=by.now_ms)
    if isinstance(given, Refusal):
        return None
    lease, passing = given
    said = msgspec.msgpack.encode(passing)
    signature = sign_passing(by.private_key, said)
    chest.keep(tx, lease)
    tx.append(Kind.LEASE_PASSED, LeasePassed(lease=report_of(lease), passing=said), lane=Lane.PRIORITY)
    passed = replace(where, part=part, passing=said, signature=signature, passed_ms=by.now_ms, boot=by.boot)
    tx.put(PASSED, part, msgspec.msgpack.encode(passed))
    return passed


def outstanding(tx: Transaction) -> tuple[Passed, ...]:
    """Return what was passed on and may still come home."""
    return tuple(_DECODE(body) for _, body in tx.rows(PASSED))


def forget(tx: Transaction, passed: Passed) -> None:
    """Take that a part is another's, or that central alone can say whose."""
    tx.delete(PASSED, passed.part)


def come_home(tx: Transaction, passed: Passed, passing: Passing, *, by: Giver) -> None:
    """Open a part that nobody took, by whom it was given; it lasts no longer than its lease did."""
    same = passed.boot == by.boot and bool(by.boot)
    grant = home(passing) if same else replace(home(passing), ttl_s=0)
    open_part(tx, grant, passed, asked_ms=passed.passed_ms if same else by.now_ms)
    forget(tx, passed)


def open_part(tx: Transaction, grant: Grant, of: Passed, *, asked_ms: int | None) -> Lease | None:
    """Open a part that the site's book says is this device's; twice is once, and what was erased stays so.

    ``asked_ms`` is when it was asked for, by this device's clock that only rises; None: in a former run, of
    which no clock tells. It then goes back to central.
    """
    known = chest.lease_by(tx, grant.lease)
    if known is not None or tx.get(chest.GONE, grant.lease) is not None:
        return known
    epoch = chest.block_epoch(tx, grant.wallet)
    lease = take_grant(None, grant, asked_ms=asked_ms or 0, block_epoch=epoch)
    if isinstance(lease, Refusal):
        return None
    chest.keep(tx, lease)
    taken = LeaseTaken(lease=report_of(lease), passing=of.passing, signature=of.signature)
    tx.append(Kind.LEASE_TAKEN, taken, lane=Lane.PRIORITY)
    if asked_ms is None or lease.drain is Drain.BLOCKED:
        chest.end_own(tx, lease, why="found_again" if asked_ms is None else "blocked")
    return lease
