"""Allowance: how often a channel may ask within a while, told in each answer before it is used up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from edge.clock import monotonic_ms
from edge.errors import Refused

REQUESTS_MAX = 200
WINDOW_S = 10
POLICY = f'"requests";q={REQUESTS_MAX};w={WINDOW_S}'
"""Fields as in draft-ietf-httpapi-ratelimit-headers."""


class TooOften(Refused):
    """A channel asked more often than it may."""


class Left(NamedTuple):
    """What is left of a window, and in how many seconds the next one begins."""

    requests: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As an answer tells it."""
        told = f'"requests";r={max(0, self.requests)};t={self.seconds}'
        return {"RateLimit-Policy": POLICY, "RateLimit": told}


class Allowance:
    """Counts the requests of each channel by its key, from one window to the next; each worker by itself."""

    def __init__(self, now_ms: Callable[[], int] = monotonic_ms) -> None:
        """Begin with nobody counted."""
        self._now_ms, self._lock = now_ms, threading.Lock()
        self._window, self._asked = -1, dict[str, int]()

    def take(self, key_id: str) -> Left:
        """Count one request; what is left is below zero where it was one too many."""
        second = self._now_ms() // 1_000
        window, within = divmod(second, WINDOW_S)
        with self._lock:
            if window != self._window:
                self._window, self._asked = window, {}
            asked = self._asked[key_id] = self._asked.get(key_id, 0) + 1
        return Left(REQUESTS_MAX - asked, WINDOW_S - within)
