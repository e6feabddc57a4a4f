"""Bars: what a table's figures look like beside each other, as name, figure and length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

Bar: TypeAlias = tuple[str, str | int, int]
"""A name, the figure as it is told, and the bar's length in thousandths of the longest."""
SCALE: Final = 1_000
BARS_MAX: Final = 24
"""Bars of a chart; the table below it has every row."""


def longest_first(rows: Iterable[tuple[str, int]]) -> list[Bar]:
    """Return a bar of each figure, the largest ones, the longest above."""
    return in_order(sorted(rows, key=lambda row: -row[1]))


def in_order(rows: Iterable[tuple[str, int]]) -> list[Bar]:
    """Return a bar of each figure, as they come: where their order is that of time."""
    shown = list(rows)[:BARS_MAX]
    most = max((figure for _, figure in shown), default=0)
    return [(name, figure, _length(figure, most)) for name, figure in shown]


def filled(rows: Iterable[tuple[str, int, int]]) -> list[Bar]:
    """Return of each name how much there is of a whole; a whole of nothing has no bar."""
    shown = [row for row in rows if row[2] > 0][:BARS_MAX]
    return [(name, f"{part} / {whole}", _length(min(part, whole), whole)) for name, part, whole in shown]


def _length(part: int, whole: int) -> int:
    return SCALE * max(0, part) // max(whole, 1)
