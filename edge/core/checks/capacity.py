"""Capacity: places are leased to devices, and a device without a free place lets nobody in."""

from __future__ import annotations

from edge.core.checks.times import next_slot
from edge.core.claim import Claim
from edge.core.decision import Act, Failure, Reason, WhatNext
from edge.core.entitlements import TimeSlot
from edge.core.passage import moves, whereabouts


def slot_places(slot: TimeSlot) -> str:
    """Return the name under which a slot's free places stand among ``Facts.places``."""
    return f"{slot.point or ''}@{slot.start_ms}"


def capacity(claim: Claim) -> Failure | None:
    """Refuse where the slot or a zone that would be entered has too few places left for all of them."""
    facts, slot = claim.facts, claim.entitlement.slot
    if slot is not None and facts.places.get(slot_places(slot), claim.people) < claim.people:
        return Failure(reason=Reason.SLOT_FULL, next=claim.come_back(next_slot(claim)))
    layout = facts.layout
    if not (layout.limited or facts.places) or not moves(facts.point):
        return None
    now_in = layout.lineage(whereabouts(facts, facts.moment.now_ms))
    for zone in layout.lineage(claim.passage.to_zone):
        limited = zone in layout.limited or zone in facts.places
        if limited and zone not in now_in and facts.places.get(zone, 0) < claim.people:
            return Failure(reason=Reason.CAPACITY_FULL, next=WhatNext(act=Act.COME_BACK, place=zone))
    return None
