"""Capacity: places are leased to devices, and a device without a free place lets nobody in."""

from __future__ import annotations

from edge.core.checks.times import another_time
from edge.core.claim import Claim, reenters
from edge.core.decision import Act, Failure, Reason, WhatNext
from edge.core.entitlements import Redemption
from edge.core.passage import moves, whereabouts
from edge.core.places import PointKind


def capacity(claim: Claim) -> Failure | None:
    """Refuse where the slot or a zone that would be entered has too few places left for all of them."""
    facts, slot = claim.facts, claim.entitlement.slot
    free = None if slot is None else facts.places.get(slot.key)
    if free is not None and _wanted(claim) > max(0, free):
        return Failure(reason=Reason.SLOT_FULL, next=another_time(claim))
    layout = facts.layout
    if not (layout.limited or facts.places) or not moves(facts.point):
        return None
    now_in = layout.lineage(whereabouts(facts, facts.moment.now_ms))
    for zone in layout.lineage(claim.passage.to_zone):
        limited = zone in layout.limited or zone in facts.places
        if limited and zone not in now_in and facts.places.get(zone, 0) < claim.people:
            return Failure(reason=Reason.CAPACITY_FULL, next=WhatNext(act=Act.COME_BACK, place=zone))
    return None


def _wanted(claim: Claim) -> int:
    """Return how many places of its time a right still needs: who has one already takes no second one."""
    facts = claim.facts
    if facts.point.kind is PointKind.DOOR or reenters(claim, facts.moment.now_ms):
        return 0
    own = [use for use in facts.held.uses if use.tap_id == facts.presented.tap_id and use.slot]
    return claim.people - sum(
        use.entitlement == claim.entitlement.id and use.redemption <= Redemption.PENDING for use in own
    )
