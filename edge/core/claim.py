"""A claim: one right put forward at one passage, with the uses that count against it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.calendar import day_bounds, day_of
from edge.core.decision import Act, WhatNext
from edge.core.entitlements import Entitlement, Redemption, Reentry, Terms, Use
from edge.core.facts import Facts
from edge.core.passage import Passage, whereabouts

PARTY_SIZE_MAX = 100
"""No band opens for more people at once."""
SEE_STAFF = WhatNext(act=Act.SEE_STAFF)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One right at one passage; ``known`` is False where neither right nor layout say its terms."""

    facts: Facts
    passage: Passage
    entitlement: Entitlement
    terms: Terms
    known: bool
    people: int
    passed: tuple[Use, ...]
    """Standing uses and re-entries by other taps, oldest first."""
    counted: tuple[Use, ...]
    """Those of them that used the right up."""

    def day(self, at_ms: int) -> int:
        """Return the site's day of an instant."""
        return day_of(self.facts.timezone, self.facts.layout.day_starts_min, at_ms)

    def day_bounds(self, at_ms: int) -> tuple[int, int]:
        """Return when the site's day around an instant began, and when the next one does."""
        return day_bounds(self.facts.timezone, self.facts.layout.day_starts_min, at_ms)

    def come_back(self, at_ms: int | None) -> WhatNext:
        """Return "come back then", or staff where there is no then within the right's validity."""
        until = self.entitlement.valid_until_ms
        if at_ms is None or (until is not None and at_ms >= until):
            return SEE_STAFF
        return WhatNext(act=Act.COME_BACK, at_ms=at_ms)


def claims(facts: Facts, passage: Passage) -> Iterator[Claim]:
    """Put forward each right of the band; the order in which central listed them never matters."""
    profile = facts.profile
    if profile is None:
        return
    size = profile.party.size if profile.party else 1
    for right in profile.entitlements:
        product = facts.layout.products_by_id.get(right.product)
        terms = right.terms or (product.terms if product else None)
        passed = _standing(facts, right.id)
        yield Claim(
            facts=facts,
            passage=passage,
            entitlement=right,
            terms=terms or Terms(),
            known=terms is not None,
            people=min(max(size, 1), PARTY_SIZE_MAX) if terms and terms.together else 1,
            passed=passed,
            counted=tuple([use for use in passed if not use.reentry]) if passed else (),
        )


def _standing(facts: Facts, entitlement: str) -> tuple[Use, ...]:
    if not facts.held.uses:
        return ()
    tap_id = facts.presented.tap_id
    found = [
        use
        for use in facts.held.uses
        if use.entitlement == entitlement and use.redemption <= Redemption.PENDING and use.tap_id != tap_id
    ]
    if len(found) > 1:
        found.sort(key=lambda use: (use.scan_ms, use.device, use.seq, use.ordinal))
    return tuple(found)


def reenters(claim: Claim, at_ms: int) -> bool:
    """Return whether this entry belongs to an earlier use: recorded, not counted again.

    It does while that use lasts (``reentry_s_max`` after it, else till the site's day turns), into the same
    zone, and where the terms ask for it only after an exit.
    """
    reentry = claim.terms.reentry
    if reentry is Reentry.NEVER or not lasts(claim, at_ms):
        return False
    return reentry is Reentry.FREE or has_left(claim, at_ms)


def lasts(claim: Claim, at_ms: int) -> bool:
    """Return whether the last use that led into this zone still lasts."""
    use, reentry_s_max = last_admission(claim), claim.terms.reentry_s_max
    if use is None:
        return False
    if reentry_s_max is not None:
        return at_ms - use.scan_ms <= reentry_s_max * 1_000
    return claim.day(use.scan_ms) == claim.day(at_ms)


def has_left(claim: Claim, at_ms: int) -> bool:
    """Return whether the band is known to have left the zone that this passage leads to."""
    held, to_zone = claim.facts.held, claim.passage.to_zone
    if held.location is None or to_zone is None:
        return False
    return not claim.facts.layout.within(whereabouts(claim.facts, at_ms), to_zone)


def last_admission(claim: Claim) -> Use | None:
    """Return the last counted use that led where this passage leads."""
    points = claim.facts.layout.points_by_id
    for use in reversed(claim.counted):
        point = points.get(use.point)
        if use.point == claim.facts.point.id or (
            point is not None and point.to_zone is not None and point.to_zone == claim.passage.to_zone
        ):
            return use
    return None
