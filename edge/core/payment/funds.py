"""Funds: which leases at this device pay an amount, and what is to be said where they do not."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

import msgspec

from edge.core.bands import Trust
from edge.core.decision import Reason
from edge.core.lease import Lease, LeaseKind, LeaseState, Refusal, ready, spend
from edge.core.payment.facts import Payer
from edge.core.payment.legs import Leg, Tender
from edge.core.wallet import MandateState, WalletLink


class Part(msgspec.Struct, frozen=True):
    """So many units of one lease, worth so much of the basket; as LIMIT they count along and pay nothing."""

    lease: Lease
    tender: Tender
    units: int
    minor: int
    line: int | None = None
    label: str = ""


class Cover(msgspec.Struct, frozen=True):
    """How an amount is paid, or why it is not and what is there."""

    parts: tuple[Part, ...] = ()
    reason: Reason | None = None
    ready: int = 0
    elsewhere: int | None = None
    missing: int = 0


class Place(enum.StrEnum):
    """Whose leases are looked for."""

    BAND = "band"
    DEVICE = "device"


def of_kind(payer: Payer, kind: str, place: Place = Place.BAND) -> tuple[Lease, ...]:
    """Return the leases of one kind that this band may spend, its own first, then what ends soonest."""
    link = payer.tap.profile.wallet if payer.tap.profile else None
    wallet = "" if place is Place.DEVICE or link is None else link.id
    band = payer.tap.presented.band
    mine = "" if band is None else band.hex()
    found = [
        lease
        for lease in payer.leases
        if lease.kind == kind and lease.wallet == wallet and lease.band in ("", mine)
    ]
    return tuple(sorted(found, key=lambda lease: (not lease.band, lease.ends_ms, lease.id)))


def in_hand(leases: Iterable[Lease], monotonic_ms: int) -> int:
    """Return what may be spent of these leases now."""
    return sum(ready(lease, monotonic_ms) for lease in leases)


def drawn(leases: Sequence[Lease], units: int, tender: Tender, *, monotonic_ms: int) -> tuple[Part, ...]:
    """Return which leases give how much, in their order; all of it must be there."""
    parts = []
    for lease in leases:
        piece = min(units, ready(lease, monotonic_ms))
        if piece > 0:
            minor = 0 if tender is Tender.LIMIT else piece
            parts.append(Part(lease, tender, piece, minor))
            units -= piece
    return tuple(parts)


def cover(payer: Payer, link: WalletLink, minor: int, *, monotonic_ms: int, at_risk: int = 0) -> Cover:
    """Say how money here pays an amount; ``at_risk`` was paid on risk for this basket before."""
    leases = _money(payer, link)
    here = in_hand(leases, monotonic_ms)
    elsewhere = max((one.elsewhere for one in leases if one.elsewhere is not None), default=None)
    if here >= minor:
        return Cover(drawn(leases, minor, Tender.WALLET, monotonic_ms=monotonic_ms), None, here, elsewhere)
    missing = minor - here
    if payer.risk:
        risked = _risk(payer, link, missing, at_risk=at_risk, monotonic_ms=monotonic_ms)
        if not isinstance(risked, Reason):
            own = drawn(leases, here, Tender.WALLET, monotonic_ms=monotonic_ms)
            return Cover(own + risked, None, here, elsewhere)
        return Cover((), risked, here, elsewhere, missing)
    reason = _shortage(leases, missing, elsewhere, monotonic_ms=monotonic_ms)
    return Cover((), reason, here, elsewhere, missing)


def day_leases(payer: Payer, day: int) -> tuple[Lease, ...]:
    """Return the leases that count what this band spends on a local day."""
    band = payer.tap.presented.band or b""
    kind = f"{LeaseKind.DAY}:{band.hex()}"
    return tuple(lease for lease in of_kind(payer, kind) if lease.day == day)


def spent_of(leases: Iterable[Lease], parts: Iterable[Part], *, monotonic_ms: int) -> tuple[Lease, ...]:
    """Return the leases that these parts change, as they are after it."""
    after = {lease.id: lease for lease in leases}
    moved: dict[str, None] = {}
    for part in parts:
        if not part.units:  # one more line of what was paid for already
            continue
        spent = spend(after[part.lease.id], part.units, now_ms=monotonic_ms)
        if isinstance(spent, Refusal):  # pragma: no cover - parts are drawn from what is ready
            raise AssertionError(f"{part.lease.id} refuses what it had ready: {spent}")
        after[spent.id] = spent
        moved[spent.id] = None
    return tuple(after[id] for id in moved)


def legs_of(parts: Iterable[Part], band: bytes | None, *, first: int) -> tuple[Leg, ...]:
    """Return parts as numbered legs of one band."""
    return tuple(
        Leg(
            number=number,
            tender=part.tender,
            amount_minor=part.minor,
            band=band,
            wallet=part.lease.wallet,
            lease=part.lease.id,
            kind=part.lease.kind,
            units=part.units,
            line=part.line,
            label=part.label,
        )
        for number, part in enumerate(parts, start=first)
    )


def _money(payer: Payer, link: WalletLink) -> tuple[Lease, ...]:
    return tuple(lease for lease in of_kind(payer, LeaseKind.MONEY) if lease.unit == link.currency)


def _shortage(leases: Sequence[Lease], missing: int, elsewhere: int | None, *, monotonic_ms: int) -> Reason:
    """What keeps an amount from being here: a frozen lease, time that is over, another place, or nothing."""
    if any(lease.state is LeaseState.FROZEN for lease in leases):
        return Reason.LEASE_FROZEN
    late = [lease for lease in leases if lease.spendable > 0 and ready(lease, monotonic_ms) == 0]
    if sum(lease.spendable for lease in late) >= missing:
        return Reason.OFFLINE_LIMIT
    there = elsewhere is None or elsewhere >= missing
    return Reason.INSUFFICIENT_HERE if there else Reason.INSUFFICIENT_FUNDS


def _risk(
    payer: Payer, link: WalletLink, minor: int, *, at_risk: int, monotonic_ms: int
) -> tuple[Part, ...] | Reason:
    """Three leases must allow it: the wallet's sum and count, and this device's part of the budget."""
    if link.mandate is MandateState.EXPIRED:
        return Reason.MANDATE_EXPIRED
    sums, taps = of_kind(payer, LeaseKind.RISK), of_kind(payer, LeaseKind.RISK_TAPS)
    budget = of_kind(payer, LeaseKind.RISK, Place.DEVICE)
    floors = [one.limits.tap_minor_max for one in sums if one.limits.tap_minor_max is not None]
    allowed = (
        link.mandate is MandateState.ACTIVE
        and payer.tap.presented.trust is Trust.LIVE
        and all(minor + at_risk <= floor for floor in floors)
        and in_hand(sums, monotonic_ms) >= minor
        and in_hand(taps, monotonic_ms) >= 1
        and in_hand(budget, monotonic_ms) >= minor
    )
    if not allowed:
        return Reason.OFFLINE_LIMIT
    return (
        *drawn(sums, minor, Tender.RISK, monotonic_ms=monotonic_ms),
        *drawn(budget, minor, Tender.LIMIT, monotonic_ms=monotonic_ms),
        *drawn(taps, 1, Tender.LIMIT, monotonic_ms=monotonic_ms),
    )
