"""Rate limits: one bucket per caller and route, and never more buckets than can be held."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from edge.errors import PolsoError
from kiosk.routes import Rate

BUCKETS_MAX = 4096
"""Callers remembered; the one that has been quiet longest is forgotten first, with a full bucket."""


WAIT_S_MAX = 3_600
"""Nobody is told to come back later than this."""


class TooOften(PolsoError):
    """Too many requests in a short time."""

    hint = "Wait a few seconds, then try again."
    retryable = True
    after_s = 1
    """After so many whole seconds one more will be answered."""


class Limits:
    """Token buckets in memory: a restart forgives, which costs nothing at these rates."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the clock that fills the buckets."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, caller: str, what: str, rate: Rate) -> None:
        """Take one token of ``caller`` for ``what``; raise ``TooOften`` where none is left."""
        now = self._monotonic()
        with self._lock:
            left, then = self._buckets.pop((caller, what), (float(rate.burst), now))
            left = min(float(rate.burst), left + (now - then) * rate.per_s)
            self._buckets[caller, what] = (max(0.0, left - 1.0) if left >= 1.0 else left, now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        if left < 1.0:
            error = TooOften()
            error.after_s = math.ceil((1.0 - left) / max(rate.per_s, 1 / WAIT_S_MAX))
            raise error
