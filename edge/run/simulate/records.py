"""Records: what a journal's lines say of entries and of parts that were passed on."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.decision import Outcome, Reason
from edge.core.events import Decided, Event, Kind, decided_in
from edge.core.lease import Grant, passing_in
from edge.core.payment import (
    CashedOut,
    LeasePassed,
    LeaseTaken,
    Leg,
    Payment,
    RefundAsked,
    Tender,
    ToppedUp,
    Voided,
)

_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
_VOIDED = msgspec.msgpack.Decoder(Voided).decode
_REFUND = msgspec.msgpack.Decoder(RefundAsked).decode
_CASHED_OUT = msgspec.msgpack.Decoder(CashedOut).decode
_TAKEN = msgspec.msgpack.Decoder(LeaseTaken).decode
_TOPPED_UP = msgspec.msgpack.Decoder(ToppedUp).decode
_PASSED = msgspec.msgpack.Decoder(LeasePassed).decode


class Saved(msgspec.Struct):
    """When central was last backed up: what of each lease was granted, and how much its operator had done."""

    granted: dict[str, int] = {}
    done: int = 0
    anew: bool = False  # else there is the one of the beginning


def entry_in(event: Event) -> Decided | None:
    """Return the decision of a record that says that a right let somebody in."""
    if event.kind != Kind.DECIDED:
        return None
    decided = decided_in(event.body, event.band)
    told = decided.decision
    is_entry = told.outcome is Outcome.GRANTED and told.reason is Reason.ENTERED
    return decided if is_entry and told.entitlement is not None else None


def part_in(event: Event) -> str:
    """Return which part a record is about that was passed on or taken; empty: none."""
    if event.kind == Kind.LEASE_TAKEN:
        return part_taken(event).lease
    if event.kind == Kind.LEASE_PASSED:
        return passing_in(_PASSED(event.body).passing).grant.lease
    return ""


def leases_in(event: Event) -> tuple[str, ...]:
    """Return which leases central hears of first by a record: parts, and what devices open for cash."""
    if event.kind == Kind.TOPPED_UP:
        return tuple(said.lease for said in _TOPPED_UP(event.body).leases)
    part = part_in(event)
    return (part,) if part else ()


def part_taken(event: Event) -> Grant:
    """Return what a device was granted by the part that it took."""
    return passing_in(_TAKEN(event.body).passing).grant


def moved_in(event: Event) -> Iterable[tuple[str, int]]:
    """Return what a record says to have gone out of wallets, in minor units; what came in is negative."""
    if event.kind == Kind.PAID:
        return _of(_PAYMENT(event.body).legs, 1)
    if event.kind == Kind.PAYMENT_VOIDED:
        return _of(_VOIDED(event.body).legs, -1)
    if event.kind == Kind.REFUND_ASKED:
        return _of(_REFUND(event.body).legs, -1)
    if event.kind == Kind.TOPPED_UP:
        paid = _TOPPED_UP(event.body)
        return ((paid.wallet, -paid.amount_minor),)
    if event.kind == Kind.CASHED_OUT:
        out = _CASHED_OUT(event.body)
        return ((out.wallet, out.amount_minor),)
    return ()


def _of(legs: Iterable[Leg], sign: int) -> Iterable[tuple[str, int]]:
    return [(leg.wallet, sign * leg.amount_minor) for leg in legs if leg.tender is Tender.WALLET]
