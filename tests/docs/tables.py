"""The reference's generated tables: configuration from its defaults, reasons from the English texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge.core.decision import Reason
from tests.docs.pages import reference, with_section
from tests.tidy.source import ROOT

DEFAULTS = ROOT / "edge" / "polso.toml"
ENGLISH = ROOT / "kiosk" / "texts" / "en.json"


@dataclass(frozen=True, slots=True)
class Key:
    """One configuration key, its default and its comment."""

    name: str
    default: str
    comment: str


def keys(toml: str) -> Iterator[Key]:
    """Each key of a commented defaults file, in its order; examples in comments are not keys."""
    table, comment = "", list[str]()
    for line in toml.splitlines():
        if found := re.fullmatch(r"\[+([\w.]+)\]+", line.strip()):
            table, comment = found[1], []
        elif line.startswith("#"):
            comment.append(line.lstrip("# ").strip())
        elif found := re.match(r"(\w+)\s*=\s*(.+?)(?:\s+#\s*(.+))?$", line):
            said = " ".join([*comment, *([found[3]] if found[3] else [])])
            yield Key(f"{table}.{found[1]}", found[2], said)
            comment = []
        else:
            comment = []


def examples(toml: str) -> Iterator[Key]:
    """Each table that may be repeated and stands in the file as a commented example."""
    for block in re.findall(r"((?:^#.*\n)+)", toml, re.MULTILINE):
        lines = [line.lstrip("#").strip() for line in block.splitlines()]
        for place, line in enumerate(lines):
            if found := re.fullmatch(r"\[\[(\w+)\]\]", line):
                said = " ".join(word for word in lines[:place] if word)
                yield Key(f"[[{found[1]}]]", "none", said)


def configuration() -> str:
    """The configuration reference."""
    toml = DEFAULTS.read_text(encoding="utf-8")
    rows = [f"| `{key.name}` | `{key.default}` | {key.comment} |" for key in (*keys(toml), *examples(toml))]
    return table("key | default | meaning", rows)


def reasons() -> str:
    """All reasons, as guests and staff read them in English."""
    texts = json.loads(ENGLISH.read_text(encoding="utf-8"))
    said = [(reason.value, f"reason.{reason.value}") for reason in Reason]
    rows = [f"| `{code}` | {texts[f'{key}.guest']} | {texts[f'{key}.staff']} |" for code, key in said]
    return table("reason | the guest reads | staff read", rows)


def table(heading: str, rows: list[str]) -> str:
    """A Markdown table."""
    columns = heading.count("|") + 1
    return "\n".join([f"| {heading} |", "|" + "---|" * columns, *rows]) + "\n"


def current() -> str:
    """The reference with its generated tables as they should be."""
    page = with_section(reference(), "configuration", configuration())
    return with_section(page, "reasons", reasons())
