"""Nightly: each site is analysed once a day, after its own midnight, up to the day that is over."""

from __future__ import annotations

import logging
from typing import ClassVar

from sync.central.analysis import facts
from sync.central.analysis.listed import LIVE
from sync.central.analysis.results import results
from sync.central.analysis.wanted import installed
from sync.central.registry.localday import HEARD_HOUR
from sync.central.rounds import SiteRounds

LOG = logging.getLogger("polso.central")
PAST = "past"
"""Woken by: what was long ago came in at once, and no night is waited for to read it."""


class Nightly(SiteRounds):
    """Looks every ten minutes; a central without the extra analyses nothing and says so by its pages."""

    name: ClassVar[str] = "analysis"
    every_ms: ClassVar[int] = 600_000
    failing: ClassVar[str] = "a site could not be analysed"
    woken_by: ClassVar[str] = PAST

    def look_at(self, site: str) -> int:
        """Analyse a site if its night is over and nobody has yet; returns what was computed."""
        if not installed():
            return 0
        now_ms = self._store.now_ms()
        with self._store.reading() as tx:
            calendar = facts.Calendar(tx, site)
            day = calendar.day(now_ms) - 1
            made = (one.day for name, one in results(tx, site).items() if name not in LIVE)
            if calendar.hour(now_ms) < HEARD_HOUR or any(one >= day for one in made):
                return 0
            first_ms = facts.first_ms(tx, site)
            if first_ms is None or calendar.day(first_ms) > day:
                return 0  # a site of today has no night behind it: no engine is started for nothing
        from sync.central.analysis.run import analyse  # the engine comes with it: seconds, once a night

        ran = analyse(self._store, site, day)
        LOG.info(
            "analysed site=%s day=%s computed=%d moved=%d",
            site,
            facts.date_of(day),
            len(ran.computed),
            ran.moved,
        )
        return len(ran.computed)
