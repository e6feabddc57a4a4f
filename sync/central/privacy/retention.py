"""Retention at central: what was kept long enough goes by schedule, and never by a clock that is in doubt."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, NamedTuple

from edge.clock import monotonic_ms
from edge.core.retention import DAY_MS, HOUR_MS, Keeping
from sync.central import offered
from sync.central.machines.lanes import event_table, lane_table
from sync.central.near import reserving
from sync.central.privacy import ended
from sync.central.privacy.erasure import clear
from sync.central.privacy.remarks import NOTICED, START, forget_before
from sync.central.rounds import Rounds
from sync.central.seals import destroy_site_keys
from sync.central.sites import site_table, sites
from sync.central.store import Connection, Store, func, is_postgres, select
from sync.central.telling.renewal import renew

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

KEPT: list[Callable[[Connection, int], int]] = [reserving.delete_before]
"""Rooms that keep what people said and did: each deletes what is older than a moment and says how much."""
MOVED: list[Callable[[Connection, int], int]] = []
"""The same of rooms that keep where people were."""
SPOKEN: list[Callable[[Connection, int], int]] = []
"""The same of rooms that keep guests' own words: cases, and what was typed of a purchase."""
BOOKED: list[Callable[[Connection, int], int]] = []
"""The same of rooms that keep what guests bought, beside the books that stay."""
LOG = logging.getLogger("polso.central")


class Walk(NamedTuple):
    """What is looked through piece by piece: from where, how, and for how many days it is kept."""

    start: Any
    step: Callable[..., tuple[Any, int]]
    """Deletes one piece of what is older than a moment; returns where it ended and how much went."""
    days: Callable[[Keeping], int]


WALKS = (
    Walk(START, forget_before, lambda keeping: keeping.sealed_days),
    Walk(START, partial(forget_before, kinds=NOTICED), lambda keeping: keeping.moved_days),
    Walk("", ended.rights_before, lambda keeping: keeping.ended_days),
    Walk("", ended.members_before, lambda keeping: keeping.ended_days),
    Walk("", offered.before, lambda keeping: keeping.sealed_days),
)


class Retention(Rounds):
    """Looks every ten minutes; deletes what is older than its days once the clock has proved itself."""

    name: ClassVar[str] = "retention"
    every_ms: ClassVar[int] = 600_000
    failing: ClassVar[str] = "what is kept too long could not be deleted"

    def __init__(
        self, store: Store, keeping: Keeping, *, monotonic: Callable[[], int] = monotonic_ms
    ) -> None:
        """Act on an open store; ``keeping`` is for how long anything is kept."""
        super().__init__()
        self._store, self._keeping, self._monotonic = store, keeping, monotonic
        self._apart_ms = store.now_ms() - monotonic()
        self._since_ms = monotonic()
        self._done: dict[tuple[str, Walk], Any] = {}
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
        sealed_ms = now_ms - self._keeping.sealed_days * DAY_MS
        moved_ms = now_ms - self._keeping.moved_days * DAY_MS
        booked_ms = now_ms - self._keeping.booked_days * DAY_MS
        self._walk_anew_daily()
        words_ms = now_ms - self._keeping.words_days * DAY_MS
        with self._store.transaction() as tx:
            gone = sum(delete_before(tx, words_ms) for delete_before in SPOKEN)
            gone += sum(delete_before(tx, sealed_ms) for delete_before in KEPT)
            gone += sum(delete_before(tx, moved_ms) for delete_before in MOVED)
            gone += sum(delete_before(tx, booked_ms) for delete_before in BOOKED)
            gone += sum(destroy_site_keys(tx, site, sealed_ms) for site in known)
        gone += sum(self._unexpected(site) for site in known)
        gone += sum(self._walk(site, walk, now_ms) for site in known for walk in WALKS)
        if gone:
            clear(self._store)
        return gone

    def _walk_anew_daily(self) -> None:
        """Begin with the oldest again once a day: a device that was away brings old events late."""
        if self._monotonic() - self._walked_ms >= DAY_MS:
            self._walked_ms = self._monotonic()
            self._done.clear()

    def _unexpected(self, site: str) -> int:
        """Have the edges forget the names of guests who are not expected any more."""
        gone = 0
        while not self.stopping and (count := renew(self._store, site, now=True)):
            gone += count
        return gone

    def _walk(self, site: str, walk: Walk, now_ms: int) -> int:
        gone, due_ms = 0, now_ms - walk.days(self._keeping) * DAY_MS
        while not self.stopping:
            after = self._done.get((site, walk), walk.start)
            with self._store.transaction() as tx:
                end, count = walk.step(tx, site, due_ms, after=after)
            self._done[site, walk] = end
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
