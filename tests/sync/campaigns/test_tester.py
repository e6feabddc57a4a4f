"""Tester of rules: what a rule says of invented guests, which condition decided it, and what is refused."""

from __future__ import annotations

import pytest

from edge.errors import Refused
from edge.rules import RuleRefused, compile_offer_rule
from edge.rules.grammar import parse
from sync.central.campaigns.tester import EXAMPLES, Says, context_of, tried, written

RULE = '"behaviour:weekly" in guest.segments && (guest.visits > 10 || has(guest.birthday))'


def test_each_guest_gets_an_answer_and_each_condition_its_own() -> None:
    told = {one.guest: one for one in tried(RULE, EXAMPLES)}
    assert {name: one.says for name, one in told.items()} == {
        "first": Says.NO, "weekly": Says.YES, "family": Says.NO, "lapsing": Says.NO, "stranger": Says.MISSING,
    }  # fmt: skip
    assert [(one.text, one.says) for one in told["weekly"].clauses] == [
        ('"behaviour:weekly" in guest.segments', Says.YES),
        ("guest.visits > 10", Says.YES),
        ("has(guest.birthday)", Says.NO),
    ]
    assert told["weekly"].clauses[1].known == "guest.visits = 40"
    assert told["stranger"].detail == "guest.segments"


def test_an_answer_is_the_one_that_a_kiosk_comes_to() -> None:
    """A missing field says no even where the other half would have said yes: so does the edge."""
    (one,) = tried('guest.visits > 1 || point.kind == "kiosk"', {"stranger": EXAMPLES["stranger"]})
    assert (one.says, one.detail) == (Says.MISSING, "guest.visits")
    assert [clause.says for clause in one.clauses] == [Says.MISSING, Says.YES]


def test_an_error_is_told_as_one() -> None:
    (one,) = tried("1 / guest.points > 2", {"first": EXAMPLES["first"]})
    assert (one.says, one.detail) == (Says.FAILED, "ZeroDivisionError")


@pytest.mark.parametrize("rule", ["guest.visits >", "guest.money > 1", "guest.visits + 1"])
def test_what_is_no_rule_is_refused_with_its_place(rule: str) -> None:
    with pytest.raises(RuleRefused):
        tried(rule, EXAMPLES)


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        '!guest.tier.startsWith("g") && size(guest.segments) == 1',
        'guest.segments[0] == "a" || guest.first_visit == true',
        "now.weekday in [5, 6] ? guest.points >= 100 : now.minute % 60 != 0",
        '-guest.points < 3 && guest.tier.contains("\\"")',
    ],
)
def test_what_is_written_again_means_the_same(rule: str) -> None:
    logic = parse(rule)
    assert parse(written(logic)) == logic
    compile_offer_rule(written(logic))


def test_a_context_of_ones_own_is_read_and_a_name_that_no_rule_knows_is_not() -> None:
    context = context_of('{"guest": {"visits": 3, "segments": ["interest:coffee"]}}')
    (one,) = tried("guest.visits == 3", {"pasted": context})
    assert one.says is Says.YES
    with pytest.raises(Refused, match=r"guest\.email"):
        context_of('{"guest": {"email": "x"}}')
    with pytest.raises(Refused, match="no context"):
        context_of('{"guest": {"visits": "many"}}')
