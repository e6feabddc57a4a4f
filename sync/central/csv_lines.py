"""CSV lines: rows as a file has them, with no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the start of a formula (OWASP: CSV injection), in full width too."""


def line(row: Sequence[str | int | None]) -> str:
    """Return one line with its end (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerow([harmless(cell) for cell in row])
    return text.getvalue()


def harmless(value: str | int | None) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers of ours stay numbers."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
