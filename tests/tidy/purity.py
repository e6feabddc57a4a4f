"""The rulebook holds values it can name and imports nothing that has a clock, a file or a dice."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.source import Finding, Source, python

CORE = "edge/core/"
PURE = frozenset(
    [
        "__future__",
        "abc",
        "base64",
        "bisect",
        "calendar",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "itertools",
        "json",
        "math",
        "msgspec",
        "operator",
        "re",
        "statistics",
        "string",
        "struct",
        "types",
        "typing",
        "unicodedata",
        "uuid",
        "zoneinfo",
    ]
)


def pure_imports(sources: Iterable[Source]) -> Iterator[Finding]:
    """Beside the import contracts an allow-list: what nobody thought of is forbidden too."""
    for source in _core(sources):
        for node in source.nodes:
            for name in imported(node):
                if name.partition(".")[0] not in PURE and not name.startswith("edge.core"):
                    advice = f"imports {name}: take what it gives as an argument"
                    yield from source.find(node, "pure-core", advice)


def imported(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module="edge", names=names):
            return [f"edge.{alias.name}" for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def no_any_in_core(sources: Iterable[Source]) -> Iterator[Finding]:
    """The rulebook knows what it holds."""
    for source in _core(sources):
        for node in source.nodes:
            if isinstance(node, ast.alias) and node.name in ("Any", "typing.Any"):
                yield from source.find(node, "any-in-core", "name the type; core speaks in structs and enums")


def _core(sources: Iterable[Source]) -> list[Source]:
    return [source for source in python(sources) if source.path.startswith(CORE)]
