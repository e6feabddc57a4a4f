"""Operations: the same operation id gets the same answer, also when a button is pressed twice at once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from msgspec import Meta

from edge.errors import Refused

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


class OtherAct(Refused):
    """This operation's id was used for something else, or by somebody else at this address."""

    hint = "Load the page again: it makes a new id, and what was done before stays done."


@dataclass(frozen=True, slots=True)
class _Done:
    """One operation: since when, what was asked for, and its answer."""

    at_s: float
    asked: bytes
    said: Future[Said]


class Operations:
    """Answers by caller and operation id; an act that raised is forgotten and may be tried again."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take the clock by which answers grow old."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(
            32
        )  # what was asked for may hold a PIN: not even its hash is kept bare
        self._said: OrderedDict[tuple[str, str], _Done] = OrderedDict()

    def once(self, caller: str, op: str, act: Callable[[], Said], *, asked: bytes = b"") -> Said:
        """Do ``act`` unless this was done; whoever comes while it runs waits for the same answer.

        ``asked`` is what the request said: another one under the same id is ``OtherAct``, never answered by
        what somebody else was told.
        """
        future, mine = self._claim((caller, op), hashlib.blake2b(asked, key=self._key).digest())
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

    def _claim(self, key: tuple[str, str], asked: bytes) -> tuple[Future[Said], bool]:
        now = self._monotonic()
        with self._lock:
            self._forget(now)
            if (done := self._said.get(key)) is not None:
                if not hmac.compare_digest(done.asked, asked):
                    raise OtherAct
                return done.said, False
            future: Future[Said] = Future()
            self._said[key] = _Done(now, asked, future)
            return future, True

    def _forget(self, now: float) -> None:
        while self._said:
            oldest = next(iter(self._said.values()))
            if now - oldest.at_s < OPERATION_AGE_S_MAX and len(self._said) < OPERATIONS_MAX:
                return
            self._said.popitem(last=False)
