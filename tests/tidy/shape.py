"""Lengths, parameters and branches: a limit that hurts is a message about the cut."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.source import Finding, Function, Source, python

FILE_LINES_MAX = 350
FUNCTION_LINES_MAX = 40
FUNCTION_LINES_P95_MAX = 25
PARAMETERS_MAX = 5
POSITIONAL_MAX = 3
BRANCHES_MAX = 12
BRANCHES_P95_MAX = 6
CODE = (".py", ".html", ".js", ".css", ".sql")
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)


def file_length(sources: Iterable[Source]) -> Iterator[Finding]:
    """No code file over the limit."""
    for source in sources:
        if source.path.endswith(CODE) and len(source.lines) > FILE_LINES_MAX:
            advice = f"{len(source.lines)} lines, at most {FILE_LINES_MAX}: the second noun is a file"
            yield Finding(source.path, 1, "file-length", advice)


def function_length(sources: Iterable[Source]) -> Iterator[Finding]:
    """No function body over the limit, tests included."""
    for source in python(sources, product=False):
        for function in source.functions:
            length = body_lines(function)
            if length > FUNCTION_LINES_MAX:
                advice = f"{function.name} has {length} lines, at most {FUNCTION_LINES_MAX}: name its beats"
                yield from source.find(function, "function-length", advice)


def function_length_p95(sources: Iterable[Source]) -> Iterator[Finding]:
    """Nineteen of twenty functions of the product are short."""
    measured = [(body_lines(function), source, function) for source, function in _functions(sources)]
    yield from _over_p95(measured, FUNCTION_LINES_P95_MAX, "function-length-p95", "lines")


def parameters(sources: Iterable[Source]) -> Iterator[Finding]:
    """Few parameters, and few of them by position."""
    for source, function in _functions(sources):
        positional, total = parameter_counts(function)
        if total > PARAMETERS_MAX:
            advice = f"{function.name} takes {total} parameters, at most {PARAMETERS_MAX}: make a struct"
            yield from source.find(function, "parameters", advice)
        if positional > POSITIONAL_MAX:
            advice = f"{function.name} takes {positional} by position, at most {POSITIONAL_MAX}: add a *"
            yield from source.find(function, "positional", advice)


def branches(sources: Iterable[Source]) -> Iterator[Finding]:
    """No function with more branches than a reader can hold."""
    for source, function in _functions(sources):
        count = branch_count(function)
        if count > BRANCHES_MAX:
            advice = f"{function.name} has {count} branches, at most {BRANCHES_MAX}: make a table"
            yield from source.find(function, "branches", advice)


def branches_p95(sources: Iterable[Source]) -> Iterator[Finding]:
    """Nineteen of twenty functions of the product branch little."""
    measured = [(branch_count(function), source, function) for source, function in _functions(sources)]
    yield from _over_p95(measured, BRANCHES_P95_MAX, "branches-p95", "branches")


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (function.body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameter_counts(function: Function) -> tuple[int, int]:
    """How many by position and how many in all; self and cls are not counted."""
    names = function.args
    positional = [argument.arg for argument in (*names.posonlyargs, *names.args)]
    own = positional[1:] if positional[:1] in (["self"], ["cls"]) else positional
    rest = len(names.kwonlyargs) + bool(names.vararg) + bool(names.kwarg)
    return len(own), len(own) + rest


def branch_count(function: Function) -> int:
    """Branches of the function itself, not of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    count = 0
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        count += isinstance(node, BRANCHES)
        waiting.extend(ast.iter_child_nodes(node))
    return count


def _functions(sources: Iterable[Source]) -> Iterator[tuple[Source, Function]]:
    for source in python(sources):
        for function in source.functions:
            yield source, function


def _over_p95(
    measured: list[tuple[int, Source, Function]], limit: int, rule: str, unit: str
) -> Iterator[Finding]:
    ranked = sorted(measured, key=lambda row: row[0], reverse=True)
    allowed = len(ranked) // 20
    too_much = [row for row in ranked if row[0] > limit]
    if len(too_much) <= allowed:
        return
    for count, source, function in too_much[allowed:]:
        advice = f"{function.name} has {count} {unit}; only {allowed} functions may have over {limit}"
        yield Finding(source.path, function.lineno, rule, advice)
