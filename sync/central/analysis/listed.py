"""Listed: every segment and report by name, for pages that show what is kept and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass

from edge.core.segments import namespace_of


@dataclass(frozen=True, slots=True)
class Listed:
    """One segment: its code, the figure it filters, who wants it; the version rises with its meaning.

    Why it exists stands in the console's sentences, as ``segment.`` and its code, in each language.
    """

    code: str
    figure: str
    owner: str = "marketing"
    version: int = 1

    @property
    def namespace(self) -> str:
        """Which part of a guest it tells of."""
        return namespace_of(self.code)


CODES = {
    one.code: one
    for one in (
        Listed("behaviour:best", "rfm"),
        Listed("behaviour:new-buyer", "rfm"),
        Listed("behaviour:weekly", "rhythm"),
        Listed("behaviour:monthly", "rhythm"),
        Listed("behaviour:first-visit", "rhythm"),
        Listed("behaviour:lapsing", "lapsing", owner="care"),
        Listed("behaviour:stays", "dwell"),
        Listed("demographic:household.single", "demography"),
        Listed("demographic:household.pair", "demography"),
        Listed("demographic:household.family", "demography"),
        Listed("demographic:age.young", "demography"),
        Listed("demographic:age.middle", "demography"),
        Listed("demographic:age.senior", "demography"),
    )
}
"""Segments that are computed; every other code is an operator's own."""
REPORTS = {
    "collected": ("channel", "kind", "entries", "guests"),
    "funnel": ("number", "step", "guests"),
    "channels": ("before", "after", "times", "guests"),
    "cohorts": ("cohort", "later", "guests"),
    "offers": ("subject", "shown", "redeemed", "guests"),
    "affinity": ("subject", "other", "baskets", "guests", "share_permille", "lift_permille"),
    "zones": ("subject", "guests", "stays", "minutes"),
    "interest_ages": ("code", "guests", "new"),
    "demographic_bands": ("code", "guests"),
}
"""Reports, and their columns behind the site."""
