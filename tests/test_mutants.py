"""The hunt for unnoticed changes: a change is seen by tests that look, and by those alone."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.__main__ import sample
from tests.mutants.changes import Mutant, changed, changes_of, lines_of, mutants, told
from tests.mutants.hunt import is_noticed

MONEY = "edge/core/money.py"
TESTS = ["tests/core/test_money.py"]
ANOTHER_RUN = pytest.mark.timeout(60)
"""Starts a pytest of its own."""


def planted(change: str) -> Mutant:
    """The one change of the rulebook's money that reads like this."""
    (found,) = (one for one in mutants(MONEY) if told(one).endswith(change))
    return found


@ANOTHER_RUN
def test_a_sum_that_takes_away_is_noticed() -> None:
    assert is_noticed(planted("self.minor + _same(self, other)  ->  self.minor - _same(self, other)"), TESTS)


@ANOTHER_RUN
def test_what_makes_no_difference_is_not() -> None:
    """The control: nothing fails by being imported changed. Half of nothing has no sign to get wrong."""
    assert not is_noticed(planted("dividend < 0  ->  dividend <= 0"), TESTS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a < b", ["a <= b"]),
        ("a is not b", ["a is b"]),
        ("a and b", ["a or b", "b and b", "a and a"]),
        ("a or b or c", ["a and b and c", "b or c", "a or c", "a or b"]),
        ("a + b", ["a - b"]),
        ("not a", ["not not a"]),
        ("7", ["8"]),
        ("True", ["False"]),
        ("a if b else c", ["a if False else c"]),
        ("a < b < c", []),
        ("'a'", []),
    ],
)
def test_what_a_tired_hand_makes_of(before: str, after: list[str]) -> None:
    made = []
    for number in range(len(changes_of(ast.parse(before, mode="eval").body))):
        node = ast.parse(before, mode="eval").body
        for name, value in changes_of(node)[number].items():
            setattr(node, name, value)
        made.append(ast.unparse(node))
    assert made == after


def test_a_sample_can_be_drawn_again_and_each_of_it_compiles() -> None:
    """What does not even compile would be noticed by every test, and prove nothing."""
    drawn = sample(60, 7)
    assert drawn == sample(60, 7) != sample(60, 8)
    for one in drawn:
        assert Mutant.named(one.name) == one
        assert lines_of(one)
        compile(changed(one), one.file, "exec")
