"""Presence: who is about, kept in memory only, from what radios hear and taps tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from edge.core.presence import Heard, Receiver

PEOPLE_MAX = 20_000
"""Bands that are known to be about; the one heard longest ago makes place."""


class Presence:
    """What was heard of consenting guests' bands; any thread may tell and ask, nothing blocks."""

    def __init__(self, receivers: Iterable[Receiver], consents: Callable[[bytes], bool]) -> None:
        """Know these receivers; ``consents`` says whether the wearer of a band agreed to be noticed."""
        self._receivers = {receiver.name: receiver for receiver in receivers}
        self._consents = consents
        self._lock = threading.Lock()
        self._last: dict[bytes, Heard] = {}

    def hear(self, heard: Heard) -> None:
        """Take that a band was heard; what is of nobody who consents, or of no receiver, leaves no trace."""
        if heard.receiver not in self._receivers or not self._consents(heard.band):
            return
        with self._lock:
            self._last.pop(heard.band, None)
            self._last[heard.band] = heard
            while len(self._last) > PEOPLE_MAX:
                del self._last[next(iter(self._last))]

    def heard_since(self, at_ms: int) -> frozenset[bytes]:
        """Return the bands that were heard at or after a moment of the monotonic clock."""
        with self._lock:
            return frozenset(band for band, heard in self._last.items() if heard.at_ms >= at_ms)
