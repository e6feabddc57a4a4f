"""Uses and frequency: how often a right still opens, and how soon again."""

from __future__ import annotations

from edge.core.claim import SEE_STAFF, Claim, has_left, last_admission, lasts, reenters
from edge.core.decision import Act, Failure, First, Reason, WhatNext
from edge.core.entitlements import Reentry, Terms, Use
from edge.core.places import PointKind


def total(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a right with no use left, and say where and when it was first used."""
    uses_max = claim.terms.uses_max
    if uses_max is None or len(claim.counted) + claim.people <= uses_max or reenters(claim, at_ms):
        return None
    if not claim.counted:
        return Failure(reason=Reason.LIMIT_REACHED, next=SEE_STAFF)
    if _comes_back(claim, at_ms):
        return Failure(reason=Reason.REENTRY_FORBIDDEN, next=SEE_STAFF, first=_first(claim.counted[0]))
    return _used(claim, claim.counted[0], _way_out(claim, at_ms))


def _comes_back(claim: Claim, at_ms: int) -> bool:
    """The guest went out of a gate on the day of the entry, and may not come back in."""
    entry = last_admission(claim)
    if entry is None or claim.facts.point.kind is not PointKind.GATE:
        return False
    return claim.day(entry.scan_ms) == claim.day(at_ms) and has_left(claim, at_ms)


def _way_out(claim: Claim, at_ms: int) -> WhatNext:
    """Where going out first would make it a re-entry, that; else staff."""
    to_zone = claim.passage.to_zone
    if claim.terms.reentry is Reentry.AFTER_EXIT and to_zone is not None and lasts(claim, at_ms):
        return WhatNext(act=Act.EXIT_FIRST, place=to_zone)
    return SEE_STAFF


def at_point(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a right with no use left at this very point."""
    uses_max, point = claim.terms.uses_per_point_max, claim.facts.point.id
    here = [use for use in claim.counted if use.point == point]
    if uses_max is None or len(here) + claim.people <= uses_max or reenters(claim, at_ms):
        return None
    return _used(claim, here[0]) if here else Failure(reason=Reason.LIMIT_REACHED, next=SEE_STAFF)


def today(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse what is used up for the site's day; the next day opens it again."""
    uses_max = claim.terms.uses_per_day_max
    if uses_max is None or _used_today(claim, at_ms) + claim.people <= uses_max or reenters(claim, at_ms):
        return None
    fits = claim.people <= uses_max
    tomorrow = claim.come_back(claim.day_bounds(at_ms)[1]) if fits else SEE_STAFF
    return Failure(reason=Reason.LIMIT_REACHED, next=tomorrow)


def days(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a further day where the right has been used on as many days as it holds."""
    days_max = claim.terms.days_max
    used = {claim.day(use.scan_ms) for use in claim.counted}
    if days_max is None or len(used | {claim.day(at_ms)}) <= days_max or reenters(claim, at_ms):
        return None
    return Failure(reason=Reason.LIMIT_REACHED, next=SEE_STAFF)


def since_first(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse once the time that begins with the first use is over; in elapsed seconds, never wall time."""
    lasts_s = claim.terms.since_first_s_max
    if lasts_s is None or not claim.passed or at_ms - claim.passed[0].scan_ms <= lasts_s * 1_000:
        return None
    return Failure(reason=Reason.TOO_LATE, next=SEE_STAFF, first=_first(claim.passed[0]))


def since_last(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse until the spacing since the last entry is over."""
    spacing_s = claim.terms.since_last_s_min
    if spacing_s is None or not claim.passed:
        return None
    last = claim.passed[-1]
    opens_ms = last.scan_ms + spacing_s * 1_000
    if at_ms >= opens_ms:
        return None
    return Failure(reason=Reason.TOO_SOON_AGAIN, next=claim.come_back(opens_ms), first=_first(last))


def unconfirmed(claim: Claim, at_ms: int) -> Failure | None:
    """Refer where the site's other devices could not be asked and this one does not decide alone.

    It does so once for each counted right: cut off, it can let in one too many and not more.
    """
    facts = claim.facts
    if not facts.unconfirmed or "passage" in facts.confirmed:
        return None
    again = claim.entitlement.id in facts.unsettled and not reenters(claim, at_ms)
    if not facts.point.refer_unconfirmed and not (again and is_counted(claim.terms)):
        return None
    return Failure(reason=Reason.UNCONFIRMED_OFFLINE, next=WhatNext(act=Act.CONFIRM))


def is_counted(terms: Terms) -> bool:
    """Return whether a use of such a right leaves fewer of them."""
    limits = (terms.uses_max, terms.uses_per_day_max, terms.uses_per_point_max, terms.days_max)
    return any(limit is not None for limit in limits)


def left(claim: Claim, at_ms: int) -> int | None:
    """Return how many uses are left before this one, None = without limit."""
    terms, here = claim.terms, claim.facts.point.id
    limits = []
    if terms.uses_max is not None:
        limits.append(terms.uses_max - len(claim.counted))
    if terms.uses_per_day_max is not None:
        limits.append(terms.uses_per_day_max - _used_today(claim, at_ms))
    if terms.uses_per_point_max is not None:
        limits.append(terms.uses_per_point_max - sum(use.point == here for use in claim.counted))
    return max(min(limits), 0) if limits else None


def _used_today(claim: Claim, at_ms: int) -> int:
    begins_ms, ends_ms = claim.day_bounds(at_ms)
    return sum(begins_ms <= use.scan_ms < ends_ms for use in claim.counted)


def _used(claim: Claim, use: Use, next: WhatNext = SEE_STAFF) -> Failure:
    here = use.point == claim.facts.point.id
    reason = Reason.ALREADY_USED_HERE if here else Reason.ALREADY_USED_ELSEWHERE
    return Failure(reason=reason, next=next, first=_first(use))


def _first(use: Use) -> First:
    return First(use.point, use.scan_ms)
