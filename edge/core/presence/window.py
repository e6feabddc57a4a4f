"""A window: the last levels of one band at one receiver, how loud that is, and how often it is heard."""

from __future__ import annotations

from collections import deque

INTERVAL_MS = 300
"""What a band is thought to keep until it was heard often enough to know."""
GAPS_MIN, GAPS_MAX = 2, 8
WINDOW_MS = (2_500, 8_000)
"""No window is shorter or longer, however often a band is heard."""
WINDOW_INTERVALS = 6
SAMPLES, SAMPLES_SPARSE = 4, 3
"""So few samples say nothing yet; of a band that is heard seldom fewer must do."""
SPARSE_MS = 600
"""Seldom is this interval, and longer ones."""
SILENCE_MS = 8_000
SILENCE_INTERVALS = 4
SAMPLES_MAX = 128
QUANTILE_PERCENT = 60
"""Fading and bodies only take away, so that an upper quantile follows the line of sight."""
AHEAD_MS_MAX = 1_000
"""A sample so far ahead of the time is of a clock that was set back since."""


class Window:
    """Samples of the last seconds; how many seconds, and how many samples say anything, follows the band.

    Levels are whole dB against what the band is heard with at one metre; times are monotonic milliseconds.
    """

    __slots__ = ("_gaps", "_level_db", "_newest_ms", "_samples", "interval_ms")

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES_MAX)
        self._gaps: deque[int] = deque(maxlen=GAPS_MAX)
        self._newest_ms: int | None = None
        self._level_db: int | None = None
        self.interval_ms = INTERVAL_MS
        """The median of the last times between two samples."""

    def hear(self, at_ms: int, level_db: int) -> None:
        """Take one sample; one that is older than the newest is ignored, of two at once the louder counts."""
        newest_ms = self._newest_ms
        if newest_ms is not None and at_ms < newest_ms:
            return
        if self._samples and newest_ms == at_ms:
            _, other_db = self._samples.pop()
            level_db = max(level_db, other_db)
        elif newest_ms is not None:
            self._measure(at_ms - newest_ms)
        self._samples.append((at_ms, level_db))
        self._newest_ms = at_ms
        self._level_db = self._level()

    def look(self, now_ms: int) -> int | None:
        """Return how loud the band is now; None where too little was heard to say so."""
        if self._newest_ms is not None and self._newest_ms > now_ms + AHEAD_MS_MAX:
            self._samples.clear()
            self._newest_ms = now_ms
        shortest_ms, longest_ms = WINDOW_MS
        since_ms = now_ms - min(max(shortest_ms, WINDOW_INTERVALS * self.interval_ms), longest_ms)
        before = len(self._samples)
        while self._samples and self._samples[0][0] < since_ms:
            self._samples.popleft()
        if len(self._samples) < before or before == 0:
            self._level_db = self._level()
        return self._level_db

    def is_silent(self, now_ms: int) -> bool:
        """Say whether the band was not heard for so long that it must be gone."""
        patience_ms = max(SILENCE_MS, SILENCE_INTERVALS * self.interval_ms)
        return self._newest_ms is None or now_ms - self._newest_ms > patience_ms

    def _measure(self, gap_ms: int) -> None:
        self._gaps.append(gap_ms)
        if len(self._gaps) >= GAPS_MIN:
            self.interval_ms = sorted(self._gaps)[(len(self._gaps) - 1) // 2]

    def _level(self) -> int | None:
        levels = sorted([level for _, level in self._samples])
        if len(levels) < (SAMPLES_SPARSE if self.interval_ms >= SPARSE_MS else SAMPLES):
            return None
        return levels[-(-QUANTILE_PERCENT * len(levels) // 100) - 1]
