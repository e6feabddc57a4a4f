"""A waiting act: handed in by one thread, answered by whoever decides."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar, cast

from edge.store.batch import Outcome
from edge.store.transaction import Transaction

T = TypeVar("T")


class Waiting(Generic[T]):
    """One submitted act; a bare lock wakes its caller, which is cheaper than a condition."""

    __slots__ = ("_done", "act", "error", "future", "result")

    def __init__(self, act: Callable[[Transaction], T], future: Future[T] | None = None) -> None:
        """Begin unanswered."""
        self.act = act
        self.future = future
        self.result: T | None = None
        self.error: Exception | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def answer(self, outcome: Outcome) -> None:
        """Wake the caller with what became of its act."""
        self.result, self.error = cast("T", outcome.result), outcome.error
        self._done.release()
        if self.future is None:
            return
        if outcome.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(outcome.error)

    def wait(self) -> T:
        """Block until answered; raise what the act raised."""
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return cast("T", self.result)
