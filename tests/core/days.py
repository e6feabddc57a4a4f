"""Days of a machine drawn by dice: its own rules and laws, at a tenth of what Hypothesis takes to draw them.

Hypothesis draws the days of each save, and makes one that fails as short as it can; here their number counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getmembers
from random import Random
from typing import Any, Generic, TypeVar

from hypothesis.stateful import (
    INITIALIZE_RULE_MARKER,
    INVARIANT_MARKER,
    RULE_MARKER,
    RuleBasedStateMachine,
)

Till = TypeVar("Till", bound=RuleBasedStateMachine)
Draw = Callable[[Random], dict[str, object]]


def a_number(dice: Random, least: int, most: int) -> int:
    """Draw a whole number; every fourth lies at an end, where faults are."""
    return dice.choice((least, least + 1, most)) if dice.random() < 0.25 else dice.randint(least, most)


class Days(Generic[Till]):
    """Days at one machine; every rule of it needs a draw."""

    def __init__(self, machine: type[Till], draws: Mapping[str, Draw]) -> None:
        """Read the machine's rules and laws, and take what draws each rule's arguments."""
        self._machine, self._draws = machine, draws
        self._first = _marked(machine, INITIALIZE_RULE_MARKER)
        self._rules, self._laws = _marked(machine, RULE_MARKER), _marked(machine, INVARIANT_MARKER)

    def play(self, seed: str, steps: int) -> Till:
        """Play one day: its first rules, then so many others, and every law after each; return the machine.

        Each day leaves out some rules, as Hypothesis does, or none would come far. What breaks is raised with
        the day's steps.
        """
        dice, till, told = Random(seed), self._machine(), list[str]()  # noqa: S311 - a day is to be played again
        share = dice.uniform(0.3, 1)
        chosen = [rule for rule in self._rules if dice.random() < share] or self._rules
        try:
            for rule in self._first:
                self._act(till, rule, dice, told)
            for _ in range(steps):
                may = [rule for rule in chosen if all(true(till) for true in rule.preconditions)]
                self._act(till, dice.choice(may or self._rules), dice, told)
        except Exception as error:
            error.add_note(f"day {seed}: {'; '.join(told)}")
            raise
        return till

    def _act(self, till: Till, rule: Any, dice: Random, told: list[str]) -> None:
        name = rule.function.__name__
        drawn = self._draws[name](dice)
        told.append(f"{name}({drawn})")
        rule.function(till, **drawn)
        for law in self._laws:
            law.function(till)


def _marked(machine: type[RuleBasedStateMachine], mark: str) -> list[Any]:
    return [getattr(method, mark) for _, method in getmembers(machine) if hasattr(method, mark)]
