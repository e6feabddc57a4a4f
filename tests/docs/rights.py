"""The page of rights: who may ask what, generated from the rows that the tests are made of."""

from __future__ import annotations

import csv

from edge.staff.session import IDLE_S_MAX, SESSION_S_MAX
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
BESIDE = f"""## What decides beside the role

At a site's screens: the point at which a person signed in (supervisors see others' lists and tills too);
when they last typed their PIN or did anything ({IDLE_S_MAX // 60} minutes, if it is dangerous); how long ago
they signed in ({SESSION_S_MAX // 3600} hours); whose band it is, for nobody acts on their own; how often they
did it in a shift, and whether a second person answered; whether the browser is enrolled as such a screen
there, and whether the page that asks was drawn for it. Figures for monitoring are told to the machine
itself, or for a token. At the console: how long ago somebody signed in or did anything, whether they proved
their second factor, and for some acts whether they are another one than who asked. The hour of the day, the
place and the network of whoever asks decide no more than how often one address may ask.
"""


def rights_page() -> str:
    """The page as it should be."""
    return "\n".join([HEAD, BESIDE, *(_table(title, name) for title, name in FILES)])


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
