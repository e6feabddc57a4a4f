"""People: who must come along, how old and how tall, and what they must answer."""

from __future__ import annotations

from edge.core.calendar import date_text
from edge.core.claim import SEE_STAFF, Claim
from edge.core.decision import Act, Failure, Reason, WhatNext
from edge.core.entitlements import Question

ADULT = "adult"
ANSWER_CHARS_MAX = 500
NUMBER_CHARS_MAX = 15

_CONFIRM = WhatNext(act=Act.CONFIRM)


def companion(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse a child until an adult of its party is inside or has just passed."""
    facts, party = claim.facts, claim.facts.profile.party if claim.facts.profile else None
    asked = claim.terms.companion_role
    if asked is None and facts.point.companion and party is not None:
        asked = ADULT
    if asked is None or facts.adult_inside or (party is not None and party.role == asked):
        return None
    passed_ms = facts.adult_passed_ms
    if passed_ms is not None and at_ms - passed_ms <= facts.point.companion_s_max * 1_000:
        return None
    return Failure(reason=Reason.COMPANION_REQUIRED, next=WhatNext(act=Act.ADULT_FIRST))


def age(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse who is known to be too young; where the age band leaves it open, staff ask once a day."""
    needed = age_min(claim) or 0
    youngest, oldest = ages(claim.facts.profile.age_band if claim.facts.profile else None)
    if youngest >= needed:
        return None
    if oldest is not None and oldest < needed:
        return Failure(reason=Reason.AGE_MIN, next=SEE_STAFF)
    if _confirmed(claim, "age", needed, at_ms=at_ms):
        return None
    return Failure(reason=Reason.AGE_CONFIRM, next=_CONFIRM)


def height(claim: Claim, at_ms: int) -> Failure | None:
    """Refuse who is known to be too small, whatever anybody says; unknown heights are measured once a day."""
    needed = height_cm_min(claim) or 0
    known = claim.facts.profile.height_cm if claim.facts.profile else None
    if known is not None:
        return None if known >= needed else Failure(reason=Reason.HEIGHT_MIN, next=SEE_STAFF)
    if _confirmed(claim, "height", needed, at_ms=at_ms):
        return None
    return Failure(reason=Reason.HEIGHT_CONFIRM, next=_CONFIRM)


def questions(claim: Claim, at_ms: int) -> Failure | None:
    """Ask what is still open; an answer that does not fit its question is none."""
    if all(_has_answer(claim, question) for question in claim.terms.questions if question.required):
        return None
    return Failure(reason=Reason.ANSWERS_REQUIRED, next=WhatNext(act=Act.ANSWER))


def answered(claim: Claim) -> tuple[str, ...]:
    """Return the questions of a right that have a fitting answer, as ``entitlement/question``."""
    return tuple(_key(claim, question) for question in claim.terms.questions if _has_answer(claim, question))


def age_min(claim: Claim) -> int | None:
    """Return the age that point and right ask for together."""
    return _stricter(claim.terms.age_min, claim.facts.point.age_min)


def height_cm_min(claim: Claim) -> int | None:
    """Return the height that point and right ask for together."""
    return _stricter(claim.terms.height_cm_min, claim.facts.point.height_cm_min)


def _stricter(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def ages(age_band: str | None) -> tuple[int, int | None]:
    """Youngest and oldest age of ``8-11`` or ``18+``; what cannot be read tells nothing."""
    youngest, dash, oldest = (age_band or "").rstrip("+").partition("-")
    if not _is_number(youngest) or (dash and not _is_number(oldest)):
        return 0, None
    if (age_band or "").endswith("+"):
        return int(youngest), None
    return int(youngest), int(oldest or youngest)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= NUMBER_CHARS_MAX


def _confirmed(claim: Claim, what: str, needed: int, *, at_ms: int) -> bool:
    """By staff for this tap, or for as much at any point of this day."""
    if what in claim.facts.confirmed:
        return True
    known = claim.facts.held.confirmed
    return bool(known) and any(
        seen.what == what and seen.least >= needed and seen.day == date_text(claim.day(at_ms))
        for seen in known
    )


def _key(claim: Claim, question: Question) -> str:
    return f"{claim.entitlement.id}/{question.id}"


def _has_answer(claim: Claim, question: Question) -> bool:
    answer = claim.facts.answers.get(question.id)
    if answer is not None and fits(question, answer):
        return True
    return bool(claim.facts.answered) and _key(claim, question) in claim.facts.answered


def fits(question: Question, answer: str) -> bool:
    """Return whether an answer can be one to its question."""
    match question.kind:
        case "text":
            return bool(answer.strip()) and len(answer) <= ANSWER_CHARS_MAX
        case "number":
            return _is_number(answer.removeprefix("-").replace(".", "", 1))
        case "choice":
            return answer in question.choices
        case "yes_no":
            return answer in ("yes", "no")
        case _:
            return False
