"""The checks of an entry in their fixed order: the first that fails is the reason shown."""

from __future__ import annotations

from collections.abc import Callable

from edge.core.checks import capacity, passback, people, rights, rules, times, uses
from edge.core.checks.clock import doubt_ms, steady
from edge.core.claim import Claim
from edge.core.decision import Failure
from edge.core.entitlements import Terms
from edge.core.places import Passback, Point

Check = Callable[[Claim, int], Failure | None]
Asks = Callable[[Terms, Point], object]

CHECKS: tuple[tuple[Check, bool, Asks], ...] = (
    (rights.status, False, lambda terms, point: True),
    (rights.place, False, lambda terms, point: True),
    (times.validity, True, lambda terms, point: True),
    (times.slot, True, lambda terms, point: True),
    (times.hours, True, lambda terms, point: terms.hours or point.hours),
    (passback.passback, True, lambda terms, point: point.passback is not Passback.NONE),
    (uses.total, True, lambda terms, point: terms.uses_max is not None),
    (uses.at_point, True, lambda terms, point: terms.uses_per_point_max is not None),
    (uses.today, True, lambda terms, point: terms.uses_per_day_max is not None),
    (uses.days, True, lambda terms, point: terms.days_max is not None),
    (uses.since_first, True, lambda terms, point: terms.since_first_s_max is not None),
    (uses.since_last, True, lambda terms, point: terms.since_last_s_min is not None),
    (uses.unconfirmed, False, lambda terms, point: point.refer_unconfirmed or uses.is_counted(terms)),
    (people.companion, True, lambda terms, point: terms.companion_role is not None or point.companion),
    (people.age, True, lambda terms, point: terms.age_min is not None or point.age_min is not None),
    (people.height, True, lambda terms, point: (terms.height_cm_min, point.height_cm_min) != (None, None)),
    (people.questions, False, lambda terms, point: terms.questions),
)
"""Each check, whether its verdict hangs on the clock, and whether these terms ask for it at this point."""


PLACE_RANK = 1
"""Where ``rights.place`` stands: what fails there is a right for another point."""
RULES_RANK = len(CHECKS)
CAPACITY_RANK = RULES_RANK + 1


def failures(claim: Claim) -> list[tuple[int, Failure]]:
    """Return every check that does not hold, each with its place in the order."""
    moment = claim.facts.moment
    doubtful = doubt_ms(moment) > 0
    found = []
    for rank in _asked(claim):
        check, timely, _ = CHECKS[rank]
        failure = steady(check, claim, moment) if timely and doubtful else check(claim, moment.now_ms)
        if failure is not None:
            found.append((rank, failure))
    if claim.terms.rules or claim.facts.point.rules:
        found.extend((RULES_RANK, failure) for failure in rules.failures(claim))
    full = capacity.capacity(claim)
    if full is not None:
        found.append((CAPACITY_RANK, full))
    return found


def _asked(claim: Claim) -> tuple[int, ...]:
    """Return which checks can refuse at all: for a product's own terms found out once at each point."""
    point, right = claim.facts.point, claim.entitlement
    if right.terms is not None:
        return _asked_by(claim.terms, point)
    reserved = right.slot is not None
    known, key = claim.facts.layout.asked, (right.product, point.id, reserved)
    found = known.get(key)
    # A point that the layout does not know by this id (yet) has an answer of its own.
    if found is None or found[0] is not point:
        found = known[key] = (point, _asked_by(claim.terms, point, reserved=reserved))
    return found[1]


def _asked_by(terms: Terms, point: Point, *, reserved: bool = True) -> tuple[int, ...]:
    asked = [rank for rank, (_, _, asks) in enumerate(CHECKS) if asks(terms, point)]
    return tuple([rank for rank in asked if reserved or CHECKS[rank][0] is not times.slot])
