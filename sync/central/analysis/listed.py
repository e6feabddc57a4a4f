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
    live: bool = False
    """Whether it is brought up to the moment, and not once a night up to the day that is over."""

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
        Listed("behaviour:inside", "inside", live=True),
        Listed("behaviour:here-today", "rhythm", live=True),
        Listed("behaviour:first-today", "rhythm", live=True),
        Listed("behaviour:bought-today", "rfm", live=True),
        Listed("demographic:household.single", "demography"),
        Listed("demographic:household.pair", "demography"),
        Listed("demographic:household.family", "demography"),
        Listed("demographic:age.young", "demography"),
        Listed("demographic:age.middle", "demography"),
        Listed("demographic:age.senior", "demography"),
    )
}
"""Segments that are computed; every other code is an operator's own."""
LIVE = tuple(code for code, one in CODES.items() if one.live)
GUESTS_MIN = 10
"""Of fewer guests no figure and no segment is shown to anybody."""
INSIDE = "inside"
"""No word of any diary: whom a site's devices tell each other to be in a zone when it is looked at."""
REPORTS = {
    "collected": ("channel", "kind", "entries", "guests", "quiet_days"),
    "hours": ("place", "hour", "baskets", "minor", "guests", "days"),
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
