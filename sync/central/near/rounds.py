"""Rounds: times that are over leave the feed, orders that nobody fetched end, devices hear of each other."""

from __future__ import annotations

from typing import ClassVar

from sync.central.machines import siblings
from sync.central.near import orders, slots
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds

GRACE_MS = 3_600_000
"""So long after its begin a time is still told, for who comes late."""


class NearRounds(SiteRounds):
    """Looks once a minute."""

    name: ClassVar[str] = "near"
    every_ms: ClassVar[int] = 60_000
    in_turns: ClassVar[bool] = True
    failing: ClassVar[str] = "what is over could not be ended"

    def look_at(self, site: str) -> int:
        """End what is over, and tell devices of each other."""
        before_ms = self._store.now_ms() - GRACE_MS
        with self._store.reading() as tx:
            if not (orders.late(tx, site) or slots.past(tx, site, before_ms) or siblings.due(tx, site)):
                return 0
        with self._store.transaction() as tx:
            take_turn(tx, site)
            over = orders.expire(tx, site) + slots.close_before(tx, site, before_ms)
            return over + siblings.tell(tx, site)
