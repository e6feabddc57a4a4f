"""Wakes: who waits for a site's next change, inside this worker and across workers on PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable

import psycopg

CHANNEL = "polso_feed"
AHEAD = "/ahead"
"""Waited for as a site is: somebody is new for whom money should lie ready. No site's name has a slash."""
DIARY = "/diary"
"""Likewise: a device told something of which a diary may be written."""
ENTRIES = "/entries"
"""Likewise: something new is in a diary, or was read for one."""
RENEWAL = "/renewal"
"""Likewise: the edges are to be told anew of somebody."""
LISTEN_S_MAX = 0.5
"""How long the listener waits for one notice before it looks whether it should stop."""
REPAIR_S = 1.0
"""Pause before the listener tries a lost connection again."""
CRY = "SELECT pg_notify(%s, one) FROM unnest(%s::text[]) AS one"
UNHURRIED = "SET synchronous_commit = off"
"""A notice outlives no crash anyway: the disk need not be waited for."""
log = logging.getLogger(__name__)


class Wakes:
    """Changes counted per site; a waiter names the count it saw, so that none is lost before it waits."""

    def __init__(self) -> None:
        """Begin with no change and nobody waiting."""
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()
        self._closed = False

    def seen(self, site: str) -> int:
        """Return the count of changes so far; take it before the look at the database."""
        with self._changed:
            return self._counts[site]

    def notify(self, sites: Iterable[str]) -> None:
        """Wake everybody who waits for one of these sites."""
        with self._changed:
            self._counts.update(sites)
            self._changed.notify_all()

    def notify_every(self) -> None:
        """Wake everybody: a notice may have been missed."""
        with self._changed:
            self._counts.update(list(self._counts))
            self._changed.notify_all()

    def wait(self, site: str, seen: int, timeout_s: float) -> bool:
        """Return True as soon as the site changed since ``seen``, False after the time-out or when closed."""
        with self._changed:
            self._counts[site] += 0  # Known from now on, so that notify_every reaches it.
            self._changed.wait_for(lambda: self._closed or self._counts[site] != seen, timeout_s)
            return not self._closed and self._counts[site] != seen

    @property
    def closed(self) -> bool:
        """Whether everybody was sent home."""
        return self._closed

    def close(self) -> None:
        """Send everybody home."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Crier:
    """Carries what changed here to other workers after the commits, as much at once as there is."""

    def __init__(self, address: str) -> None:
        """Notify at ``address`` (libpq's form) once started."""
        self._address = address
        self._told = threading.Condition()
        self._sites: set[str] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="central-crier", daemon=True)

    def start(self) -> None:
        """Begin to notify."""
        self._thread.start()

    def cry(self, sites: Iterable[str]) -> None:
        """Have other workers told of these sites; returns at once."""
        with self._told:
            self._sites.update(sites)
            self._told.notify()

    def stop(self) -> None:
        """Tell what is not told yet, and stop; a database that does not answer then hears nothing more."""
        with self._told:
            self._stopping = True
            self._told.notify()
        self._thread.join(LISTEN_S_MAX + 2)

    def _run(self) -> None:
        while not (self._stopping and not self._sites):
            try:
                self._cry()
            except psycopg.Error as error:
                log.warning("feed.crier_lost cause=%s", type(error).__name__)
                with self._told:
                    if self._told.wait_for(lambda: self._stopping, REPAIR_S):
                        return

    def _cry(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(UNHURRIED)
            while sites := self._taken():
                try:
                    connection.execute(CRY, (CHANNEL, sorted(sites)))
                except psycopg.Error:
                    self.cry(sites)
                    raise

    def _taken(self) -> set[str]:
        """Wait for something to tell and take it; nothing: this is the end."""
        with self._told:
            self._told.wait_for(lambda: self._stopping or self._sites)
            taken, self._sites = self._sites, set()
            return taken


class Listener:
    """Carries PostgreSQL's notices of other workers into this worker's wakes, on a connection of its own."""

    def __init__(self, address: str, wakes: Wakes) -> None:
        """Listen at ``address`` (libpq's form) once started."""
        self._address, self._wakes = address, wakes
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-listen", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second."""
        self._stopping.set()
        self._thread.join(LISTEN_S_MAX + 2)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("feed.listener_lost cause=%s", type(error).__name__)
                self._stopping.wait(REPAIR_S)

    def _listen(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._wakes.notify_every()
            while not self._stopping.is_set():
                for notice in connection.notifies(timeout=LISTEN_S_MAX):
                    self._wakes.notify([notice.payload])
