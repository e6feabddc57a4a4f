"""A latch: near or not, out of levels that tremble, by thresholds far apart and times to hold them."""

from __future__ import annotations

import msgspec

STEP_MS_MAX = 1_000
"""Time between two looks counts no further: nobody stood there while nobody looked."""
PARTS = 16
"""Time held is summed in two to the power of this parts of a millisecond: slow sums must not vanish."""
LEAK = 2
"""Below all that counts, time held is lost again, two to the power of this times slower than it passes."""


class Tune(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds in dB against the level at one metre, times in milliseconds (.docs/decisions/0028)."""

    enter_db: int
    enter_ms: int
    """So long the level must hold ``enter_db``."""
    below_db: int = 0
    """A level so far below it will do as well, if it holds longer; none that is lower."""
    halvings_max: int = 0
    """Each dB below, time counts half as much, down to one half so many times over."""
    drop_db: int
    """Gone is who is so far below the loudest of this stay: a weak band has a weak threshold."""
    fade_ms: int
    """The loudest is forgotten by 1 dB each so often: nobody stands still for ever."""
    exit_db: tuple[int, int]
    """But never below the first, and always below the second of these."""
    exit_ms: int
    """So long the level must stay below."""


class Latch:
    """Whether a band is near, as one tune means it; pure but for what it remembers."""

    __slots__ = ("_held", "_looked_ms", "_peak_db", "_peak_ms", "_tune", "inside")

    def __init__(self, tune: Tune) -> None:
        """Begin outside."""
        self._tune = tune
        self._looked_ms = self._held = 0
        self._peak_db, self._peak_ms = 0, 0
        self.inside = False

    def look(self, now_ms: int, level_db: int | None) -> bool:
        """Say whether the band is near, from how loud it is now; None says nothing and changes nothing."""
        step_ms = min(max(now_ms - self._looked_ms, 0), STEP_MS_MAX)
        self._looked_ms = now_ms
        if level_db is None:
            self._held = self._held if self.inside else 0
        elif self.inside:
            self._leave(level_db, step_ms)
        else:
            self._enter(level_db, step_ms)
        return self.inside

    def end(self) -> None:
        """Be outside: the band is silent, or its guest does not want to be noticed."""
        self.inside, self._held = False, 0

    def _enter(self, level_db: int, step_ms: int) -> None:
        short_db = max(0, self._tune.enter_db - level_db)
        if short_db > self._tune.below_db:
            self._held = max(0, self._held - ((step_ms << PARTS) >> LEAK))
            return
        self._held += (step_ms << PARTS) >> min(short_db, self._tune.halvings_max)
        if self._held >= self._tune.enter_ms << PARTS:
            self.inside, self._held = True, 0
            self._peak_db, self._peak_ms = level_db, 0

    def _leave(self, level_db: int, step_ms: int) -> None:
        self._peak_ms += step_ms
        if level_db >= self._peak_db:
            self._peak_db, self._peak_ms = level_db, 0
        elif self._peak_ms >= self._tune.fade_ms:
            self._peak_db, self._peak_ms = self._peak_db - 1, 0
        lowest_db, highest_db = self._tune.exit_db
        if level_db >= min(max(self._peak_db - self._tune.drop_db, lowest_db), highest_db):
            self._held = 0
            return
        self._held += step_ms << PARTS
        if self._held >= self._tune.exit_ms << PARTS:
            self.end()
