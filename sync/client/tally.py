"""Tally: how many were shut out within the hour by one source's word, over restarts too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import msgspec

from edge.core.caps import Caps, Taken, allowance, within_hour
from sync.client.ports import Books

KEPT = "sync"


class Tally:
    """Counts on a clock that only rises; one thread notes, any thread may look.

    It goes on with what was taken before the start, as if it were just now.
    """

    def __init__(self, books: Books, monotonic_ms: Callable[[], int], *, name: str) -> None:
        """Keep the count under ``name``, beside the journal."""
        # Never the time that central or the nodes tell: it would begin a new hour at will.
        self._books, self._now, self._name = books, monotonic_ms, name
        self._taken: tuple[Taken, ...] | None = None
        self._lock = threading.Lock()

    def taken(self) -> tuple[Taken, ...]:
        """Return what still counts. Never inside a transaction of these books."""
        return within_hour(self._begun() if self._taken is None else self._taken, self._now())

    def took(self, count: int) -> None:
        """Note that so many were shut out."""
        if not count:
            return
        taken = (*self.taken(), Taken(self._now(), count))
        with self._lock:
            self._taken = taken
        total = sum(one.count for one in taken)
        self._books.submit(lambda desk: desk.put(KEPT, self._name, msgspec.msgpack.encode(total)))

    def left(
        self, caps: Caps, known: Callable[[], int], *, wanted: int = 1, beside: Iterable[Taken] = ()
    ) -> int:
        """Return how many more may be shut out now, with what was taken ``beside`` these.

        ``known`` counts the site's bands, and is asked only where what any site allows is too few.
        """
        taken = (*self.taken(), *beside)
        few = allowance(caps, 0, taken, now_ms=self._now())
        return few if few >= wanted else allowance(caps, known(), taken, now_ms=self._now())

    def _begun(self) -> tuple[Taken, ...]:
        """Begin with what was kept, unless another thread did so, and noted more, while it was read."""
        kept = self._books.submit(lambda desk: desk.get(KEPT, self._name))
        total = 0 if kept is None else msgspec.msgpack.decode(kept, type=int)
        begun = (Taken(self._now(), total),) if total else ()
        with self._lock:
            if self._taken is None:
                self._taken = begun
            return self._taken
