"""Presence: who is about, kept in memory only, from what radios hear and taps tell."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from edge.core.presence import Heard, Moved, Nearness, Receiver, Whereabouts

PEOPLE_MAX = 20_000
"""Bands that are known to be about; a further one is not noticed."""
WAITING_MAX = 20_000
"""Advertisements, and taps, between two looks; of more the oldest are lost, and counted."""


class Step(NamedTuple):
    """A band entered or left a zone."""

    band: bytes
    moved: Moved


class Passed(NamedTuple):
    """A tap let somebody in, or out."""

    band: bytes
    entered: bool


class Presence:
    """Where consenting guests' bands are; any thread may tell and ask, one thread looks."""

    def __init__(self, receivers: Mapping[str, Receiver], welcome: Callable[[bytes], bool]) -> None:
        """Know these receivers; ``welcome`` says whether the wearer of a band agreed to be noticed."""
        self._receivers, self._welcome = receivers, welcome
        self._waiting: deque[Heard | Passed] = deque(maxlen=WAITING_MAX)
        self._lock = threading.Lock()
        self._people: dict[bytes, Whereabouts] = {}
        self._gone: set[bytes] = set()
        self.lost = 0

    def take(self, told: Heard | Passed) -> None:
        """Take that a band was heard or passed; never blocks, for the thread of a radio or of the journal."""
        self.lost += len(self._waiting) == WAITING_MAX
        self._waiting.append(told)

    def look(self, now_ms: int) -> list[Step]:
        """Take what was told since the last look and return what it changed."""
        with self._lock:
            self._gone.clear()
        told = [self._waiting.popleft() for _ in range(len(self._waiting))]
        new = {one.band for one in told if one.band not in self._people}
        # Asked while nothing is locked: whoever is asked may wait for the journal, and it for us.
        welcome = {band for band in new if self._welcome(band)}
        with self._lock:
            for band in welcome - self._gone:
                if len(self._people) < PEOPLE_MAX:
                    self._people[band] = Whereabouts(self._receivers)
            for one in told:
                self._note(one, now_ms)
            steps = [
                Step(band, moved)
                for band, somebody in self._people.items()
                for moved in somebody.look(now_ms)
            ]
            for band in [band for band, somebody in self._people.items() if not somebody.zones]:
                del self._people[band]
        return steps

    def forget(self, band: bytes) -> list[Step]:
        """Forget a band at once; return which zones it was in. Heard again, it must be welcome anew."""
        with self._lock:
            self._gone.add(band)
            somebody = self._people.pop(band, None)
        zones = somebody.zones if somebody is not None else dict[Nearness, str]()
        return [Step(band, Moved(zone, place, entered=False)) for zone, place in reversed(zones.items())]

    def zones(self) -> dict[bytes, dict[Nearness, str]]:
        """Return everybody who is about, with the place in each zone that they are in."""
        with self._lock:
            return {band: somebody.zones for band, somebody in self._people.items()}

    def _note(self, told: Heard | Passed, now_ms: int) -> None:
        somebody = self._people.get(told.band)
        if somebody is None:
            return
        if isinstance(told, Heard):
            somebody.hear(told)
        else:
            somebody.tap(now_ms, entered=told.entered)
