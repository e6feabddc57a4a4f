"""The crowd: invented day visitors whose bands go through the same readers, so many a minute."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping

from edge.errors import PolsoError
from edge.run.demo.counter import POINT
from edge.run.demo.park import Park
from hardware.virtual.bands import Band
from kiosk.park import CROWD_MAX, TapStory

LOG = logging.getLogger("polso.demo")
WALKS = {"gate-1": 10, "volo-1": 3, "kiosk-1": 3}
"""Where a visitor goes next, by weight; nobody of the crowd has a hotel room."""
BUYS_SHARE = 0.3
"""Of those with money on the band so many go to the shop; its till is served by the demo's own hands."""
Sold = Callable[[Callable[[], object]], None]
Tapped = Callable[[str, Band, str], TapStory]


class Crowd:
    """Lets visitors come at ``rate`` a minute, one after the other, each to a reader of their choice."""

    def __init__(self, park: Park, bands: Mapping[str, Band], *, tap: Tapped, sell: Sold) -> None:
        """Know the visitors, how a band is held to a reader, and how one buys something."""
        self._bands = dict(bands)
        self._chance = random.Random(park.crowd.seed)  # noqa: S311 - invented people, nothing secret
        self._buyers = {one.id for one in park.visitors if one.pays is not None}
        self._tap, self._sell = tap, sell
        self._rate = 0
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="demo-crowd", daemon=True)

    @property
    def rate(self) -> int:
        """Visitors a minute now."""
        return self._rate

    def start(self) -> None:
        """Open the gates to them."""
        self._thread.start()

    def set(self, rate: int) -> None:
        """Let so many a minute come from now on."""
        with self._changed:
            self._rate = max(0, min(rate, CROWD_MAX))
            self._changed.notify_all()

    def stop(self) -> None:
        """Let nobody come any more."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def _run(self) -> None:
        came_s = 0.0
        while self._next_is_due(came_s):
            came_s = time.monotonic()
            name = self._chance.choice(list(self._bands))
            try:
                self._visit(name)
            except PolsoError as error:
                LOG.debug("a visitor went away: %s", error)

    def _visit(self, name: str) -> None:
        """Let one visitor buy something, or hold their band to a reader of their choice."""
        (reader,) = self._chance.choices(list(WALKS), list(WALKS.values()))
        if name in self._buyers and self._chance.random() < BUYS_SHARE:
            self._sell(lambda: self._tap(name, self._bands[name], POINT))
        else:
            self._tap(name, self._bands[name], reader)

    def _next_is_due(self, came_s: float) -> bool:
        """Wait for the moment after ``came_s`` when the next visitor comes; False once the park closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._rate > 0 or self._ending)
            rate = self._rate
            wait_s = came_s + 60 / max(1, rate) - time.monotonic()
            self._changed.wait_for(lambda: self._ending or self._rate != rate, max(0.0, wait_s))
            return not self._ending
