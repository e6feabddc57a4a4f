"""Repeats: who was refused the same act again within a minute is counted, not written down each time."""

from __future__ import annotations

import threading
from typing import NamedTuple

WINDOW_MS = 60_000
KINDS_MAX = 2_000
"""Different refusals counted at once: a hundred people, each refused twenty ways in one minute."""
MANY = "many"


class Refusal(NamedTuple):
    """Who was refused what and why: no more of the person than their id."""

    staff: str
    point: str
    act: str
    why: str


class Repeats:
    """How often each refusal came since it was last written: the first at once, then one sum a minute."""

    def __init__(self) -> None:
        """Begin with nothing counted; any thread may count."""
        self._lock = threading.Lock()
        self._since: dict[Refusal, tuple[int, int]] = {}
        """When it was last written, in monotonic milliseconds, and how often it came since."""

    def take(self, refusal: Refusal, now_ms: int) -> tuple[Refusal, int]:
        """Count one; return what to write now and how often it happened, 0 times while it only counts."""
        with self._lock:
            if refusal not in self._since and len(self._since) >= KINDS_MAX:
                refusal = Refusal("", "", MANY, MANY)
            since_ms, more = self._since.get(refusal, (now_ms - WINDOW_MS, 0))
            if now_ms - since_ms < WINDOW_MS:
                self._since[refusal] = (since_ms, more + 1)
                return refusal, 0
            self._since[refusal] = (now_ms, 0)
            return refusal, more + 1

    def due(self, now_ms: int, *, last: bool = False) -> list[tuple[Refusal, int]]:
        """Return the sums whose minute is over, the last time all; what came no more is forgotten."""
        with self._lock:
            over = [
                one for one, (since_ms, _) in self._since.items() if last or now_ms - since_ms >= WINDOW_MS
            ]
            sums = [(one, self._since.pop(one)[1]) for one in over]
            counted = [(one, more) for one, more in sums if more]
            self._since.update((one, (now_ms, 0)) for one, _ in counted)
            return counted

    def give_back(self, refusal: Refusal, times: int) -> None:
        """Count again what could not be written: it is due with the next sum."""
        with self._lock:
            since_ms, more = self._since.get(refusal, (0, 0))
            self._since[refusal] = (since_ms, more + times)
