"""The README and the reference as a test reads them: fenced commands, sections, links, verbs, glossary."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tidy.source import ROOT

README = ROOT / "README.md"
REFERENCE = ROOT / ".docs" / "reference.md"
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install -q '.[demo]' && .venv/bin/polso demo",
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest",
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")


def readme() -> str:
    """The whole README."""
    return README.read_text(encoding="utf-8")


def reference() -> str:
    """The whole page of verbs, keys, roles, reasons, events and packages."""
    return REFERENCE.read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    """The README's fenced blocks of one language."""
    return [block.strip() for found, block in FENCE.findall(readme()) if found == language]


def section(name: str) -> str:
    """What stands between the marks of a section of the reference."""
    return reference().partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def with_section(page: str, name: str, body: str) -> str:
    """The page with that section written anew."""
    before, opening, rest = page.partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- /{name} -->")
    return f"{before}{opening}{body}{closing}{after}"


def links(page: Path) -> list[str]:
    """Where a page points to, without what is on other machines."""
    content = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [link or picture for link, picture in LINK.findall(content)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def verbs() -> set[str]:
    """Each `polso verb` that opens a paragraph or a list item."""
    return set(re.findall(r"^(?:[-*] )?`polso ([a-z][a-z -]*)`", reference(), re.MULTILINE))


def first_column(name: str, column: int = 0) -> list[str]:
    """The words in code marks in one column of a section's table."""
    rows = [row.split("|")[1:-1] for row in section(name).splitlines() if row.startswith("|")]
    return [found[1] for row in rows if (found := re.fullmatch(r"\s*`([^`]+)`\s*", row[column]))]


def glossary() -> list[str]:
    """Each word that the glossary explains."""
    part = readme().partition("## Glossary")[2].partition("\n## ")[0]
    return re.findall(r"\*\*(\w+)\*\*", part)
