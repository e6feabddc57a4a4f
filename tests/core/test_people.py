"""People: companion, age, height, questions, confirmation in person."""

from __future__ import annotations

import pytest

from edge.core.checks.people import ANSWER_CHARS_MAX, NUMBER_CHARS_MAX
from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Question, Redemption
from edge.core.entry import Facts, decide
from edge.core.held import Confirmed, Held
from tests.builders import (
    NOW_MS,
    SECOND_MS,
    a_day_ticket,
    a_gate,
    a_party,
    a_profile,
    an_attraction,
    facts_for,
    inside,
)

CHILD = a_party(role="child")
CONFIRM = WhatNext(act=Act.CONFIRM)
STAFF = WhatNext(act=Act.SEE_STAFF)
ADULT_FIRST = WhatNext(act=Act.ADULT_FIRST)
RIDE = {"location": inside()}


def child(**facts: object) -> Facts:
    point = an_attraction(companion=True, companion_s_max=300)
    return facts_for(a_profile(party=CHILD), point, **(RIDE | facts))


def aged(age_band: str | None, **facts: object) -> Facts:
    return facts_for(a_profile(age_band=age_band), a_gate(age_min=12), **facts)


def tall(height_cm: int | None, **facts: object) -> Facts:
    return facts_for(a_profile(height_cm=height_cm), a_gate(height_cm_min=120), **facts)


def seen(what: str, least: int, day: str = "2026-07-15") -> dict[str, object]:
    return {"held": Held(confirmed=(Confirmed(what, day, least),))}


