"""JSON logic: judges a rule as CEL would, in nothing but Python, where the CEL library is not to be had."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from edge.core.facts import Fact
from edge.rules.grammar import INT_MAX, Logic

ERRORS = (ArithmeticError, LookupError, TypeError)
"""What a rule may run into; beside ``and`` and ``or`` another operand may settle it all the same."""


def evaluate(logic: Logic, facts: Mapping[str, Fact]) -> Fact:
    """Return what a rule says; raise the error that CEL would raise."""
    if isinstance(logic, list):
        return [evaluate(one, facts) for one in logic]  # type: ignore[misc]  # of texts or of numbers
    if not isinstance(logic, dict):
        return logic
    ((name, given),) = logic.items()
    if name == "var":
        return facts[str(given)]
    operands: list[Logic] = list(given) if isinstance(given, list) else [given]
    if name == "has":
        return operands[0] in facts
    if name in ("and", "or"):
        return _settled(operands, facts, by=name == "or")
    if name == "if":
        asked, yes, no = operands
        return evaluate(yes if _sure(evaluate(asked, facts)) else no, facts)
    return _CALLS[name](*(evaluate(one, facts) for one in operands))


def _settled(operands: list[Logic], facts: Mapping[str, Fact], *, by: bool) -> bool:
    """``or`` is settled by one true, ``and`` by one false, whatever the others run into."""
    failure: Exception | None = None
    for one in operands:
        try:
            if _sure(evaluate(one, facts)) is by:
                return by
        except ERRORS as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return not by


def _sure(value: Fact) -> bool:
    if not isinstance(value, bool):
        raise TypeError("only true or false will do")
    return value


def _same(one: Fact, other: Fact) -> bool:
    """Equal and of one kind: true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and one == other


def _in(one: Fact, many: Fact) -> bool:
    if not isinstance(many, list):
        raise TypeError("in asks a list")
    return any(_same(one, other) for other in many)


def _ordered(compare: Callable[[object, object], bool]) -> Callable[[Fact, Fact], bool]:
    def judged(one: Fact, other: Fact) -> bool:
        if type(one) is not type(other) or isinstance(one, list):
            raise TypeError("these have no order")
        return compare(one, other)

    return judged


def _counted(count: Callable[[int, int], int]) -> Callable[[Fact, Fact], int]:
    def counted(one: Fact, other: Fact) -> int:
        if type(one) is not int or type(other) is not int:
            raise TypeError("only whole numbers are counted with")
        found = count(one, other)
        if not -INT_MAX - 1 <= found <= INT_MAX:
            raise OverflowError("beyond 64 bits")
        return found

    return counted


_plus = _counted(operator.add)


def _added(one: Fact, other: Fact) -> Fact:
    if isinstance(one, str) and isinstance(other, str):
        return one + other
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    return _plus(one, other)


def _quotient(one: int, other: int) -> int:
    """Divide towards zero, as CEL does."""
    whole = abs(one) // abs(other)
    return whole if (one < 0) == (other < 0) else -whole


def _size(value: Fact) -> int:
    """Count entries, or the bytes of a text: so does the CEL library."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return len(value)
    raise TypeError("this has no size")


def _at(many: Fact, place: Fact) -> Fact:
    if not isinstance(many, list) or type(place) is not int:
        raise TypeError("only a list has places, and they are numbers")
    if place < 0:
        raise IndexError("no place before the first")
    return many[place]


def _texts(ask: Callable[[str, str], bool]) -> Callable[[Fact, Fact], bool]:
    def asked(one: Fact, other: Fact) -> bool:
        if not isinstance(one, str) or not isinstance(other, str):
            raise TypeError("this is asked of texts")
        return ask(one, other)

    return asked


_CALLS: Mapping[str, Callable[..., Fact]] = {
    "==": _same,
    "!=": lambda one, other: not _same(one, other),
    "<": _ordered(operator.lt),  # type: ignore[arg-type]  # of two of one kind
    "<=": _ordered(operator.le),  # type: ignore[arg-type]  # as above
    ">": _ordered(operator.gt),  # type: ignore[arg-type]  # as above
    ">=": _ordered(operator.ge),  # type: ignore[arg-type]  # as above
    "in": _in,
    "+": _added,
    "-": _counted(operator.sub),
    "*": _counted(operator.mul),
    "/": _counted(_quotient),
    "%": _counted(lambda one, other: one - _quotient(one, other) * other),
    "!": lambda one: not _sure(one),
    "size": _size,
    "at": _at,
    "startsWith": _texts(str.startswith),
    "endsWith": _texts(str.endswith),
    "contains": _texts(operator.contains),
}
