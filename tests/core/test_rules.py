"""Operators' own rules: what they are told, and that they can only forbid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from edge.core.checks.rules import rules_context
from edge.core.claim import claims
from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import RuleText
from edge.core.entry import Fact, Facts, decide
from edge.core.passage import passage_of
from tests.builders import (
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    a_day_ticket,
    a_gate,
    a_moment,
    a_party,
    a_profile,
    a_slot_right,
    at,
    facts_for,
    inside,
    some_uses,
)

STAFF = WhatNext(act=Act.SEE_STAFF)
RULE = RuleText(name="before noon", cel="minute_of_day < 720")


@dataclass(frozen=True)
class Judge:
    """A rule that is a function."""

    judgement: Callable[[Mapping[str, Fact]], bool]

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        return self.judgement(context)


BEFORE_NOON = Judge(lambda context: context["minute_of_day"] < 720)  # type: ignore[operator]  # a whole number
FORBIDS = Judge(lambda context: False)
BROKEN = Judge(lambda context: context["no such name"] == 1)


def ruled(rule: Judge | None, **facts: object) -> Facts:
    rules = {RULE.cel: rule} if rule else {}
    return facts_for(a_profile(a_day_ticket(rules=(RULE,))), rules=rules, **facts)


@pytest.mark.parametrize(
    ("rule", "reason", "outcome"),
    [
        (FORBIDS, Reason.RULE_FORBIDS, Outcome.DENIED),
        (BROKEN, Reason.RULE_FAILED, Outcome.REFERRED),
        (None, Reason.RULE_FAILED, Outcome.REFERRED),
    ],
    ids=["forbids", "cannot be judged", "was never compiled"],
)
def test_a_rule_that_does_not_permit_is_named(rule: Judge | None, reason: Reason, outcome: Outcome) -> None:
    decision = decide(ruled(rule)).decision
    assert (decision.reason, decision.outcome, decision.next) == (reason, outcome, STAFF)
    assert (decision.rule, decision.failures[0].rule) == ("before noon", "before noon")


@pytest.mark.parametrize("now", ["2026-07-15 11:59", "2026-07-15 12:00"])
def test_a_rule_judges_in_the_site_s_local_time(now: str) -> None:
    permitted = decide(ruled(BEFORE_NOON, now_ms=at(now))).decision.reason is Reason.ENTERED
    assert permitted is (now < "2026-07-15 12:00")


def test_a_rule_whose_verdict_the_clock_leaves_open_is_doubted() -> None:
    facts = ruled(BEFORE_NOON, moment=a_moment(at("2026-07-15 11:59"), uncertainty_ms=2 * MINUTE_MS))
    assert decide(facts).decision.reason is Reason.CLOCK_UNTRUSTED


def test_rules_of_point_and_right_are_all_collected() -> None:
    late = RuleText(name="late", cel="late")
    facts = facts_for(
        a_profile(a_day_ticket(rules=(RULE,))),
        a_gate(rules=(late,)),
        rules={RULE.cel: FORBIDS, "late": BROKEN},
    )
    decision = decide(facts).decision
    assert [failure.rule for failure in decision.failures] == ["late", "before noon"]


def test_a_rule_never_permits_what_typed_rules_forbid() -> None:
    permits = Judge(lambda context: True)
    facts = facts_for(
        a_profile(a_day_ticket(rules=(RULE,), valid_until_ms=NOW_MS)), rules={RULE.cel: permits}
    )
    assert decide(facts).decision.reason is Reason.TOO_LATE


def context_of(facts: Facts) -> dict[str, Fact]:
    (claim,) = claims(facts, passage_of(facts))
    return rules_context(claim, facts.moment.now_ms)


def test_a_guest_s_context_is_complete_and_impersonal() -> None:
    profile = a_profile(
        name="Anna", party=a_party(), tags=("vip",), tier="gold", age_band="30-39", guest="guest-1"
    )
    yesterday = at("2026-07-14 12:00")
    facts = facts_for(profile, uses=some_uses(yesterday, NOW_MS - HOUR_MS), location=inside())
    assert context_of(facts) == {
        "entries_today": 1,
        "entries_total": 2,
        "since_first_s": 22 * 3_600,
        "since_last_s": 3_600,
        "weekday": 2,
        "minute_of_day": 600,
        "local_date": "2026-07-15",
        "zone": "park",
        "gate": "north",
        "product": "day",
        "tags": ["vip"],
        "tier": "gold",
        "age_band": "30-39",
        "party_size": 4,
        "inside": True,
        "trust": 2,
    }


def test_a_newcomer_s_context_has_every_name_too() -> None:
    context = context_of(facts_for(a_profile(a_slot_right())))
    assert context.keys() == context_of(facts_for()).keys()
    absent = {name for name, value in context.items() if value is None}
    assert absent == {"since_first_s", "since_last_s", "age_band", "party_size"}


def test_the_names_are_those_that_operators_rules_are_checked_against() -> None:
    from edge.rules import NAMES  # the room of the CEL library; here only its list of names

    assert context_of(facts_for()).keys() == NAMES
