"""The right itself: does it stand, and does it cover this point."""

from __future__ import annotations

from edge.core.claim import SEE_STAFF, Claim
from edge.core.decision import Act, Failure, Reason, WhatNext
from edge.core.entitlements import Status
from edge.core.places import Direction, Layout, Point

_BY_STATUS = {
    Status.UNPAID: Failure(reason=Reason.UNPAID, next=WhatNext(act=Act.PAY)),
    Status.UNAPPROVED: Failure(reason=Reason.UNAPPROVED, next=SEE_STAFF),
    Status.CANCELLED: Failure(reason=Reason.CANCELLED, next=SEE_STAFF),
    Status.REVOKED: Failure(reason=Reason.REVOKED, next=SEE_STAFF),
    Status.BLOCKED: Failure(reason=Reason.BLOCKED, next=SEE_STAFF),
    Status.EXCHANGED: Failure(reason=Reason.ALREADY_EXCHANGED, next=WhatNext(act=Act.USE_BAND)),
}
NO_RIGHT = Failure(reason=Reason.WRONG_PRODUCT, next=SEE_STAFF)
"""Nothing that this band carries opens this point."""


def status(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a right that central does not call valid, by its own reason."""
    return _BY_STATUS.get(claim.entitlement.status)


def place(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a right that opens other points, and name the one that it opens."""
    point, layout, slot = claim.facts.point, claim.facts.layout, claim.entitlement.slot
    if not claim.known or (point.reserve and slot is None):
        return NO_RIGHT
    if _covers(claim, point):
        reserved = slot.point if slot is not None else None
        return None if reserved is None or reserved == point.id else _wrong_gate(reserved)
    opened = [
        other for other in layout.points if other.direction is not Direction.OUT and _covers(claim, other)
    ]
    for other in opened:
        if other.kind is point.kind and other.to_zone == point.to_zone:
            return _wrong_gate(other.id)
    if not opened:
        return NO_RIGHT
    return Failure(reason=Reason.WRONG_PRODUCT, next=WhatNext(act=Act.GO_TO, place=opened[0].id))


def _wrong_gate(right_one: str) -> Failure:
    return Failure(reason=Reason.WRONG_GATE, next=WhatNext(act=Act.GO_TO, place=right_one))


def _covers(claim: Claim, point: Point) -> bool:
    terms = claim.terms
    if not terms.points and not terms.zones:
        return True
    return point.id in terms.points or (
        bool(terms.zones) and _stands_in(claim.facts.layout, point, terms.zones)
    )


def _stands_in(layout: Layout, point: Point, zones: tuple[str, ...]) -> bool:
    """Where the point stands or leads to is one of these zones, or lies in one."""
    around = (*layout.lineage(point.zone), *layout.lineage(point.to_zone))
    return not set(around).isdisjoint(zones)
