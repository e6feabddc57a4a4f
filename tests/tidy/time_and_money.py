"""Time comes from one file, and money is never a float."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.source import Finding, Source, python
from tests.tidy.words import words

CLOCK = "edge/clock.py"
WALL_CALLS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
WALL_CALLS |= {
    ("time", name) for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "clock_gettime")
}
MONEY_WORDS = {"money", "minor", "amount", "price", "balance"}
MONEY_ROOMS = (
    "edge/core/money",
    "edge/core/lease",
    "edge/core/offers",
    "edge/core/payment",
    "sync/central/ledger",
    "sync/central/psp",
)


def one_clock(sources: Iterable[Source]) -> Iterator[Finding]:
    """The wall clock is read in edge/clock.py only; monotonic time is free."""
    for source in python(sources):
        if source.path == CLOCK:
            continue
        for node in source.nodes:
            name = wall_clock(node)
            if name:
                yield from source.find(
                    node, "clock", f"{name} reads the wall clock: take the time as an argument"
                )


def wall_clock(node: ast.AST) -> str:
    """The call or import by which a node reads wall time, or nothing."""
    match node:
        case ast.Attribute(attr=attr, value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
            return f"{owner}.{attr}" if (owner, attr) in WALL_CALLS else ""
        case ast.ImportFrom(module="time", names=names):
            wanted = [alias.name for alias in names if ("time", alias.name) in WALL_CALLS]
            return f"from time import {wanted[0]}" if wanted else ""
    return ""


def no_float_money(sources: Iterable[Source]) -> Iterator[Finding]:
    """Whole minor units: no float literal, type, division or rounding near money."""
    for source in python(sources):
        in_money_room = source.path.startswith(MONEY_ROOMS)
        for node in source.nodes:
            if (in_money_room and is_float(node)) or floats_money(node):
                advice = "money is whole minor units: use Money, // and divmod, never a float"
                yield from source.find(node, "float-money", advice)


def is_float(node: ast.AST) -> bool:
    """A float literal, the float type, or true division."""
    match node:
        case ast.Constant(value=float()) | ast.Name(id="float") | ast.BinOp(op=ast.Div()):
            return True
    return False


def floats_money(node: ast.AST) -> bool:
    """An expression or annotation in which money and a float meet."""
    match node:
        case ast.AnnAssign(target=target, annotation=annotation):
            return speaks_of_money(target) and holds_float(annotation)
        case ast.arg(arg=name, annotation=ast.AST() as annotation):
            return is_money_name(name) and holds_float(annotation)
        case ast.BinOp(left=left, right=right, op=op):
            return (speaks_of_money(left) or speaks_of_money(right)) and (
                isinstance(op, ast.Div) or is_float(left) or is_float(right)
            )
        case ast.Call(func=ast.Name(id="Money"), args=args, keywords=keywords):
            return any(holds_float(part) for part in (*args, *(keyword.value for keyword in keywords)))
        case ast.Call(func=ast.Name(id="float" | "round"), args=[first, *_]):
            return speaks_of_money(first)
    return False


def holds_float(node: ast.AST) -> bool:
    """Whether a float is anywhere inside."""
    return any(is_float(inner) for inner in ast.walk(node))


def speaks_of_money(node: ast.AST) -> bool:
    """Whether the node itself names money: a name, an attribute, a call of one."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return is_money_name(name)
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return speaks_of_money(inner)
    return False


def is_money_name(name: str) -> bool:
    """Whether one of the name's words is of money."""
    return bool(MONEY_WORDS & set(words(name)))
