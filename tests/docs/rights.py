"""The page of rights: who may ask what, generated from the rows that the tests are made of."""

from __future__ import annotations

import csv

from tests.tidy.source import ROOT

RIGHTS = ROOT / ".docs" / "rights.md"
FILES = (
    ("At a site's screens", "matrix_edge.csv"),
    ("At central's console", "matrix_console.csv"),
    ("At a guest's own page", "matrix_own.csv"),
)
HEAD = """# Rights

Who may ask what. Written by `python -m tests.docs` from the rows in `tests/security/`;
`tests/security/test_matrix.py` asks every route as every role, as nobody, after the shift and after five idle
minutes. A route, an action or a role without a row fails it. **pin**: allowed, but after five idle minutes
the PIN is asked for again.
"""


def rights_page() -> str:
    """The page as it should be."""
    return "\n".join([HEAD, *(_table(title, name) for title, name in FILES)])


def _table(title: str, name: str) -> str:
    with (ROOT / "tests" / "security" / name).open(encoding="utf-8", newline="") as text:
        lines = list(csv.DictReader(text))
    people = [key for key in lines[0] if key not in ("method", "route", "act", "action", "again")]
    rows = [f"## {title}", "", f"| asks | action | {' | '.join(people)} |", "|" + "---|" * (len(people) + 2)]
    for line in lines:
        asks = " ".join(part for part in (line["method"], line["route"], line["act"]) if part)
        said = [_cell(line, who) for who in people]
        rows.append(f"| `{asks}` | {line['action']} | {' | '.join(said)} |")
    return "\n".join(rows) + "\n"


def _cell(line: dict[str, str], who: str) -> str:
    if line[who] != "yes":
        return ""
    return "pin" if line["again"] == "pin" else "yes"
