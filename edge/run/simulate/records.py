"""Records: what a journal's lines say of entries and of parts that were passed on."""

from __future__ import annotations

import msgspec

from edge.core.decision import Outcome, Reason
from edge.core.events import Decided, Event, Kind, decided_in
from edge.core.lease import Grant, passing_in
from edge.core.payment import LeasePassed, LeaseTaken

_TAKEN = msgspec.msgpack.Decoder(LeaseTaken).decode
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


def part_taken(event: Event) -> Grant:
    """Return what a device was granted by the part that it took."""
    return passing_in(_TAKEN(event.body).passing).grant
