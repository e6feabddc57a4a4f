"""Weather: what becomes of each request and answer between a device and central."""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from edge.errors import PolsoError

LATE_MAX = 16
"""So many requests are under way somewhere; the oldest is lost for good."""
TOOK_MS_MAX = 400


class Fate(enum.StrEnum):
    """What happens to one exchange."""

    THROUGH = "through"
    LOST = "request lost"
    UNANSWERED = "answer lost"
    TWICE = "request doubled"
    LATE = "request delayed"


class Weather:
    """Decides by the seed; ``bad`` are the fates that this seed knows at all."""

    def __init__(self, dice: random.Random, bad: tuple[Fate, ...], *, permille: int) -> None:
        """Begin with every cable plugged in."""
        self._dice, self._bad, self._permille = dice, bad, permille
        self.cut: set[int] = set()
        self._late: list[Callable[[], object]] = []
        self.seen: Counter[str] = Counter()

    def fate(self, device: int) -> Fate:
        """Return what becomes of the next exchange of a device."""
        fate = Fate.THROUGH
        if device in self.cut:
            fate = Fate.LOST
        elif self._bad and self._dice.randrange(1_000) < self._permille:
            fate = self._dice.choice(self._bad)
        self.seen[fate] += 1
        return fate

    def took_ms(self) -> int:
        """Return how long an exchange takes."""
        return self._dice.randint(1, TOOK_MS_MAX)

    def delay(self, request: Callable[[], object]) -> None:
        """Keep a request that nobody waits for any more: it reaches central when something newer has."""
        self._late = [*self._late, request][-LATE_MAX:]

    def deliver(self) -> None:
        """Let one delayed request arrive, whichever; its answer reaches nobody."""
        if self._late:
            request = self._late.pop(self._dice.randrange(len(self._late)))
            with suppress(PolsoError):
                request()

    def heal(self) -> None:
        """From now on everything comes through; what is still under way arrives first."""
        self._bad = ()
        self.cut.clear()
        self.deliver_all()

    def deliver_all(self) -> None:
        """Let all that is under way arrive."""
        while self._late:
            self.deliver()
