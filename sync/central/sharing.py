"""Sharing: a gate that is new, or back, or emptier than before gets its places without anybody's word."""

from __future__ import annotations

from typing import ClassVar

from sync.central.machines.devices import ACTIVE, devices
from sync.central.near import slots
from sync.central.registry.layout import publish_shares, shared_anew
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.store import Connection, Store


class Sharing(SiteRounds):
    """Looks every few seconds whether the places of limited zones and times should lie elsewhere."""

    name: ClassVar[str] = "sharing"
    every_ms: ClassVar[int] = 3_000
    in_turns: ClassVar[bool] = True
    failing: ClassVar[str] = "places of limited zones and times could not be shared anew"

    def look_at(self, site: str) -> int:
        """Share anew what makes a difference; returns whether zones did, and times."""
        return (share(self._store, site) is not None) + (slots.share(self._store, site) > 0)


def share(store: Store, site: str) -> int | None:
    """Share one site's places anew; return the number of the layout that says so, None where all is well."""
    with store.reading() as tx:
        if shared_anew(tx, site, _gates(tx, site)) is None:
            return None
    with store.transaction() as tx:
        take_turn(tx, site)
        now = shared_anew(tx, site, _gates(tx, site))
        return None if now is None else publish_shares(tx, site, now)


def _gates(tx: Connection, site: str) -> list[str]:
    return [one.id for one in devices(tx, site) if one.state == ACTIVE]
