"""Behind: the past goes on coming in while the park is open already; a tap needs none of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge.errors import PolsoError
from edge.run.demo.history.load import Site, Whole, load_past, yesterday
from kiosk.park import DemoPast
from sync.central.analysis.nightly import PAST

LOG = logging.getLogger("polso.demo")
STOP_S_MAX = 2.0


class Behind:
    """Loads one park's past on a thread of its own, and says how far it is."""

    def __init__(self, site: Site, *, seed: int, guests: int) -> None:
        """Load nothing before ``start``."""
        self._site, self._seed, self.guests = site, seed, guests
        self._done = 0
        self._changed: Callable[[], None] = lambda: None
        self._ending = threading.Event()
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="demo-past", daemon=True)

    @property
    def state(self) -> DemoPast | None:
        """How much is in; None where this park was opened without a past."""
        return DemoPast(guests=self._done, of=self.guests) if self.guests else None

    def start(self, changed: Callable[[], None]) -> None:
        """Begin; ``changed`` is called at each step."""
        self._changed = changed
        if self.guests:
            self._thread.start()

    def stop(self) -> None:
        """Leave off after the block that is going in; what is not in yet comes at the next start."""
        with self._moved:
            self._ending.set()
            self._moved.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S_MAX)

    def steps(self, told: Callable[[DemoPast], None]) -> None:
        """Tell of each step until all is in or the park closes."""
        done = 0
        while done < self.guests and not self._ending.is_set():
            done = self._after(done)
            told(DemoPast(guests=done, of=self.guests))

    def _after(self, done: int) -> int:
        """Wait until more are in than so many, or it is over."""
        with self._moved:
            self._moved.wait_for(lambda: self._done > done or self._ending.is_set())
            return self._done

    def _run(self) -> None:
        clock = self._site.desk.store.now_ms
        whole = Whole(self._seed, self.guests, yesterday(self._site.zone, clock()))
        try:
            load_past(self._site, whole, self._step)
        except PolsoError as error:
            LOG.error("the past is not all in: %s", error)
            with self._moved:
                self._ending.set()
                self._moved.notify_all()
        if not self._ending.is_set():
            self._site.desk.store.wakes.notify([PAST])

    def _step(self, done: int) -> bool:
        with self._moved:
            self._done = done
            self._moved.notify_all()
        self._changed()
        return not self._ending.is_set()
