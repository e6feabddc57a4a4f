"""Cells: figures with their unit and ages, as a page shows them and as a saved table holds them."""

from __future__ import annotations

from edge.core.money import spelled
from sync.central.console.answers import Cell
from sync.central.console.ask import Ask

PERCENT = "%"


def figure(bare: str | int, unit: str) -> Cell:
    """Return a figure with its unit; a file has the unit above and figures that a spreadsheet adds up."""
    return Cell(f"{bare} {unit}", saved=f"{bare}", unit=unit)


def amount(minor: int, currency: str) -> Cell:
    """Return an amount of money in minor units of a currency."""
    return figure(spelled(minor, currency), currency)


def share(percent: str | int) -> Cell:
    """Return a share in hundredths of a whole."""
    return figure(percent, PERCENT)


def age(ask: Ask, at_ms: int | None) -> Cell | str:
    """Return how long ago a moment is; a file is read later, so it holds the moment. Nothing for none."""
    return Cell(ask.ago(at_ms), saved=ask.time(at_ms)) if at_ms else ""
