"""What one tap may cost: the time that is left to it, and the chip commands it has used."""

from __future__ import annotations

import time
from collections.abc import Callable

READ_MS_MAX = 400
"""Time to read a band, inside the 500 ms after which a guest is told to hold it still."""
_LEAST_S = 0.0005


class DeadlineError(Exception):
    """The band kept the reader longer than a tap may take."""


class Budget:
    """The deadline of the tap under way; without one, time is not limited (opening a device)."""

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        """Begin without a deadline."""
        self._clock_ns = clock_ns
        self._deadline_ns: int | None = None
        self.commands = 0

    def begin(self, deadline_ns: int | None) -> None:
        """Start a new tap that ends at ``deadline_ns``, monotonic."""
        self._deadline_ns = deadline_ns
        self.commands = 0

    def left_s(self) -> float:
        """Return the seconds left, negative once it is over, infinity without a deadline."""
        if self._deadline_ns is None:
            return float("inf")
        return (self._deadline_ns - self._clock_ns()) / 1e9

    def clamp(self, timeout_s: float) -> float:
        """Cut a band's waiting time to what is left; raise where nothing is."""
        left = self.left_s()
        if left < _LEAST_S:
            raise DeadlineError("the tap's time is used up")
        return min(timeout_s, left)

    def bound(self, timeout_s: float, least_s: float) -> float:
        """Cut a device's waiting time to what is left, never below ``least_s``: a cable needs it."""
        return min(timeout_s, max(self.left_s(), least_s))