REFUSED = {
    "a child alone": (child(), Reason.COMPANION_REQUIRED, ADULT_FIRST),
    "a child long after its adult": (
        child(adult_passed_ms=NOW_MS - 301 * SECOND_MS), Reason.COMPANION_REQUIRED, ADULT_FIRST,
    ),
    "a child's right without a party": (
        facts_for(a_profile(a_day_ticket(companion_role="adult"))), Reason.COMPANION_REQUIRED, ADULT_FIRST,
    ),
    "a child's right in a child's hand": (
        facts_for(a_profile(a_day_ticket(companion_role="adult"), party=CHILD)),
        Reason.COMPANION_REQUIRED, ADULT_FIRST,
    ),
    "a right that asks for another than the point does": (
        facts_for(
            a_profile(a_day_ticket(companion_role="guide"), party=a_party(role="adult")),
            an_attraction(companion=True), **RIDE,
        ),
        Reason.COMPANION_REQUIRED, ADULT_FIRST,
    ),
    "too young": (aged("8-11"), Reason.AGE_MIN, STAFF),
    "too young to the year": (aged("11"), Reason.AGE_MIN, STAFF),
    "perhaps old enough": (aged("8-12"), Reason.AGE_CONFIRM, CONFIRM),
    "at least so old": (aged("8+"), Reason.AGE_CONFIRM, CONFIRM),
    "of unknown age": (aged(None), Reason.AGE_CONFIRM, CONFIRM),
    "of an age that cannot be read": (aged("eight"), Reason.AGE_CONFIRM, CONFIRM),
    "of half an age": (aged("8-x"), Reason.AGE_CONFIRM, CONFIRM),
    "an age seen yesterday": (aged(None, **seen("age", 18, "2026-07-14")), Reason.AGE_CONFIRM, CONFIRM),
    "an age seen to be less": (aged(None, **seen("age", 11)), Reason.AGE_CONFIRM, CONFIRM),
    "too small": (tall(119), Reason.HEIGHT_MIN, STAFF),
    "too small, whatever staff say": (
        tall(119, confirmed=frozenset({"height"})), Reason.HEIGHT_MIN, STAFF,
    ),
    "of unknown height": (tall(None), Reason.HEIGHT_CONFIRM, CONFIRM),
    "measured for a lower ride": (tall(None, **seen("height", 100)), Reason.HEIGHT_CONFIRM, CONFIRM),
    "measured for something else": (tall(None, **seen("age", 120)), Reason.HEIGHT_CONFIRM, CONFIRM),
    "right and point ask: the stricter": (
        facts_for(a_profile(a_day_ticket(height_cm_min=140), height_cm=130), a_gate(height_cm_min=120)),
        Reason.HEIGHT_MIN, STAFF,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "reason", "what_next"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(facts: Facts, reason: Reason, what_next: WhatNext) -> None:
    decision = decide(facts).decision
    assert (decision.reason, decision.next) == (reason, what_next)
    assert decision.outcome is (Outcome.REFERRED if what_next is CONFIRM else Outcome.DENIED)


ALLOWED = {
    "an adult": facts_for(a_profile(party=a_party()), an_attraction(companion=True), **RIDE),
    "a guest without a party": facts_for(a_profile(), an_attraction(companion=True), **RIDE),
    "a child whose adult is inside": child(adult_inside=True),
    "a child just after its adult": child(adult_passed_ms=NOW_MS - 300 * SECOND_MS),
    "a child where nobody asks": facts_for(a_profile(party=CHILD)),
    "an adult with a child's right": facts_for(
        a_profile(a_day_ticket(companion_role="adult"), party=a_party())
    ),
    "old enough": aged("12-17"),
    "old enough to the year": aged("12"),
    "of age": aged("18+"),
    "asked for the age now": aged(None, confirmed=frozenset({"age"})),
    "asked for the age today": aged(None, **seen("age", 12)),
    "tall enough": tall(120),
    "measured now": tall(None, confirmed=frozenset({"height"})),
    "measured today": tall(None, **seen("height", 140)),
}


@pytest.mark.parametrize("facts", ALLOWED.values(), ids=ALLOWED.keys())
def test_allows(facts: Facts) -> None:
    assert decide(facts).decision.reason is Reason.ENTERED


def test_a_height_that_staff_measured_counts_all_day_and_yesterdays_is_forgotten() -> None:
    held = Held(
        confirmed=(
            Confirmed("height", "2026-07-14", 150),
            Confirmed("height", "2026-07-15", 100),
            Confirmed("height", "2026-07-15", 120),
        )
    )
    change = decide(tall(None, held=held, confirmed=frozenset({"height", "passage"}))).change
    assert change.held is not None
    assert change.held.confirmed == (Confirmed("height", "2026-07-15", 120),)


def test_what_was_confirmed_before_of_age_and_of_more_height_is_kept_beside_it() -> None:
    known = (Confirmed("age", "2026-07-15", 12), Confirmed("height", "2026-07-15", 140))
    held = Held(confirmed=known)
    change = decide(tall(None, held=held, confirmed=frozenset({"height"}))).change
    assert change.held is not None
    assert change.held.confirmed == (*known, Confirmed("height", "2026-07-15", 120))


def test_what_staff_confirmed_where_nothing_asks_for_it_is_not_kept() -> None:
    change = decide(facts_for(confirmed=frozenset({"height"}))).change
    assert change.held is not None
    assert change.held.confirmed == ()


NAME = Question(id="name", kind="text")
COUNT = Question(id="count", kind="number")
COLOUR = Question(id="colour", kind="choice", choices=("red", "blue"))
SWIMS = Question(id="swims", kind="yes_no")
ODD = Question(id="odd", kind="colour-wheel")


@pytest.mark.parametrize(
    ("question", "good", "bad"),
    [
        (NAME, ["Anna", "x" * ANSWER_CHARS_MAX], ["", "  ", "x" * (ANSWER_CHARS_MAX + 1)]),
        (
            COUNT,
            ["0", "-3", "2.5", "9" * NUMBER_CHARS_MAX],
            ["", "two", "1.2.3", "9" * (NUMBER_CHARS_MAX + 1)],
        ),
        (COLOUR, ["red", "blue"], ["green", ""]),
        (SWIMS, ["yes", "no"], ["maybe", ""]),
        (ODD, [], ["anything"]),
    ],
    ids=lambda value: value.kind if isinstance(value, Question) else "",
)
def test_a_question_is_asked_until_its_answer_fits(
    question: Question, good: list[str], bad: list[str]
) -> None:
    profile = a_profile(a_day_ticket(questions=(question,)))
    for answer in good:
        assert decide(facts_for(profile, answers={question.id: answer})).decision.reason is Reason.ENTERED
    for answers in [{}, *({question.id: answer} for answer in bad)]:
        decision = decide(facts_for(profile, answers=answers)).decision
        assert (decision.reason, decision.next.act) == (Reason.ANSWERS_REQUIRED, Act.ANSWER)
        assert decision.outcome is Outcome.REFERRED


def test_an_optional_question_stops_nobody() -> None:
    optional = Question(id="colour", kind="choice", choices=("red",), required=False)
    facts = facts_for(a_profile(a_day_ticket(questions=(optional,))), answers={"colour": "green"})
    assert decide(facts).decision.reason is Reason.ENTERED


@pytest.mark.parametrize("by_point", [True, False])
def test_confirm_in_person_holds_the_use_and_moves_nobody_yet(by_point: bool) -> None:
    facts = facts_for(a_profile(a_day_ticket(confirm=not by_point)), a_gate(confirm=by_point))
    ruling = decide(facts)
    assert (ruling.decision.outcome, ruling.decision.reason) == (Outcome.REFERRED, Reason.CONFIRM_REQUIRED)
    assert ruling.decision.next == CONFIRM
    assert [use.redemption for use in ruling.change.uses] == [Redemption.PENDING]
    assert ruling.change.zone_deltas == ()


def test_a_confirmed_passage_counts() -> None:
    ruling = decide(facts_for(point=a_gate(confirm=True), confirmed=frozenset({"passage"})))
    assert ruling.decision.reason is Reason.ENTERED
    assert [use.redemption for use in ruling.change.uses] == [Redemption.VALID]


def test_a_special_ticket_is_green_and_staff_are_told() -> None:
    decision = decide(facts_for(a_profile(a_day_ticket(attention="Birthday: say so")))).decision
    assert (decision.reason, decision.notes) == (Reason.ENTERED, (Reason.ATTENTION,))
    assert decision.attention == "Birthday: say so"
