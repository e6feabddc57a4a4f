"""Pace: so many in a second, and no more, for what strangers may ask."""

from __future__ import annotations

import threading

from edge.clock import monotonic_ms


class Pace:
    """Lets so many pass in each second, on the monotonic clock."""

    def __init__(self, per_s: int) -> None:
        """Begin with a whole second's worth."""
        self._per_s, self._lock = per_s, threading.Lock()
        self._second, self._left = 0, per_s

    def passes(self) -> bool:
        """Say whether one more may pass now."""
        second = monotonic_ms() // 1000
        with self._lock:
            if second != self._second:
                self._second, self._left = second, self._per_s
            self._left -= 1
            return self._left >= 0
