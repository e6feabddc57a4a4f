"""Renewal: who comes into the two days' view is told to the edges in full, who has left it is not."""

from __future__ import annotations

from typing import ClassVar

from sync.central.registry import expected, profiles
from sync.central.registry.bands import bands_of
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.seals import publish_site_key
from sync.central.store import RENEWAL, Store

PIECE_MAX = 500
"""Guests told anew in one transaction, so that no batch waits long for its turn."""


class Renewal(SiteRounds):
    """Looks every half minute for guests who are to be expected from now on; two days of view leave time."""

    name: ClassVar[str] = "renewal"
    every_ms: ClassVar[int] = 30_000
    in_turns: ClassVar[bool] = True
    woken_by: ClassVar[str] = RENEWAL
    failing: ClassVar[str] = "who is expected could not be told to the edges"

    def look_at(self, site: str) -> int:
        """Tell of everybody who comes into view; returns of how many."""
        with self._store.transaction() as tx:
            publish_site_key(tx, site)
        told = 0
        while count := renew(self._store, site, now=False):
            told += count
            if self.stopping:
                break
        return told


def renew(store: Store, site: str, *, now: bool) -> int:
    """Judge one piece of the guests whose turn has come, and tell the edges; returns how many.

    ``now`` says of whom: those who were expected so far lose their names at the edges, which only a clock
    that is believed may do. No profile's revision rises: nothing that a decision stands on has changed.
    """
    with store.transaction() as tx:
        wanted = expected.due(tx, site, now=now, limit=PIECE_MAX)
        if wanted:
            take_turn(tx, site)
            cards = bands_of(tx, site, wanted)
            expected.forget(tx, site, set(wanted) - {card.guest for card in cards if card.guest})
            profiles.publish_bands(tx, site, cards)
    return len(wanted)
