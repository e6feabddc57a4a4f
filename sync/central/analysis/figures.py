"""Figures: every expression under its name, what it is for and what it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from edge.core.consent import Namespace, Purpose
from sync.central.analysis import declared, paths, purchases, visits
from sync.central.analysis.listed import GUESTS_MIN, INSIDE
from sync.central.analysis.tables import Tables, allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One named expression over the tables and a cut-off day; ``version`` rises with its meaning."""

    name: str
    version: int = 1
    basis: str
    """What a guest must have allowed to be counted: a namespace, or research."""
    days: int
    """How many days up to the cut-off it looks back."""
    kinds: tuple[str, ...] = ()
    """Kinds of entries that it reads; none: every kind."""
    reads: str = "entries"
    shown: bool
    """Whether it is a report; the others are of single guests, and only segments are made of them."""
    expression: Callable[[Tables, int], ir.Table]

    def over(self, named: dict[str, ir.Table], day: int) -> ir.Table:
        """Return the expression up to a local day, over what guests allow; reports are of ten or more."""
        found = self.expression(allowed(named, self.basis), day)
        return found.filter(found.guests >= GUESTS_MIN) if self.shown else found


_BEHAVIOUR, _RESEARCH = Namespace.BEHAVIOUR.value, Purpose.RESEARCH.value
_INTEREST, _DEMOGRAPHIC = Namespace.INTEREST.value, Namespace.DEMOGRAPHIC.value

FIGURES: dict[str, Figure] = {
    one.name: one
    for one in (
        Figure(
            name="rfm", basis=_BEHAVIOUR, days=purchases.YEAR_DAYS, kinds=purchases.BOUGHT,
            shown=False, expression=purchases.rfm,
        ),
        Figure(
            name="rhythm", basis=_BEHAVIOUR, days=visits.YEAR_DAYS, kinds=visits.CAME,
            shown=False, expression=visits.rhythm,
        ),
        Figure(
            name="lapsing", basis=_BEHAVIOUR, days=visits.YEAR_DAYS, kinds=visits.CAME,
            shown=False, expression=visits.lapsing,
        ),
        Figure(
            name="dwell", basis=_BEHAVIOUR, days=visits.DWELT_DAYS, kinds=("dwelt",),
            shown=False, expression=visits.dwell,
        ),
        Figure(
            name="inside", basis=_BEHAVIOUR, days=1, kinds=(INSIDE,),
            shown=False, expression=visits.inside,
        ),
        Figure(
            name="interests", basis=_INTEREST, days=declared.FRESH_DAYS, reads="declared",
            shown=False, expression=declared.interests,
        ),
        Figure(
            name="demography", basis=_DEMOGRAPHIC, days=declared.FRESH_DAYS, reads="declared",
            shown=False, expression=declared.demography,
        ),
        Figure(
            name="collected", version=2, basis=_RESEARCH, days=declared.MONTH_DAYS, shown=True,
            expression=paths.collected,
        ),
        Figure(
            name="hours", version=2, basis=_RESEARCH, days=purchases.YEAR_DAYS, kinds=purchases.BOUGHT,
            shown=True, expression=purchases.hours,
        ),
        Figure(
            name="funnel", basis=_RESEARCH, days=paths.PATH_DAYS,
            kinds=tuple(kind for _, kinds in paths.STEPS for kind in kinds),
            shown=True, expression=paths.funnel,
        ),
        Figure(name="channels", basis=_RESEARCH, days=paths.PATH_DAYS, shown=True, expression=paths.channels),
        Figure(
            name="cohorts", basis=_RESEARCH, days=paths.YEAR_DAYS, kinds=visits.CAME,
            shown=True, expression=paths.cohorts,
        ),
        Figure(
            name="offers", basis=_RESEARCH, days=paths.PATH_DAYS, kinds=("offered", "redeemed"),
            shown=True, expression=paths.offers,
        ),
        Figure(
            name="affinity", basis=_RESEARCH, days=purchases.YEAR_DAYS, kinds=purchases.BOUGHT,
            shown=True, expression=purchases.affinity,
        ),
        Figure(
            name="zones", basis=_RESEARCH, days=visits.DWELT_DAYS, kinds=("dwelt",),
            shown=True, expression=visits.zones,
        ),
        Figure(
            name="interest_ages", basis=_INTEREST, days=declared.FRESH_DAYS, reads="declared",
            shown=True, expression=declared.interest_ages,
        ),
        Figure(
            name="demographic_bands", basis=_DEMOGRAPHIC, days=declared.FRESH_DAYS, reads="declared",
            shown=True, expression=declared.demographic_bands,
        ),
    )
}  # fmt: skip
