"""Names that say nothing, and the better word for each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.tidy.source import REASON_CHARS_MIN, Finding, Source, python

BETTER = {
    "manager": "what it does: keeper, supervisor, desk, pool",
    "helper": "the noun it helps with",
    "helpers": "the noun they help with",
    "util": "the noun it works on",
    "utils": "the noun they work on",
    "misc": "two files with a noun each",
    "data": "what it holds: rows, bytes, profile, answer",
    "info": "what is told: state, details, summary",
    "process": "a verb of the floor: decide, record, send; or worker, service, run",
    "user": "guest, staff or operator",
}
NOQA = re.compile(r"noqa: ?[A-Z0-9, ]+")
TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def banned_words(sources: Iterable[Source]) -> Iterator[Finding]:
    """Files, classes and functions never hold a banned word; other names are never one alone."""
    for source in python(sources):
        for word in words(PurePosixPath(source.path).stem):
            if word in BETTER:
                yield Finding(
                    source.path, 1, "banned-word", f"file name has '{word}'; better: {BETTER[word]}"
                )
        for node, name, everywhere in names(source):
            for word in banned(name, everywhere=everywhere):
                yield from source.find(node, "banned-word", f"'{name}' has '{word}'; better: {BETTER[word]}")


def banned(name: str, *, everywhere: bool) -> list[str]:
    """The banned words of a name; a variable may hold one beside others, and a process is a thing there."""
    found = [word for word in words(name) if word in BETTER]
    if everywhere:
        return found
    return [word for word in found if word == "user" or (name == word and word != "process")]


def words(name: str) -> list[str]:
    """The words of a name, snake or camel, in small letters."""
    return [token.lower() for token in TOKEN.findall(name)]


def names(source: Source) -> Iterator[tuple[ast.AST, str, bool]]:
    """Each name that a file gives, and whether a banned word is wrong anywhere inside it."""
    for node in source.nodes:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node, name, True
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield node, name, False
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node, name, False


def broad_except(sources: Iterable[Source]) -> Iterator[Finding]:
    """Who catches everything raises it again or says why beside it."""
    for source in python(sources):
        for node in source.nodes:
            if not isinstance(node, ast.ExceptHandler) or not _is_broad(node):
                continue
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if not raises and not says_why(source, node.lineno):
                advice = "catches everything: name the error, raise again, or say why beside it"
                yield from source.find(node, "broad-except", advice)


def says_why(source: Source, line: int) -> bool:
    """Whether a comment with words stands on the line or right below it."""
    on_it, below = [*source.lines[line - 1 : line + 1], ""][:2]
    comments = [on_it.partition("#")[2], below.strip()[1:] if below.strip().startswith("#") else ""]
    return any(len(NOQA.sub("", comment).strip(" -#")) >= REASON_CHARS_MIN for comment in comments)


def _is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
