"""Changes that a tired hand could make: a comparison turned, a bound off by one, a condition forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.tidy.source import ROOT

TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
}  # fmt: skip
Fields = dict[str, Any]
"""What a node gets instead of what it has."""


class Mutant(NamedTuple):
    """One change: its file, its node (in the order of ``ast.walk``), which of that node's changes."""

    file: str
    node: int
    change: int

    @classmethod
    def named(cls, name: str) -> Mutant:
        """Read a name back."""
        file, node, change = name.split(":")
        return cls(file, int(node), int(change))

    @property
    def name(self) -> str:
        """How it is asked for again, as long as its file stays as it is."""
        return f"{self.file}:{self.node}:{self.change}"


def mutants(file: str) -> Iterator[Mutant]:
    """Every change inside the functions of a file; what a module only names or lists is left alone."""
    tree = _parsed(file)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(part) for one in functions for statement in one.body for part in ast.walk(statement)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in inside:
            yield from (Mutant(file, number, change) for change in range(len(changes_of(node))))


def changes_of(node: ast.AST) -> list[Fields]:
    """What can be done to a node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in TURNED:
            return [{"ops": [TURNED[type(operator)]()]}]
        case ast.BoolOp(op=operator, values=values):
            other = ast.Or() if isinstance(operator, ast.And) else ast.And()
            # A neighbour said twice, because the compiler wants two of them.
            return [{"op": other}, *({"values": _but(values, out)} for out in range(len(values)))]
        case ast.BinOp(op=operator) if type(operator) in SWAPPED:
            return [{"op": SWAPPED[type(operator)]()}]
        case ast.Constant(value=bool(value)):
            return [{"value": not value}]
        case ast.Constant(value=int(value)):
            return [{"value": value + 1}]
        case ast.If() | ast.IfExp():
            return [{"test": ast.Constant(False)}]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [{"operand": ast.UnaryOp(ast.Not(), operand)}]
    return []


def changed(mutant: Mutant) -> ast.Module:
    """The tree of a file with one change in it."""
    tree = _parsed(mutant.file)
    node = _found(tree, mutant)
    for name, value in changes_of(node)[mutant.change].items():
        setattr(node, name, value)
    return ast.fix_missing_locations(tree)


def lines_of(mutant: Mutant) -> range:
    """The lines that a change is on."""
    node = _found(_parsed(mutant.file), mutant)
    return range(node.lineno, node.end_lineno + 1)


def told(mutant: Mutant) -> str:
    """One line that says what was changed into what."""
    before, after = (_found(tree, mutant) for tree in (_parsed(mutant.file), changed(mutant)))
    was, became = (ast.unparse(node).partition("\n")[0] for node in (before, after))
    return f"{mutant.name} line {before.lineno}: {was}  ->  {became}"


def _but(values: list[ast.expr], out: int) -> list[ast.expr]:
    left = values[:out] + values[out + 1 :]
    return left if len(left) > 1 else left * 2


def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def _found(tree: ast.Module, mutant: Mutant) -> Any:
    return next(node for number, node in enumerate(ast.walk(tree)) if number == mutant.node)
