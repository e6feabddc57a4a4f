"""The named queries of three sheets: each has a name and one sentence."""

from __future__ import annotations

import re
from importlib.resources import files

SHEETS = ("queries.sql", "strays.sql", "acks.sql")
NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def written() -> str:
    """Return the text of all sheets."""
    return "\n".join(files("edge.store").joinpath(sheet).read_text(encoding="utf-8") for sheet in SHEETS)


def load(text: str) -> dict[str, str]:
    """Return every query by its name; its sentence stays in front of it as a comment in the file only."""
    parts = NAME.split(text)[1:]
    return {name: _statement(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _statement(body: str) -> str:
    lines = (line for line in body.splitlines() if line.strip() and not line.startswith("--"))
    return "\n".join(lines).rstrip().rstrip(";")


QUERIES = load(written())
