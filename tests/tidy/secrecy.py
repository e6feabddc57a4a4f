"""The two rules that no linter has: secrets are compared in constant time and never written down."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.source import Finding, Source, python
from tests.tidy.words import words

COMPARED = {"secret", "mac", "cmac", "hmac", "pin", "token", "password", "passcode"}
WRITTEN = {"key", "secret", "token", "password", "passcode"}
LABEL_CHARS_MAX = 24
"""A short plain word assigned to a key is the name of a column or header; longer, or bytes, is a key."""


def constant_time(sources: Iterable[Source]) -> Iterator[Finding]:
    """No == or != on a secret, MAC, PIN, token."""
    for source in python(sources):
        for node in source.nodes:
            if isinstance(node, ast.Compare) and leaks_by_time(node):
                advice = "== tells by its time how much was right: use hmac.compare_digest"
                yield from source.find(node, "secret-compare", advice)


def leaks_by_time(node: ast.Compare) -> bool:
    """Whether a secret is compared by value with something that is not plainly empty or a number."""
    sides = [node.left, *node.comparators]
    pairs = zip(node.ops, sides, sides[1:], strict=False)
    return any(
        isinstance(op, ast.Eq | ast.NotEq)
        and (is_secret(left) or is_secret(right))
        and not (is_harmless(left) or is_harmless(right))
        for op, left, right in pairs
    )


def is_secret(node: ast.AST) -> bool:
    """Whether the last word of a name, attribute or call is a secret's."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return words(name)[-1:] != [] and words(name)[-1] in COMPARED
        case ast.Call(func=ast.Name() | ast.Attribute() as called):
            return is_secret(called)
        case ast.Subscript(value=inner):
            return is_secret(inner)
    return False


def is_harmless(node: ast.AST) -> bool:
    """Empty, None, a flag or a number: nothing to learn from the time it takes."""
    return isinstance(node, ast.Constant) and (not node.value or isinstance(node.value, int | float))


def no_written_secret(sources: Iterable[Source]) -> Iterator[Finding]:
    """No literal assigned to a name like key, secret, token, password."""
    for source in python(sources):
        enums = {id(line) for node in source.nodes if _is_enum(node) for line in ast.iter_child_nodes(node)}
        for node in source.nodes:
            if id(node) in enums:
                continue
            for name, value in assigned(node):
                if is_written_secret(name, value):
                    advice = f"{name} holds a literal: secrets come from the vault or the configuration"
                    yield from source.find(node, "secret-literal", advice)


def assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Each name and the value it is given by an assignment, a default or a keyword."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((name, value) for target in targets if (name := _last_name(target)))
        case ast.AnnAssign(target=target, value=ast.expr() as value) if name := _last_name(target):
            yield name, value
        case ast.keyword(arg=str() as name, value=value):
            yield name, value
        case ast.arguments(kwonlyargs=names, kw_defaults=values):
            yield from ((name.arg, value) for name, value in zip(names, values, strict=True) if value)


def is_written_secret(name: str, value: ast.expr) -> bool:
    """A name that ends in a secret's word, with text or bytes that could be one."""
    if not words(name) or words(name)[-1] not in WRITTEN or not isinstance(value, ast.Constant):
        return False
    match value.value:
        case bytes() as octets:
            return len(octets) >= 8
        case str() as text:
            return len(text) > LABEL_CHARS_MAX or (len(text) >= 8 and any(sign.isdigit() for sign in text))
    return False


def _is_enum(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases)


def _last_name(target: ast.AST) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
