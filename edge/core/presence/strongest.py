"""The strongest: which of several receivers somebody is nearest to, without going to and fro."""

from __future__ import annotations

from collections.abc import Mapping

MARGIN_DB = 6
DWELL_MS = 3_000


class Strongest:
    """Keeps to one place while it is heard there; another must be clearly louder for a while."""

    __slots__ = ("_rival", "_since_ms", "place")

    def __init__(self) -> None:
        """Begin at no place."""
        self.place = self._rival = ""
        self._since_ms = 0

    def choose(self, now_ms: int, levels: Mapping[str, int]) -> str:
        """Return the place, of those at which the band is heard now with these levels; none: nowhere."""
        best = max(levels, key=lambda place: (levels[place], place), default="")
        if self.place not in levels:
            self.place = self._rival = best
        elif best == self.place or levels[best] < levels[self.place] + MARGIN_DB:
            self._rival = ""
        elif best != self._rival:
            self._rival, self._since_ms = best, now_ms
        elif now_ms - self._since_ms >= DWELL_MS:
            self.place, self._rival = best, ""
        return self.place
