"""The open streams: at most so many, and one per screen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from edge.feed import Subscription

LAST_MAX = 1000
"""Screens whose last contact is remembered."""


@dataclass(slots=True)
class Seat:
    """The place that one open stream takes; ``moved`` once another stream of the same screen took it over."""

    key: str
    kind: str
    point: str
    subscription: Subscription
    version: str = ""
    """Digest of the files with which its page was drawn."""
    since_ms: int = 0
    moved: threading.Event = field(default_factory=threading.Event)


class Streams:
    """Places for ``seats_max`` streams; who comes later is sent away at once, so that taps keep threads."""

    def __init__(self, seats_max: int) -> None:
        """Begin empty."""
        self.seats_max = seats_max
        self._lock = threading.Lock()
        self._seats: dict[str, Seat] = {}
        self._last: dict[str, int] = {}

    def take(self, seat: Seat) -> bool:
        """Sit down: in the place of an older stream of the same key, or in a free one, or not at all.

        A half-open old stream must never lock its own screen out, hence the take-over.
        """
        with self._lock:
            older = self._seats.get(seat.key)
            if older is None and len(self._seats) >= self.seats_max:
                return False
            self._seats[seat.key] = seat
        if older is not None:
            older.moved.set()
            older.subscription.close()
        return True

    def leave(self, seat: Seat, at_ms: int = 0) -> None:
        """Free the place, unless another stream has taken it over."""
        seat.subscription.close()
        with self._lock:
            self._last.pop(seat.key, None)
            self._last[seat.key] = at_ms
            if len(self._last) > LAST_MAX:
                del self._last[next(iter(self._last))]
            if self._seats.get(seat.key) is seat:
                del self._seats[seat.key]

    def end(self) -> None:
        """End every stream, because the device stops: their pages reconnect as soon as it is back."""
        for seat in self.open():
            seat.subscription.close()

    def last_ms(self, key: str) -> int | None:
        """Return when the last stream of ``key`` ended, as far as this run remembers."""
        with self._lock:
            return self._last.get(key)

    def open(self) -> tuple[Seat, ...]:
        """Return who sits now."""
        with self._lock:
            return tuple(self._seats.values())
