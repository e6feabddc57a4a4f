"""Evidence: of all remembered uses those that a ruling stands on, so that its event stays small for ever."""

from __future__ import annotations

from edge.core.claim import Claim, claims, last_admission
from edge.core.entitlements import Use
from edge.core.facts import Facts
from edge.core.passage import passage_of

LAST_USES_MAX = 16
"""Of a right without a total, as a season's pass, so many last uses answer all that is asked of it."""


def evidence(facts: Facts) -> tuple[Use, ...]:
    """Return the uses without which the ruling could differ; judged on them alone it is the same."""
    if len(facts.held.uses) <= LAST_USES_MAX:
        return facts.held.uses
    kept = [use for claim in claims(facts, passage_of(facts)) for use in _needed(claim)]
    return tuple(use for use in facts.held.uses if any(use is one for one in kept))


def _needed(claim: Claim) -> list[Use]:
    own = [use for use in claim.facts.held.uses if use.entitlement == claim.entitlement.id]
    if _counts_all(claim):
        return own
    tap_id = claim.facts.presented.tap_id
    last = max(LAST_USES_MAX, claim.terms.uses_per_day_max or 0)
    needed = [use for use in own if use.tap_id == tap_id]
    needed += [*claim.passed[:1], *claim.passed[-last:], *claim.counted[-last:]]
    needed += [max(own, key=lambda use: use.ordinal)] if own else []
    admission = last_admission(claim)
    return needed if admission is None else [*needed, admission]


def _counts_all(claim: Claim) -> bool:
    """Totals and operators' rules may ask for every use there ever was."""
    terms = claim.terms
    totals = (terms.uses_max, terms.uses_per_point_max, terms.days_max)
    return any(total is not None for total in totals) or bool(terms.rules or claim.facts.point.rules)
