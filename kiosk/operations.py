"""Operations: the same operation id gets the same answer, also when a button is pressed twice at once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from msgspec import Meta

OPERATIONS_MAX = 1024
OPERATION_AGE_S_MAX = 600.0
"""A page that repeats an act later than this has long been drawn anew, with new ids."""
OP_CHARS_MIN = 16
OP_CHARS_MAX = 64
Op: TypeAlias = Annotated[str, Meta(min_length=OP_CHARS_MIN, max_length=OP_CHARS_MAX)]
"""The id of an operation, made at random by the page when it was drawn."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it went out, whole enough to be sent again."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Operations:
    """Answers by caller and operation id; an act that raised is forgotten and may be tried again."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the clock by which answers grow old."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._said: OrderedDict[tuple[str, str], tuple[float, Future[Said]]] = OrderedDict()

    def once(self, caller: str, op: str, act: Callable[[], Said]) -> Said:
        """Do ``act`` unless this was done; whoever comes while it runs waits for the same answer."""
        future, mine = self._claim((caller, op))
        if not mine:
            return future.result()
        try:
            future.set_result(act())
        except BaseException as error:
            with self._lock:
                self._said.pop((caller, op), None)
            future.set_exception(error)
            raise
        return future.result()

    def _claim(self, key: tuple[str, str]) -> tuple[Future[Said], bool]:
        now = self._monotonic()
        with self._lock:
            self._forget(now)
            if key in self._said:
                return self._said[key][1], False
            future: Future[Said] = Future()
            self._said[key] = (now, future)
            return future, True

    def _forget(self, now: float) -> None:
        while self._said:
            then, _ = next(iter(self._said.values()))
            if now - then < OPERATION_AGE_S_MAX and len(self._said) < OPERATIONS_MAX:
                return
            self._said.popitem(last=False)
