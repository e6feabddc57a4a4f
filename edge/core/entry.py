"""The judgement of a passage: facts in, decision and change out."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.admission import admit, change, release, remembered, uses_of
from edge.core.answers import about, answer, go, notes_of, notes_on
from edge.core.checks import identity
from edge.core.checks.rights import NO_RIGHT
from edge.core.choice import Case, choices, judge, pick
from edge.core.decision import Act, Failure, Reason, WhatNext
from edge.core.facts import Fact, Facts, Moment, Rule, Ruling
from edge.core.held import Change
from edge.core.passage import IDENTIFYING, Passage, is_inside, moves, passage_of
from edge.core.places import Direction

__all__ = ["Fact", "Facts", "Moment", "Rule", "Ruling", "decide"]

Failures = tuple[Failure, ...]

IDENTIFIED = "none"
"""The direction of a tap at a till or kiosk."""
_CHOOSE = Failure(reason=Reason.CHOOSE_ENTITLEMENT, next=WhatNext(act=Act.CHOOSE))
_CONFIRM = Failure(reason=Reason.CONFIRM_REQUIRED, next=WhatNext(act=Act.CONFIRM))

NEVER_LIFTED = frozenset(
    {
        *(Reason.BAND_NOT_AUTHENTIC, Reason.SIGNATURE_INVALID, Reason.TAP_REPLAYED, Reason.DEVICE_REVOKED),
        *(Reason.HEIGHT_MIN, Reason.HEIGHT_CONFIRM),
    }
)
"""What no supervisor's override lets pass: forged proofs and rules of safety."""

NOTHING_TO_SPEND = frozenset(
    {
        *(Reason.UNPAID, Reason.UNAPPROVED, Reason.CANCELLED, Reason.REVOKED, Reason.BLOCKED),
        *(Reason.ALREADY_EXCHANGED, Reason.WRONG_PRODUCT, Reason.WRONG_GATE, Reason.REENTRY_FORBIDDEN),
        *(Reason.ALREADY_USED_HERE, Reason.ALREADY_USED_ELSEWHERE, Reason.LIMIT_REACHED),
    }
)
"""An override of these lets somebody in without spending a use of the right."""


def decide(facts: Facts) -> Ruling:
    """Judge one tap at its point, whichever way it goes: entry, exit or mere identification."""
    doubts = identity.failures(facts)
    if facts.point.kind in IDENTIFYING:
        return _identify(facts, doubts)
    passage = passage_of(facts)
    if passage.direction is Direction.OUT:
        return _let_out(facts, passage, doubts)
    return _let_in_or_not(facts, passage, doubts)


def _identify(facts: Facts, doubts: Failures) -> Ruling:
    """A till or kiosk judges the band only."""
    kept = change(facts, remembered(facts, doubts))
    shown = _standing(facts, doubts)
    if shown is not None:
        return Ruling(answer(facts, IDENTIFIED, shown, failed=doubts), kept)
    notes = notes_of(facts, lifted=bool(doubts))
    return Ruling(go(facts, IDENTIFIED, Reason.IDENTIFIED, failed=doubts, notes=notes), kept)


def _let_out(facts: Facts, passage: Passage, doubts: Failures) -> Ruling:
    """An exit is never refused to the body; what is wrong is noted, and what is forged changes nothing."""
    notes = notes_of(facts, lifted=False)
    inside = is_inside(facts, passage.from_zone)
    if moves(facts.point) and not inside:
        notes = (Reason.NOT_INSIDE, *notes)
    told = go(facts, Direction.OUT, Reason.EXITED, failed=doubts, notes=notes)
    if _is_forged(doubts):
        return Ruling(told, Change())
    location = facts.held.location
    people = location.people if location is not None and inside else 1
    held = remembered(facts, doubts)
    left = release(facts, passage, held) if moves(facts.point) else change(facts, held)
    return Ruling(replace(told, people=people), left)


def _let_in_or_not(facts: Facts, passage: Passage, doubts: Failures) -> Ruling:
    """Judge every right, then refuse, ask, wait for staff, or let in."""
    cases = judge(facts, passage)
    case = pick(cases)
    failed = doubts + case.failures if case is not None else doubts or (NO_RIGHT,)
    shown = _standing(facts, failed)
    if shown is not None:
        return _refuse(facts, case, failed, shown=shown)
    if case is None or _is_forged(failed):
        return _let_in_unknown(facts, passage, failed)
    greens = choices(facts, cases)
    if greens and not facts.overridden:
        return _ask_which(facts, greens)
    if _must_confirm(facts, case):
        return _hold(case)
    return _let_in(case, failed)


def _standing(facts: Facts, failed: Failures) -> Failure | None:
    """The failure that stands: the first one, or under an override the first that cannot be lifted."""
    for failure in failed:
        if not facts.overridden or failure.reason in NEVER_LIFTED:
            return failure
    return None


def _is_forged(failed: Failures) -> bool:
    return bool(failed) and any(failure.reason in identity.FORGED for failure in failed)


def _refuse(facts: Facts, case: Case | None, failed: Failures, *, shown: Failure) -> Ruling:
    told = answer(facts, Direction.IN, shown, failed=failed)
    held = remembered(facts, failed, case.claim if case else None)
    return Ruling(about(told, case) if case else told, change(facts, held))


def _ask_which(facts: Facts, greens: tuple[str, ...]) -> Ruling:
    told = answer(facts, Direction.IN, _CHOOSE, failed=(_CHOOSE,))
    return Ruling(replace(told, choices=greens), change(facts, remembered(facts, ())))


def _must_confirm(facts: Facts, case: Case) -> bool:
    """Staff confirm in person before it counts, unless they have, or a supervisor already stands there."""
    if facts.overridden or "passage" in facts.confirmed:
        return False
    return facts.point.confirm or case.claim.terms.confirm


def _hold(case: Case) -> Ruling:
    """Green but for staff's word: the use is held, so that there is no second green meanwhile."""
    facts = case.claim.facts
    uses = uses_of(case.claim, pending=True)
    told = answer(facts, Direction.IN, _CONFIRM, failed=(_CONFIRM,))
    held = remembered(facts, (), case.claim)
    return Ruling(about(told, case, uses), change(facts, held, uses=uses))


def _let_in(case: Case, failed: Failures) -> Ruling:
    claim, facts = case.claim, case.claim.facts
    spends = not failed or not any(failure.reason in NOTHING_TO_SPEND for failure in failed)
    uses = uses_of(claim, pending=False) if spends else ()
    on_right, first = notes_on(case)
    notes = notes_of(facts, lifted=bool(failed)) + on_right
    told = go(facts, Direction.IN, Reason.ENTERED, failed=failed, notes=notes)
    held = remembered(facts, failed, claim)
    admitted = admit(facts, claim.passage, held, people=claim.people, uses=uses)
    return Ruling(about(told, case, uses, first=first), admitted)


def _let_in_unknown(facts: Facts, passage: Passage, failed: Failures) -> Ruling:
    """A supervisor lets in somebody without a right here, or without a band that could be read."""
    told = go(facts, Direction.IN, Reason.ENTERED, failed=failed, notes=notes_of(facts, lifted=True))
    if _is_forged(failed):
        return Ruling(told, Change())
    return Ruling(told, admit(facts, passage, remembered(facts, failed)))
