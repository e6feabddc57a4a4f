"""Rules of offers: compiled when a bundle arrives, and the same on every platform."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from edge.core.facts import Fact, Rule
from edge.core.offers.context import FIELDS
from edge.rules.grammar import Logic, parse
from edge.rules.logic import evaluate
from edge.rules.refusal import RuleRefused

if TYPE_CHECKING:
    from cel import Context, Program

OFFER_RULE_CHARS_MAX = 1_000
"""Longer texts are refused."""
COMPILED_MAX = 1_024
"""Compiled rules kept per process: a few bundles of 200."""
ANSWERS = frozenset(("and", "or", "!", "==", "!=", "<", "<=", ">", ">=", "in", "has"))
ANSWERS_OF_TEXTS = frozenset(("startsWith", "endsWith", "contains"))
PARTS = sorted({name.partition(".")[0] for name in FIELDS})


class _Asked:
    """The fields that a rule asks for: without one of them it is not judged, and the missing one is named."""

    def __init__(self, logic: Logic) -> None:
        self.fields = tuple(dict.fromkeys(_fields(logic)))

    def check(self, facts: Mapping[str, Fact]) -> None:
        for field in self.fields:
            if field not in facts:
                raise KeyError(field)


class LogicRule:
    """A rule of an offer as JSON logic, for platforms without the CEL library."""

    def __init__(self, logic: Logic) -> None:
        """Keep the logic and what it asks for."""
        self._logic, self._asked = logic, _Asked(logic)

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Return whether the offer may be made; raise KeyError with the field that is not known."""
        self._asked.check(context)
        return evaluate(self._logic, context) is True


class OfferRule:
    """A rule of an offer as a CEL program."""

    def __init__(self, program: Program, logic: Logic) -> None:
        """Keep the program and what it asks for."""
        self._program, self._asked = program, _Asked(logic)

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Return whether the offer may be made; raise KeyError with the field that is not known."""
        self._asked.check(context)
        try:
            return self._program.execute(_PREPARED.of(context)) is True
        except RuntimeError as error:  # what it calls a function that is not there is one for other types
            raise TypeError(str(error)) from error


class _Prepared:
    """The last context in CEL's own form: 200 rules of one choice are asked with one."""

    def __init__(self) -> None:
        self._last: tuple[Mapping[str, Fact], Context] | None = None

    def of(self, facts: Mapping[str, Fact]) -> Context:
        """Return the prepared context of these very facts, which nobody changes any more."""
        last = self._last  # read once: another thread may put its own there
        if last is not None and last[0] is facts:
            return last[1]
        from cel import Context  # late: it costs a third of a second and only rules need it

        parts: dict[str, dict[str, Fact]] = {part: {} for part in PARTS}
        for name, value in facts.items():
            part, _, field = name.partition(".")
            parts[part][field] = value
        prepared = Context(variables=parts)
        self._last = (facts, prepared)
        return prepared


_PREPARED = _Prepared()


@functools.lru_cache(maxsize=COMPILED_MAX)
def compile_offer_rule(text: str) -> Rule:
    """Return the rule of a CEL text; raise ``RuleRefused`` with the place of what is wrong.

    Where the CEL library is not to be had the same text is judged as JSON logic, with the same answers.
    """
    logic = offer_logic(text)
    return LogicRule(logic) if find_spec("cel") is None else cel_rule(text, logic)


def offer_logic(text: str) -> Logic:
    """Return a rule's logic, if it may be one at all."""
    if len(text) > OFFER_RULE_CHARS_MAX:
        raise RuleRefused(f"The rule is {len(text)} characters long; {OFFER_RULE_CHARS_MAX} are allowed.")
    logic = parse(text)
    if not _answers(logic):
        raise RuleRefused("The rule must answer true or false.")
    return logic


@functools.lru_cache(maxsize=COMPILED_MAX)
def parts_named(text: str) -> frozenset[str]:
    """Return the parts of the context that a rule names, also where it only asks whether they are known.

    Raise ``RuleRefused`` as ``compile_offer_rule`` does.
    """
    return frozenset(name.partition(".")[0] for name in fields_named(offer_logic(text)))


def fields_named(logic: Logic) -> frozenset[str]:
    """Return the fields that a rule's logic names, also where it only asks whether they are known."""
    return frozenset(_fields(logic, has=True))


def cel_rule(text: str, logic: Logic) -> OfferRule:
    """Return the rule as a CEL program."""
    from cel import compile as compile_cel  # late, as above

    try:
        return OfferRule(compile_cel(text), logic)
    except (ValueError, RuntimeError, TypeError) as error:
        raise RuleRefused(f"The rule cannot be read: {str(error).splitlines()[0]}") from error


def _answers(logic: Logic) -> bool:
    """Whether it answers true or false, as far as its form tells."""
    if not isinstance(logic, dict):
        return isinstance(logic, bool)
    ((name, given),) = logic.items()
    if name == "if" and isinstance(given, list):
        return all(_answers(one) for one in given[1:])
    return name in ANSWERS or name in ANSWERS_OF_TEXTS or given == "guest.first_visit"


def _fields(logic: Logic, *, has: bool = False) -> Iterator[str]:
    """Yield the fields that are asked for; ``has``: those as well that may be unknown to it."""
    if isinstance(logic, list):
        for one in logic:
            yield from _fields(one, has=has)
    elif isinstance(logic, dict):
        for name, given in logic.items():
            if name == "var":
                yield str(given)
            elif name != "has":
                yield from _fields(given, has=has)
            elif has and isinstance(given, list):
                yield from map(str, given)
