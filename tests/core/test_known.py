"""The known cases come out as they must, and otherwise as soon as the rulebook is wrong."""

from __future__ import annotations

import pytest

from edge.core import checks
from edge.core.known import ANSWERS, RULE, judged
from edge.rules import rule_or_broken

RULES = {RULE.cel: rule_or_broken(RULE.cel)}


def changed() -> set[str]:
    found = judged(RULES)
    return {name for name, answer in ANSWERS.items() if found[name] != answer}


def test_known_cases_come_to_their_answers() -> None:
    assert judged(RULES) == ANSWERS


def test_rulebook_that_takes_any_band_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.core.entry.identity.failures", lambda facts: ())
    assert {"a revoked band", "a band that proves less than it must"} <= changed()


def test_rulebook_that_checks_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    off = tuple((lambda claim, now_ms: None, timely, asks) for _, timely, asks in checks.CHECKS)
    monkeypatch.setattr(checks, "CHECKS", off)
    assert changed() == {"a ticket of tomorrow", "a ticket that is used up"}


def test_rulebook_that_hears_no_operator_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.core.checks.rules.failures", lambda claim: [])
    assert changed() == {"a rule that forbids"}


def test_rule_that_does_not_compile_forbids() -> None:
    assert judged({RULE.cel: rule_or_broken("tier ==")})["a rule that permits"] != "granted"
