"""The named queries of ``queries.sql``: each has a name and one sentence."""

from __future__ import annotations

import re
from importlib.resources import files

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load(text: str) -> dict[str, str]:
    """Return every query by its name; its sentence stays in front of it as a comment in the file only."""
    parts = NAME.split(text)[1:]
    return {name: _statement(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def _statement(body: str) -> str:
    lines = (line for line in body.splitlines() if line.strip() and not line.startswith("--"))
    return "\n".join(lines).rstrip().rstrip(";")


QUERIES = load(files("edge.store").joinpath("queries.sql").read_text(encoding="utf-8"))
