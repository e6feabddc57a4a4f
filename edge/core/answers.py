"""Answers: how a judgement is told, with its notes and the age of what it stands on."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.checks import passback
from edge.core.checks.identity import is_stale
from edge.core.checks.uses import left
from edge.core.choice import Case
from edge.core.decision import Act, Basis, Decision, Failure, First, Reason, WhatNext, outcome_of
from edge.core.entitlements import Use
from edge.core.facts import Facts

GO_ON = WhatNext(act=Act.GO_ON)


def answer(
    facts: Facts,
    direction: str,
    shown: Failure,
    *,
    failed: tuple[Failure, ...] = (),
    notes: tuple[Reason, ...] = (),
) -> Decision:
    """Return the decision that shows one reason, with everything else that failed beside it."""
    return Decision(
        outcome=outcome_of(shown.reason),
        reason=shown.reason,
        next=shown.next,
        point=facts.point.id,
        direction=direction,
        notes=notes,
        failures=failed,
        basis=_basis(facts),
        age_ms=facts.profile_age_ms,
        band=facts.presented.band,
        guest=facts.profile.guest if facts.profile else None,
        first=shown.first,
        rule=shown.rule,
    )


def _basis(facts: Facts) -> Basis:
    if is_stale(facts):
        return Basis.STALE
    return Basis.LIVE if facts.agreed else Basis.EDGE


def go(
    facts: Facts, direction: str, reason: Reason, *, failed: tuple[Failure, ...], notes: tuple[Reason, ...]
) -> Decision:
    """Return the decision that lets somebody go on."""
    return answer(facts, direction, Failure(reason=reason, next=GO_ON), failed=failed, notes=notes)


def about(
    decision: Decision, case: Case, uses: tuple[Use, ...] = (), *, first: First | None = None
) -> Decision:
    """Return the decision with its right, what this entry spends of it, and what came before."""
    claim = case.claim
    uses_left = left(claim, claim.facts.moment.now_ms)
    spent = 0 if not uses or uses[0].reentry else len(uses)
    return replace(
        decision,
        entitlement=claim.entitlement.id,
        ordinal=uses[0].ordinal if uses else None,
        uses_left=None if uses_left is None else uses_left - spent,
        people=claim.people,
        attention=claim.terms.attention,
        first=decision.first if first is None else first,
    )


def notes_of(facts: Facts, *, lifted: bool) -> tuple[Reason, ...]:
    """Return what every green says beside itself: who let it pass, and how sure its ground is."""
    notes = []
    if lifted:
        notes.append(Reason.OVERRIDDEN)
    if facts.unconfirmed:
        notes.append(Reason.UNCONFIRMED_OFFLINE)
    if is_stale(facts):
        notes.append(Reason.PROFILE_STALE)
    return tuple(notes)


def notes_on(case: Case) -> tuple[tuple[Reason, ...], First | None]:
    """Return what a green says of its right and of a passage that does not fit, with the earlier one."""
    claim = case.claim
    notes: tuple[Reason, ...] = (Reason.ATTENTION,) if claim.terms.attention else ()
    odd = passback.anomaly(claim, claim.facts.moment.now_ms)
    if odd is None:
        return notes, None
    return (*notes, odd.reason), First(odd.since.point, odd.since.since_ms)
