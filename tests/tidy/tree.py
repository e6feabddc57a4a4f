"""The tree as a visitor sees it: its top level, its leftovers, its traces of a machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.tidy.source import ROOT, Finding, Source, python
from tests.tidy.words import says_why

VISIBLE = {"pyproject.toml", "README.md", "LICENSE", "edge", "sync", "kiosk", "hardware", "tests"}
OWN_RULES = "tests/tidy/"
"""The rules must spell what they forbid."""
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|Users|home/\w+|mnt)/|" + re.escape(str(ROOT)) + r"\b")
INDEX = re.compile(r"--(?:extra-)?index-url|PIP_INDEX_URL|\[\[tool\.uv\.index\]\]")
WAIVER = re.compile(r"#\s*(noqa|type:\s*ignore|pragma|pyright|nosec|ruff:|mypy:)(?P<rest>.*)")
CODES = re.compile(r"^[:\s]*(\[[\w\s,-]+\]|no (?:cover|branch)|(?:[A-Z]+[0-9]+[,\s]*)+)?")
REASON_CHARS_MIN = 8
LOOPS = (ast.For, ast.While, ast.AsyncFor)
SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def top_level(sources: Iterable[Source]) -> Iterator[Finding]:
    """Exactly what the product's owner fixed, and nothing else that is visible."""
    seen = {source.path.split("/", 1)[0] for source in sources}
    for name in sorted(seen - VISIBLE):
        if not name.startswith("."):
            yield Finding(
                name, 1, "top-level", "not one of the house's own: move it into a room, .ci or .docs"
            )
    for name in sorted(VISIBLE - seen):
        yield Finding(name, 1, "top-level", "missing: the house has this room")


def leftovers(sources: Iterable[Source]) -> Iterator[Finding]:
    """Nothing that somebody meant to do later."""
    for source in _elsewhere(sources):
        for number, line in enumerate(source.lines, 1):
            if found := LEFTOVER.search(line):
                yield from source.find(number, "leftover", f"{found[1]}: do it now, or write a decision page")


def machine_paths(sources: Iterable[Source]) -> Iterator[Finding]:
    """No path and no package index of the machine it was written on."""
    for source in _elsewhere(sources):
        for number, line in enumerate(source.lines, 1):
            if found := MACHINE_PATH.search(line):
                yield from source.find(
                    number, "machine-path", f"{found[0]} exists on one machine only: derive it"
                )
            if found := INDEX.search(line):
                yield from source.find(
                    number, "package-index", f"{found[0]}: the environment chooses the index"
                )


def waivers_have_reasons(sources: Iterable[Source]) -> Iterator[Finding]:
    """Whoever silences a check names it and says why on the same line."""
    for source in python(_elsewhere(sources), product=False):
        for number, line in enumerate(source.lines, 1):
            if (found := WAIVER.search(line)) and not has_reason(found["rest"]):
                yield Finding(
                    source.path, number, "waiver", f"{found[1]}: name the rule and say why on this line"
                )


def has_reason(rest: str) -> bool:
    """Whether after the codes there are words."""
    codes = CODES.match(rest)
    if codes is None or not codes[1]:
        return False
    return len(rest[codes.end() :].strip(" #-:")) >= REASON_CHARS_MIN


def skips_have_reasons(sources: Iterable[Source]) -> Iterator[Finding]:
    """A test that cannot run says so, and what to install."""
    for source in python(sources, product=False):
        for node in source.nodes:
            if name := skip_without_reason(node):
                yield from source.find(
                    node, "skip", f"{name} without a reason: say what is missing and how to get it"
                )


def skip_without_reason(node: ast.AST) -> str:
    """The name of a skip that gives no reason, or nothing."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr in SKIPS
        and ast.unparse(node).startswith("pytest.mark.")
    ):
        return "" if getattr(node, "is_called", False) else node.attr
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SKIPS):
        return ""
    if not ast.unparse(node.func).startswith("pytest."):
        return ""
    node.func.is_called = True  # type: ignore[attr-defined]  # a note for the bare-attribute case above
    reason = [word.value for word in node.keywords if word.arg == "reason"]
    reason += node.args[:1] if node.func.attr == "skip" else []
    return "" if any(not isinstance(text, ast.Constant) or text.value for text in reason) else node.func.attr


def no_sleep_for_a_condition(sources: Iterable[Source]) -> Iterator[Finding]:
    """A test waits for what it waits for: a sleep stands only inside a loop that looks again."""
    for source in python(_elsewhere(sources), product=False):
        if source.is_product:
            continue
        looped = {id(inner) for node in source.nodes if isinstance(node, LOOPS) for inner in ast.walk(node)}
        for node in source.nodes:
            if id(node) in looped or not is_sleep(node) or says_why(source, getattr(node, "lineno", 1)):
                continue
            advice = "a sleep hopes: wait for the condition in a loop with an end, or say why beside it"
            yield from source.find(node, "sleep", advice)


def is_sleep(node: ast.AST) -> bool:
    """A call of time.sleep."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "time.sleep"


def _elsewhere(sources: Iterable[Source]) -> list[Source]:
    return [source for source in sources if not source.path.startswith((OWN_RULES, "tests/test_tidy.py"))]
