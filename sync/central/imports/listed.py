"""Listed: the lines of a small CSV text under a heading of known columns, each taken whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from edge.core.cards import holds_card_number
from edge.errors import PolsoError, Refused
from sync.central.imports.lines import DELIMITERS, Wrong, cut

LINES_MAX = 5_000
Row = tuple[int, Mapping[str, str]]
"""A line's number, and its cells by their column."""


def rows_of(text: str, columns: tuple[str, ...], *, demanded: str) -> tuple[list[Row], list[Wrong]]:
    """Return the lines that fit their heading, and what is wrong with the others; line 1 is the heading."""
    lines = text.splitlines()
    first = lines[0].removeprefix("\ufeff") if lines else ""
    delimiter = max(DELIMITERS, key=first.count)
    heading = [column.strip().lower() for column in cut(first, delimiter)]
    unknown = [column[:40] for column in heading if column not in columns]
    if unknown or demanded not in heading or len(set(heading)) != len(heading):
        raise Refused("Line 1 names no known columns.", hint=f"The columns are: {', '.join(columns)}.")
    if len(lines) > LINES_MAX:
        raise Refused(f"{len(lines)} lines at once, at most {LINES_MAX}.", hint="Send it in parts.")
    rows, wrong = list[Row](), list[Wrong]()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" \t,;"):
            continue
        cells = cut(line, delimiter)
        fault = _fault(cells, heading)
        if fault:
            wrong.append(Wrong(number, fault))
        else:
            rows.append((number, dict(zip(heading, (cell.strip() for cell in cells), strict=True))))
    return rows, wrong


def take_lines(
    rows: Iterable[Row], wrong: Sequence[Wrong], *, take: Callable[[Mapping[str, str]], None]
) -> tuple[Wrong, ...]:
    """Hand each line to ``take``, which looks at all of it before it writes; return all that is wrong."""
    found = list(wrong)
    for number, row in rows:
        try:
            take(row)
        except (PolsoError, ValueError) as error:
            found.append(Wrong(number, str(error)))
    return tuple(sorted(found))


def _fault(cells: list[str], heading: list[str]) -> str:
    if len(cells) != len(heading):
        return f"{len(cells)} fields, the heading has {len(heading)}: check the commas."
    if any(holds_card_number(cell) for cell in cells):
        return "a cell looks like the number of a payment card: take it out of the file"
    return ""
