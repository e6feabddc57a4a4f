"""Anti-passback: a band that is inside does not come in again, and a passage begins where the band is."""

from __future__ import annotations

import msgspec

from edge.core.claim import Claim
from edge.core.decision import Act, Failure, First, Reason, WhatNext
from edge.core.held import Location
from edge.core.passage import entry_into, whereabouts
from edge.core.places import Direction, Passback


class Anomaly(msgspec.Struct, frozen=True):
    """A passage that does not fit where its band is known to be, and since when."""

    reason: Reason
    since: Location
    zone: str | None


def anomaly(claim: Claim, at_ms: int) -> Anomaly | None:
    """Return what does not fit, whatever the point makes of it; a band never seen fits everywhere."""
    facts, passage = claim.facts, claim.passage
    location, layout = facts.held.location, facts.layout
    if location is None or facts.point.passback is Passback.NONE:
        return None
    zone = whereabouts(facts, at_ms)
    if passage.to_zone is not None and layout.within(zone, passage.to_zone):
        return Anomaly(Reason.INSIDE_ALREADY, entry_into(facts, passage.to_zone) or location, zone)
    if passage.from_zone is not None:
        fits = layout.within(zone, passage.from_zone)
    else:
        fits = zone is None or zone in layout.lineage(passage.to_zone)
    return None if fits else Anomaly(Reason.WRONG_ZONE, location, zone)


def passback(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse under HARD, and under TIMED until its time is over."""
    found = anomaly(claim, at_ms)
    if found is None or not _is_hard(claim, found, at_ms):
        return None
    first = First(found.since.point, found.since.since_ms)
    return Failure(reason=found.reason, next=_next(claim, found), first=first)


def _is_hard(claim: Claim, found: Anomaly, at_ms: int) -> bool:
    if _is_blurred(claim, at_ms):
        return False
    match claim.facts.point.passback:
        case Passback.HARD:
            return True
        case Passback.TIMED:
            return at_ms < _opens_ms(claim, found)
        case _:
            return False


def _is_blurred(claim: Claim, at_ms: int) -> bool:
    """Cut off from the other devices for so long that the band may be anywhere by now."""
    facts = claim.facts
    oldest_ms, location = facts.point.location_age_ms_max, facts.held.location
    if not facts.unconfirmed or oldest_ms is None or location is None:
        return False
    return at_ms - location.since_ms > oldest_ms


def _opens_ms(claim: Claim, found: Anomaly) -> int:
    return found.since.since_ms + claim.facts.point.passback_s_min * 1_000


def _next(claim: Claim, found: Anomaly) -> WhatNext:
    timed = claim.facts.point.passback is Passback.TIMED
    at_ms = _opens_ms(claim, found) if timed else None
    if found.reason is Reason.INSIDE_ALREADY:
        return WhatNext(
            act=Act.COME_BACK if timed else Act.EXIT_FIRST, at_ms=at_ms, place=claim.passage.to_zone
        )
    if found.zone is not None:
        return WhatNext(act=Act.EXIT_FIRST, at_ms=at_ms, place=found.zone)
    return WhatNext(act=Act.GO_TO, at_ms=at_ms, place=_way_into(claim))


def _way_into(claim: Claim) -> str | None:
    """The gate through which one first comes to where this passage begins."""
    from_zone = claim.passage.from_zone
    for point in claim.facts.layout.points:
        if point.to_zone == from_zone and point.direction is not Direction.OUT:
            return point.id
    return from_zone
