"""Rounds: what central looks at again and again, each by a thread of its own that nothing but a stop ends."""

from __future__ import annotations

import abc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import ClassVar

from edge.errors import PolsoError, StoreError
from sync.central.sites import sites
from sync.central.store import Store, Wakes

LOG = logging.getLogger("polso.central")
PAUSE_S = 0.5
"""Between two looks at the least: an import of thousands is looked at a few times, not thousands of times."""
REST_TIMES = 9
"""So many times as long as a look took it rests, too: it never looks for more than a tenth of the time."""


class Rounds(abc.ABC):
    """Looks at once, then every ``every_ms`` and whenever it is woken; what fails is told in the log."""

    name: ClassVar[str]
    """Of the thread."""
    every_ms: ClassVar[int]
    failing: ClassVar[str]
    """What the log says has not happened, before it says why."""
    woken_by: ClassVar[str] = ""
    """For what among a store's wakes it does not wait out its time; nothing where it is empty."""

    def __init__(self, wakes: Wakes | None = None) -> None:
        """Prepare to look, woken by these; nothing happens before ``start``."""
        self._wakes = wakes or Wakes()
        self._stop = threading.Event()
        self._once_s = 0.0
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abc.abstractmethod
    def look(self) -> object:
        """Look once; a long look asks now and then whether it is ``stopping``."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns once nothing is under way."""
        self._stop.set()
        self._wakes.notify([self.woken_by])
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def once(self) -> Iterator[None]:
        """Take no rest for what is done inside: it comes once, as the loading of a library."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._once_s += time.monotonic() - began

    @property
    def stopping(self) -> bool:
        """Whether somebody waits for the end of this look."""
        return self._stop.is_set()

    def _run(self) -> None:
        while True:
            # Counted before the look: whatever comes during it is looked at next.
            seen = self._wakes.seen(self.woken_by)
            if self.stopping:
                return
            began, self._once_s = time.monotonic(), 0.0
            try:
                self.look()
            except PolsoError as error:
                LOG.warning("%s: %s", self.failing, error)
            except Exception:
                # A fault of one round must not end all that follow: nobody would see that money lies still.
                LOG.exception("%s", self.failing)
            every_s, took_s = self.every_ms / 1_000, time.monotonic() - began - self._once_s
            pause_s = min(every_s, max(PAUSE_S, REST_TIMES * took_s))
            self._stop.wait(pause_s)
            self._wakes.wait(self.woken_by, seen, every_s - pause_s)


class SiteRounds(Rounds):
    """Looks at every site, one after the other; several workers may do so at once.

    Within a worker one of those that look often does so at a time: several that go through hundreds of sites
    would else leave no time to those who answer devices.
    """

    in_turns: ClassVar[bool] = False
    """Whether it looks often, and at a site for some milliseconds."""

    def __init__(self, store: Store) -> None:
        """Act on an open store, woken by what happens in it."""
        super().__init__(store.wakes if self.woken_by else None)
        self._store = store

    def look(self) -> int:
        """Look once at every site; returns how much was done, and raises in the end what failed first.

        What fails at one site would else keep those behind it waiting for as long as it fails.
        """
        with self._store.reading() as tx:
            known = sites(tx)
        done, failed = 0, list[Exception]()
        for site in known:
            if self.stopping:
                break
            try:
                done += self._looked_at(site)
            except StoreError:
                raise  # the database is away, and that is so for every site
            except Exception as error:  # raised below, when the others had their look
                error.add_note(f"at the site {site}")
                failed.append(error)
        for also in failed[1:]:
            LOG.error("%s: %s", self.failing, also, exc_info=also)
        if failed:
            raise failed[0]
        return done

    def _looked_at(self, site: str) -> int:
        with self._store.looks if self.in_turns else nullcontext():
            return self.look_at(site)

    @abc.abstractmethod
    def look_at(self, site: str) -> int:
        """Look once at one site; returns how much was done there."""
