"""The sequencer: the one thread that decides and commits, and answers only what is durable."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar, cast

from edge.clock import Clock
from edge.core.events import Acted, Event, Kind
from edge.errors import StoreError
from edge.store.batch import BATCH_MAX, Act, Ledger, Outcome
from edge.store.records import Owner, StoreForeign
from edge.store.state import Store
from edge.store.transaction import Transaction
from edge.store.trouble import Cause, Trouble

__all__ = ["Sequencer", "Transaction"]

QUEUE_MAX = 4_096
"""Acts that may wait; beyond it a caller is told at once instead of waiting for minutes."""
PROBE_S = 1.0
"""How often a store that cannot write is tried again."""
REST_S = 0.05
"""Quiet time after which the WAL is moved into the file."""
IDLE_S = 1.0
PRUNE_MS = 60_000
"""How often old records are looked for; while there are some, each rest takes a piece."""
LISTENERS_MAX = 16

T = TypeVar("T")
Listener = Callable[[Sequence[object], Sequence[Event]], None]
LOG = logging.getLogger("polso.sequencer")


class _Waiting(Generic[T]):
    """One submitted act; a bare lock wakes its caller, which is cheaper than a condition."""

    __slots__ = ("_done", "act", "error", "future", "result")

    def __init__(self, act: Callable[[Transaction], T], future: Future[T] | None = None) -> None:
        self.act = act
        self.future = future
        self.result: T | None = None
        self.error: Exception | None = None
        self._done = threading.Lock()
        if future is None:
            self._done.acquire()

    def answer(self, outcome: Outcome) -> None:
        """Wake the caller with what became of its act."""
        self.result, self.error = cast("T", outcome.result), outcome.error
        if self.future is None:
            self._done.release()
        elif outcome.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(outcome.error)

    def wait(self) -> T:
        """Block until answered; raise what the act raised."""
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


class Sequencer:
    """Takes every waiting act (at most ``BATCH_MAX``), runs them in order, commits once, then answers.

    An act that raises fails alone. A store that cannot write fails the batch with ``StoreError``, and every act after
    it at once, until a probe by this thread succeeds. Acts never wait for network, screen or gate.
    """

    def __init__(self, store: Store, clock: Clock, *, site: str, device: str, public_key: bytes) -> None:
        """Prepare to write the journal of ``device``; nothing happens before ``start``."""
        self._store = store
        self._clock = clock
        self._owner = Owner(site, device, public_key)
        self._queue: queue.SimpleQueue[_Waiting[object] | None] = queue.SimpleQueue()
        self._chores: queue.SimpleQueue[Future[bool]] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._refusal: StoreError | None = None
        self._ledger: Ledger | None = None
        self._trouble: Trouble | None = Trouble(Cause.STOPPED, "not started")
        self._failed_ms = 0
        self._dirty = False
        self._pruned_ms = 0
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    # For every thread

    def start(self) -> None:
        """Start the thread and return when the store is open, or known not to be writable (see ``writable``)."""
        self._thread = threading.Thread(target=self._serve_all, name="sequencer", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._refusal is not None:
            self.stop()
            raise self._refusal

    def stop(self) -> None:
        """Serve what waits, then close the store and give the folder back; harmless if repeated."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(None)
        thread.join()

    def submit(self, act: Callable[[Transaction], T]) -> T:
        """Run ``act`` in a transaction and return its result once that is durable; raise what it raises."""
        waiting = _Waiting(act)
        self._put(waiting)
        return waiting.wait()

    def submit_nowait(self, act: Callable[[Transaction], T]) -> Future[T]:
        """Hand ``act`` in and return at once; the future is done when its effects are durable."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            self._put(_Waiting(act, future))
        except StoreError as error:
            future.set_exception(error)
        return future

    def after_commit(self, listener: Listener) -> None:
        """Call ``listener(results, events)`` after the answers of each batch; it must return at once."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise ValueError(f"At most {LISTENERS_MAX} listeners hear of commits.")
        self._listeners.append(listener)

    def writable(self) -> tuple[bool, str]:
        """Say whether acts can be made durable, and if not, why, in words for staff."""
        trouble = self._trouble
        return (True, "") if trouble is None else (False, trouble.words)

    @property
    def trouble(self) -> Trouble | None:
        """What keeps the store from writing, as a cause that a machine can tell apart."""
        return self._trouble

    def waiting(self) -> int:
        """Return how many acts wait."""
        return self._queue.qsize()

    def ack(self, lane: int, seq: int) -> None:
        """Note durably that central holds ``lane`` up to ``seq``."""
        self.submit(lambda transaction: transaction.ack(lane, seq))

    def point_at(self, file: str) -> None:
        """Make another profile file the live one, durably."""
        self.submit(lambda transaction: transaction.point_at(file))

    def erase_ghosts(self) -> bool:
        """Move deleted rows out of every file of the journal; False if a reader holds the WAL: ask again."""
        chore: Future[bool] = Future()
        self._chores.put(chore)
        try:
            self.submit(lambda _: None)
        except StoreError:
            chore.cancel()
            raise
        return chore.result()

    def _put(self, waiting: _Waiting[T]) -> None:
        trouble = self._trouble
        if trouble is not None:
            raise trouble.error()
        if self._queue.qsize() >= QUEUE_MAX:
            raise StoreError(
                f"{QUEUE_MAX} acts wait already.", hint="The disk is too slow for this many taps."
            )
        self._queue.put(cast("_Waiting[object]", waiting))

    # The thread's own

    def _serve_all(self) -> None:
        self._open()
        self._ready.set()
        going = True
        while going:
            batch, going = self._take()
            if batch:
                self._serve(batch)
            elif going:
                self._rest()
        self._close()

    def _take(self) -> tuple[list[_Waiting[object]], bool]:
        try:
            first = self._queue.get(timeout=self._patience_s())
        except queue.Empty:
            return [], True
        batch: list[_Waiting[object]] = []
        while first is not None:
            batch.append(first)
            if len(batch) == BATCH_MAX:
                return batch, True
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _patience_s(self) -> float:
        if self._trouble is not None:
            return PROBE_S
        return REST_S if self._dirty else IDLE_S

    def _serve(self, batch: list[_Waiting[object]]) -> None:
        ledger = self._ledger
        if ledger is None or self._trouble is not None:
            self._refuse(batch)
            return
        try:
            done = ledger.run([waiting.act for waiting in batch])
        except Exception as error:  # whatever broke, every waiter is answered and the thread lives on
            self._fail(error)
            self._refuse(batch)
            return
        self._dirty = True
        for waiting, outcome in zip(batch, done.outcomes, strict=True):
            waiting.answer(outcome)
        self._tell([outcome.result for outcome in done.outcomes if outcome.error is None], done.events)
        while not self._chores.empty():
            self._erase(self._chores.get())

    def _erase(self, chore: Future[bool]) -> None:
        if not chore.set_running_or_notify_cancel():
            return
        try:
            chore.set_result(self._store.erase_ghosts())
        except sqlite3.Error as error:
            chore.set_exception(error)

    def _refuse(self, batch: list[_Waiting[object]]) -> None:
        trouble = self._trouble or Trouble(Cause.UNREACHABLE)
        for waiting in batch:
            waiting.answer(Outcome(error=trouble.error()))

    def _tell(self, results: list[object], events: list[Event]) -> None:
        for listener in self._listeners:
            try:
                listener(results, events)
            except Exception:  # a listener's fault must not stop the gate; it is logged with its trace
                LOG.exception("a listener of commits failed")

    def _rest(self) -> None:
        if self._trouble is not None:
            self._probe()
            return
        try:
            self._tidy()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    def _tidy(self) -> None:
        if self._dirty:
            self._store.checkpoint()
            self._dirty = False
        now = self._clock.monotonic_ms()
        if now - self._pruned_ms >= PRUNE_MS:
            gone = self._store.prune(self._clock.now_ms())
            self._dirty = gone > 0
            self._pruned_ms = now if gone == 0 else 0

    # When the store fails

    def _open(self) -> None:
        try:
            self._ledger = self._store.open(self._owner, self._clock)
            self._trouble = None
        except StoreForeign as error:
            self._refusal = error
        except (sqlite3.Error, StoreError, OSError) as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        trouble = self._store.diagnose(error)
        self._trouble = trouble
        self._ledger = None
        self._failed_ms = self._clock.monotonic_ms()
        LOG.error("the store cannot write: %s", trouble.words)
        self._store.shut()
        try:
            if trouble.cause is Cause.FULL:
                self._store.folder.free_reserve()
            ledger = self._store.open_without_reserve(self._owner, self._clock)
            ledger.run([_told(Kind.STORE_FAILED, trouble, amount=None)])
        except (sqlite3.Error, StoreError, OSError) as second:
            LOG.error("not even that could be written down: %s", second)
        self._store.shut()

    def _probe(self) -> None:
        down_ms = self._clock.monotonic_ms() - self._failed_ms
        try:
            ledger = self._store.open(self._owner, self._clock)
            self._store.folder.demand_room()
            trouble = self._trouble or Trouble(Cause.UNREACHABLE)
            done = ledger.run([_told(Kind.STORE_RECOVERED, trouble, amount=down_ms)])
        except (sqlite3.Error, StoreError, OSError) as error:
            self._trouble = self._store.diagnose(error)
            self._store.shut()
            return
        self._ledger = ledger
        self._trouble = None
        LOG.warning("the store writes again after %d ms", down_ms)
        self._tell([], done.events)

    def _close(self) -> None:
        self._trouble = Trouble(Cause.STOPPED)
        left: list[_Waiting[object]] = []
        while not self._queue.empty():
            waiting = self._queue.get()
            if waiting is not None:
                left.append(waiting)
        self._refuse(left)
        self._store.close()


def _told(kind: Kind, trouble: Trouble, *, amount: int | None) -> Act:
    body = Acted(reason=trouble.cause, note=trouble.detail, amount=amount)
    return lambda transaction: transaction.append(kind, body)
