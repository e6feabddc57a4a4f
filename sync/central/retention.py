"""Retention at central: what was kept long enough goes by schedule, and never by a clock that is in doubt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from edge.clock import monotonic_ms
from edge.core.retention import DAY_MS, HOUR_MS
from sync.central.erasure import clear
from sync.central.lanes import event_table, lane_table
from sync.central.remarks import START, forget_before
from sync.central.renewal import renew
from sync.central.rounds import Rounds
from sync.central.seals import destroy_site_keys
from sync.central.sites import site_table, sites
from sync.central.store import Connection, Store, func, is_postgres, select

STEADY_MS = 6 * HOUR_MS
"""So long a clock must have run beside the monotonic one before it deletes anything."""
STEP_MS_MAX = 5_000
"""What NTP slews between two looks at most; more was set by somebody."""
APART_MS_MAX = 60_000
"""How far the database server's clock may be from ours."""
WITNESS_MS = 7 * DAY_MS
"""Events of so long ago still bear witness to today's time."""
WITNESSES_MAX = 200
DEVICES_APART_MS_MAX = DAY_MS
"""How far the clock of a device's own operating system may be from central's time."""

KEPT: list[Callable[[Connection, int], int]] = []
"""Rooms that keep what speaks of people: each deletes what is older than a moment and says how much."""
LOG = logging.getLogger("polso.central")


class Retention(Rounds):
    """Looks every ten minutes; deletes what is older than its days once the clock has proved itself."""

    name: ClassVar[str] = "retention"
    every_ms: ClassVar[int] = 600_000
    failing: ClassVar[str] = "what is kept too long could not be deleted"

    def __init__(self, store: Store, days: int, *, monotonic: Callable[[], int] = monotonic_ms) -> None:
        """Act on an open store; ``days`` is how long anything is kept."""
        super().__init__()
        self._store, self._keep_ms, self._monotonic = store, days * DAY_MS, monotonic
        self._apart_ms = store.now_ms() - monotonic()
        self._since_ms = monotonic()
        self._done: dict[str, tuple[Any, ...]] = {}
        self._walked_ms = monotonic()

    def look(self) -> int:
        """Delete what is due if the clock is believed; returns how much went."""
        if not self._is_steady():
            return 0
        with self._store.reading() as tx:
            now_ms = self._store.now_ms()
            why, known = _doubt(tx, now_ms), sites(tx)
        if why:
            LOG.warning("nothing old is deleted: %s", why)
            return 0
        due_ms = now_ms - self._keep_ms
        self._walk_anew_daily()
        with self._store.transaction() as tx:
            gone = sum(delete_before(tx, due_ms) for delete_before in KEPT)
            gone += sum(destroy_site_keys(tx, site, due_ms) for site in known)
        gone += sum(self._remarks(site, due_ms) + self._unexpected(site) for site in known)
        if gone:
            clear(self._store)
        return gone

    def _walk_anew_daily(self) -> None:
        """Begin with the oldest events again once a day: a device that was away brings old ones late."""
        if self._monotonic() - self._walked_ms >= DAY_MS:
            self._walked_ms = self._monotonic()
            self._done.clear()

    def _unexpected(self, site: str) -> int:
        """Have the edges forget the names of guests who are not expected any more."""
        gone = 0
        while not self.stopping and (count := renew(self._store, site, now=True)):
            gone += count
        return gone

    def _remarks(self, site: str, due_ms: int) -> int:
        gone = 0
        while not self.stopping:
            after = self._done.get(site, START)
            with self._store.transaction() as tx:
                end, count = forget_before(tx, site, due_ms, after=after)
            self._done[site] = end
            gone += count
            if end == after:
                break
        return gone

    def _is_steady(self) -> bool:
        """Whether the clock has run for hours beside the monotonic one, which nobody can set."""
        mono = self._monotonic()
        apart = self._store.now_ms() - mono
        if abs(apart - self._apart_ms) > STEP_MS_MAX:
            self._since_ms = mono
        self._apart_ms = apart
        return mono - self._since_ms >= STEADY_MS


def _doubt(tx: Connection, now_ms: int) -> str:
    """Return what speaks against a clock, or nothing: the database's server, its newest rows, the devices."""
    if is_postgres(tx):
        server = tx.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
        if abs(int(server * 1000) - now_ms) > APART_MS_MAX:
            return "the database's server tells another time"
    newest = [tx.execute(select(func.max(column))).scalar() or 0 for column in _WRITTEN]
    if max(newest) > now_ms + STEP_MS_MAX:
        return "the database holds rows of a later time"
    own = event_table.c
    heard = [
        row
        for site in sites(tx)
        for row in tx.execute(
            select(own.hlc, own.offset_ms)
            .where(own.site_id == site)
            .order_by(own.hlc.desc())
            .limit(WITNESSES_MAX)
        )
    ]
    # A device takes its time from central, but notes how far its own clock is from it.
    agree = [
        abs(row.offset_ms) <= DEVICES_APART_MS_MAX for row in heard if row.hlc >> 16 > now_ms - WITNESS_MS
    ]
    return "no device's own clock agrees" if heard and not any(agree) else ""


_WRITTEN = (lane_table.c.moved_ms, site_table.c.made_ms)
