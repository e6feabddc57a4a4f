"""Docstrings and types: one sentence per file, a word for each public thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.tidy.source import Finding, Function, Source, python

NO_END = r"(?<!e\.g\.)(?<!i\.e\.)(?<!cf\.)(?<!vs\.)"
SENTENCE_END = re.compile(NO_END + r"""(?<=[.!?])["')`]*\s+(?=[A-Z`"'(*0-9])""")


def module_sentence(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each file opens with exactly one sentence."""
    for source in python(sources):
        text = ast.get_docstring(source.nodes[0]) or ""  # type: ignore[arg-type]  # the first node is the module
        count = len(sentences(text))
        if count != 1 or not text.rstrip().endswith((".", "!", "?")):
            advice = f"the module docstring has {count} sentences; say the file's one noun in one"
            yield Finding(source.path, 1, "module-sentence", advice)


def sentences(text: str) -> list[str]:
    """The sentences of a docstring; a list after a colon belongs to its sentence."""
    return [part for part in SENTENCE_END.split(text.strip()) if part]


def docstrings(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each public class and function says what it is."""
    for source in python(sources):
        for node in public(source.nodes[0]):
            if not ast.get_docstring(node):
                yield from source.find(
                    node, "docstring", f"{node.name} says nothing: one sentence, what it promises"
                )


def public(parent: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """Public classes, functions and methods; what hides inside a function is private."""
    for node in _definitions(parent):
        if node.name.startswith("_") or _is_overload(node):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public(node)


def _definitions(parent: ast.AST) -> Iterator[Function | ast.ClassDef]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function | ast.ClassDef):
            yield node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _definitions(node)


def _is_overload(node: Function | ast.ClassDef) -> bool:
    return any(ast.unparse(mark).split(".")[-1] == "overload" for mark in node.decorator_list)


def typed(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each argument and each answer has a type."""
    for source in python(sources):
        for function in source.functions:
            bare = list(untyped(function))
            if bare:
                yield from source.find(function, "typed", f"{function.name}: no type for {', '.join(bare)}")


def untyped(function: Function) -> Iterator[str]:
    """The names of arguments without a type, and `return`."""
    names = function.args
    every = (*names.posonlyargs, *names.args, *names.kwonlyargs, names.vararg, names.kwarg)
    for place, argument in enumerate(every):
        if argument and not argument.annotation and not (place == 0 and argument.arg in ("self", "cls")):
            yield argument.arg
    if function.returns is None:
        yield "return"
