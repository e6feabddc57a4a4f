"""Passing on: a part of a lease becomes a lease of its own, for another device of the site that wants it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.lease.child import Lease, give_back, ready
from edge.core.lease.counters import Counters
from edge.core.lease.messages import Grant, LeaseKind, Refusal
from edge.core.lease.parent import WRITTEN, Placed, PlacedState

# The giver writes a part down as returned, with whom it is for, before anybody hears of it. From then on
# it is a lease like any other, opened by whoever the site's book says took it: who asked, or the giver again.
PART_TTL_S = 14_400
"""No part outlasts what a hand-held till is lent, whichever device gave it."""
ID_CHARS_MAX = 64
LEFT_S_MIN = 60
"""What ends sooner is not worth the way."""


class Passing(msgspec.Struct, frozen=True, array_like=True):
    """What the giver says of a part, and signs: of which lease, by whom, and what is to be opened with it."""

    of: str
    giver: str
    incarnation: int
    grant: Grant
    """The part as a grant to who asked for it; its time counts from when that was asked."""


_decode = msgspec.msgpack.Decoder(Passing).decode


def passing_in(body: bytes) -> Passing:
    """Return what a giver said, from the octets that it signed."""
    return _decode(body)


def passable(lease: Lease, now_ms: int) -> int:
    """Return what may be passed on of a lease: ready here, and lent by the parent for any band of the wallet.

    Cash taken here and what was voided stay: the parent may not have heard of them. So does all of a part of
    which the parent has not spoken: it could not book what came out of a lease that it does not know.
    """
    if lease.kind != LeaseKind.MONEY or lease.band or lease.day is not None or not lease.serial:
        return 0
    counters = lease.counters
    return max(0, min(ready(lease, now_ms), counters.granted - counters.spent - counters.returned))


def pass_on(
    lease: Lease, wanted: int, *, part: str, to: tuple[str, int], now_ms: int
) -> tuple[Lease, Passing] | Refusal:
    """Take up to ``wanted`` out of a lease for a device and its incarnation, as the lease ``part``."""
    left_s = (lease.ends_ms - now_ms) // 1_000
    if left_s < LEFT_S_MIN:
        return Refusal.EXPIRED
    amount = min(wanted, passable(lease, now_ms))
    after = give_back(lease, amount)
    if isinstance(after, Refusal):
        return after
    device, incarnation = to
    grant = Grant(
        lease=part,
        wallet=lease.wallet,
        kind=lease.kind,
        unit=lease.unit,
        device=device,
        incarnation=incarnation,
        total=amount,
        ttl_s=min(left_s, PART_TTL_S),
        limits=lease.limits,
        block_epoch=lease.block_epoch,
    )
    return after, Passing(lease.id, lease.device, lease.incarnation, grant)


def answers(passing: Passing, *, to: tuple[str, int], wallet: str, unit: str, wanted: int) -> bool:
    """Say whether a part is what a device and its incarnation asked for, and no more of it."""
    grant = passing.grant
    asked = (grant.device, grant.incarnation, grant.wallet, grant.unit) == (*to, wallet, unit)
    plain = grant.kind == LeaseKind.MONEY and not grant.band and grant.day is None and not grant.serial
    named = 0 < len(grant.lease) <= ID_CHARS_MAX and grant.lease.isprintable() and grant.lease != passing.of
    bounded = 0 < grant.total <= wanted and 0 < grant.ttl_s <= PART_TTL_S
    return asked and plain and named and bounded


def home(passing: Passing) -> Grant:
    """Return the part as a grant to its giver: nobody took it."""
    return replace(passing.grant, device=passing.giver, incarnation=passing.incarnation)


# The parent's end: whichever of the two devices is heard first


def heard_ahead(placed: Placed, passing: Passing) -> Placed | Refusal:
    """Learn from who took a part that it was passed on, before the giver's own word is here."""
    told = passing.grant
    if (passing.of, told.wallet, told.kind, told.unit, passing.giver, passing.incarnation) != (
        placed.lease, placed.wallet, placed.kind, placed.unit, placed.device, placed.incarnation,
    ):  # fmt: skip
        return Refusal.OTHER_LEASE
    lost = placed.state in WRITTEN
    known = placed.late if lost else placed.counters
    if not 0 < told.total <= known.granted - known.spent - known.returned:
        return Refusal.TOO_MUCH
    after = replace(known, returned=known.returned + told.total)
    return replace(placed, late=after) if lost else replace(placed, counters=after)


def part_of(placed: Placed, passing: Passing) -> Placed:
    """Return the part as the parent keeps it: nobody's yet, and lost where its lease was given up before."""
    told, lost = passing.grant, placed.state in WRITTEN
    counters = Counters(granted=told.total)
    return Placed(
        lease=told.lease,
        wallet=told.wallet,
        kind=told.kind,
        unit=told.unit,
        device="",
        incarnation=0,
        counters=counters,
        state=PlacedState.WRITTEN_OFF if lost else PlacedState.OPEN,
        closing=placed.closing,
        doubt_ms=placed.doubt_ms,
        late=counters if lost else Counters(),
    )


def taken(part: Placed, passing: Passing, device: str) -> Placed | Refusal:
    """Return the part once it is known which of the two devices has it; nobody takes another's."""
    holders = {passing.giver: passing.incarnation, passing.grant.device: passing.grant.incarnation}
    if device not in holders or part.device not in ("", device):
        return Refusal.OTHER_LEASE
    return replace(part, device=device, incarnation=holders[device])
