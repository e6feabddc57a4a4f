"""Back-off: how long to leave central alone after a failure, and the bell that ends any rest."""

from __future__ import annotations

import random
import threading

AT_ONCE_S = 0.02
"""After a success: one answer that was lost says nothing about central, so it is asked for again at once."""
FIRST_S = 1.0
LONGEST_S = 300.0


class Backoff:
    """Full jitter: a random part of a span that doubles with each failure, so that no edges march in step.

    The first failure after a success has a span so short that a line which loses answers now and then costs
    a device hardly more than sending them again.
    """

    def __init__(self, *, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        """Begin as after a success."""
        self._first_s, self._longest_s = first_s, longest_s
        self._failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """Return how long to rest after one more failure; never less than central asked for."""
        doubled = self._first_s * 2 ** min(self._failures - 1, 30) if self._failures else AT_ONCE_S
        span = min(self._longest_s, doubled)
        self._failures += 1
        rest = random.uniform(0, span)  # noqa: S311  # spreads load, guards nothing
        return max(rest, retry_after_s or 0.0)

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0

    @property
    def failing(self) -> bool:
        """Whether the last try failed."""
        return self._failures > 0


class Bell:
    """Ends a rest early: ``written`` when there is something to send, ``kick`` when the link is back."""

    def __init__(self) -> None:
        """Begin silent."""
        self._changed = threading.Condition()
        self._written = self._kicked = self._heard = self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether to go home."""
        return self._stopped

    def written(self) -> None:
        """Something waits to be sent."""
        with self._changed:
            self._written = True
            self._changed.notify_all()

    def kick(self) -> None:
        """Try now, whatever failed before."""
        with self._changed:
            self._kicked = True
            self._changed.notify_all()

    def heard(self) -> None:
        """Somebody else hears central again: try now, unless central itself asked for this rest."""
        with self._changed:
            self._heard = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Go home."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def rest(self, seconds: float, *, for_writes: bool, asked: bool = False) -> None:
        """Rest until kicked, stopped or the time is over; and, if wanted, until something was written.

        ``asked``: central asked for so long a rest (``Retry-After``), or only people can end the cause of it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_over(for_writes=for_writes, asked=asked), seconds)
            self._kicked = self._heard = False
            if for_writes:
                self._written = False

    def _is_over(self, *, for_writes: bool, asked: bool) -> bool:
        heard, written = self._heard and not asked, self._written and for_writes
        return self._stopped or self._kicked or heard or written
