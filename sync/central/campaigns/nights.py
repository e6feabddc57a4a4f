"""Nights: each site's campaigns are read once a day, up to the day that is over."""

from __future__ import annotations

import logging
from typing import ClassVar

from sync.central.analysis import facts
from sync.central.campaigns import readings
from sync.central.registry.localday import HEARD_HOUR
from sync.central.rounds import SiteRounds
from sync.central.store import Store

LOG = logging.getLogger("polso.central")


class Nights(SiteRounds):
    """Looks every ten minutes; no engine is needed for it, so that a central without the extra reads, too."""

    name: ClassVar[str] = "nights"
    every_ms: ClassVar[int] = 600_000
    failing: ClassVar[str] = "a site's campaigns could not be read"

    def __init__(self, store: Store) -> None:
        """Act on an open store; a night that was read before the start is looked at once more."""
        super().__init__(store)
        self._read: dict[str, int] = {}

    def look_at(self, site: str) -> int:
        """Read a site's campaigns if its night is over and nobody has yet; returns how many nights were."""
        now_ms = self._store.now_ms()
        with self._store.reading() as tx:
            calendar = facts.Calendar(tx, site)
        day = calendar.day(now_ms) - 1
        if calendar.hour(now_ms) < HEARD_HOUR or self._read.get(site) == day:
            return 0
        made = readings.bring(self._store, site, day)
        self._read[site] = day
        LOG.info("read campaigns of site=%s day=%s nights=%d", site, facts.date_of(day), made)
        return made
