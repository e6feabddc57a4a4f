"""Windows of time: validity, the reserved slot with its tolerance, opening hours."""

from __future__ import annotations

from edge.core.calendar import is_open, next_opening
from edge.core.claim import SEE_STAFF, Claim
from edge.core.decision import Act, Failure, Reason, WhatNext


def validity(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse before the right begins and from the moment it ends."""
    right = claim.entitlement
    if right.valid_from_ms is not None and at_ms < right.valid_from_ms:
        return Failure(reason=Reason.TOO_EARLY, next=claim.come_back(right.valid_from_ms))
    if right.valid_until_ms is not None and at_ms >= right.valid_until_ms:
        return Failure(reason=Reason.TOO_LATE, next=SEE_STAFF)
    return None


def slot(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse outside the slot and its tolerance; say when it opens, or when the next free one begins."""
    reserved, terms = claim.entitlement.slot, claim.terms
    if reserved is None:
        return None
    opens_ms = reserved.start_ms - terms.early_s_max * 1_000
    if at_ms < opens_ms:
        return Failure(reason=Reason.TOO_EARLY, next=claim.come_back(opens_ms))
    if at_ms >= reserved.end_ms + terms.late_s_max * 1_000:
        return Failure(reason=Reason.TOO_LATE, next=another_time(claim))
    return None


def another_time(claim: Claim) -> WhatNext:
    """Return "take another time" with when the next free one begins, or staff where none is known."""
    next_ms = claim.facts.slot_next.get(claim.entitlement.id)
    if next_ms is None or next_ms <= claim.facts.moment.now_ms:
        return SEE_STAFF
    return WhatNext(act=Act.CHANGE_TIME, at_ms=next_ms)


def hours(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse while the point is closed or the right does not hold at this hour; say when both open."""
    zone = claim.facts.timezone
    closed = [
        hours
        for hours in (claim.facts.point.hours, claim.terms.hours)
        if hours is not None and not is_open(hours, zone, at_ms)
    ]
    if not closed:
        return None
    openings = [next_opening(hours, zone, at_ms) for hours in closed]
    known = [opening for opening in openings if opening is not None]
    opens_ms = max(known) if len(known) == len(openings) else None
    return Failure(reason=Reason.CLOSED_NOW, next=claim.come_back(opens_ms))
