"""The checks of an entry in their fixed order: the first that fails is the reason shown."""

from __future__ import annotations

from collections.abc import Callable

from edge.core.checks import capacity, passback, people, rights, rules, times, uses
from edge.core.checks.clock import doubt_ms, steady
from edge.core.claim import Claim
from edge.core.decision import Failure

Check = Callable[[Claim, int], Failure | None]

CHECKS: tuple[tuple[Check, bool], ...] = (
    (rights.status, False),
    (rights.place, False),
    (times.validity, True),
    (times.slot, True),
    (times.hours, True),
    (passback.passback, True),
    (uses.total, True),
    (uses.at_point, True),
    (uses.today, True),
    (uses.days, True),
    (uses.since_first, True),
    (uses.since_last, True),
    (uses.unconfirmed, False),
    (people.companion, True),
    (people.age, True),
    (people.height, True),
    (people.questions, False),
)
"""Each check, and whether its verdict hangs on the clock."""


PLACE_RANK = 1
"""Where ``rights.place`` stands: what fails there is a right for another point."""
RULES_RANK = len(CHECKS)
CAPACITY_RANK = RULES_RANK + 1


def failures(claim: Claim) -> list[tuple[int, Failure]]:
    """Return every check that does not hold, each with its place in the order."""
    moment = claim.facts.moment
    doubtful = doubt_ms(moment) > 0
    found = []
    for rank, (check, timely) in enumerate(CHECKS):
        failure = steady(check, claim, moment) if timely and doubtful else check(claim, moment.now_ms)
        if failure is not None:
            found.append((rank, failure))
    if claim.terms.rules or claim.facts.point.rules:
        found.extend((RULES_RANK, failure) for failure in rules.failures(claim))
    full = capacity.capacity(claim)
    if full is not None:
        found.append((CAPACITY_RANK, full))
    return found
