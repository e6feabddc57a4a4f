"""The sequencer: one act after the other, committed in batches, and answered only when durable."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar, cast

from edge.clock import Clock
from edge.core.events import Kind
from edge.errors import StoreError
from edge.store import checkpoints, driver
from edge.store.batch import BATCH_MAX, Ledger, Outcome
from edge.store.chores import Chores
from edge.store.effects import EFFECTS_ROWS_MAX, STEP_ROWS_MAX
from edge.store.listeners import Listener, Listeners
from edge.store.records import Owner, StoreForeign
from edge.store.state import Store, told
from edge.store.transaction import Transaction
from edge.store.trouble import Cause, Trouble
from edge.store.waiting import Waiting

__all__ = ["Sequencer", "Transaction"]

QUEUE_MAX = 4_096
"""Acts that may wait; beyond it a caller is told at once instead of waiting for minutes."""
PROBE_MS = 1_000
"""How often a store that cannot write is tried again."""
PROBE_DAMAGED_MS = 10_000
"""How often a damaged one is: each time the whole file is walked."""
QUIET_MS = 50
"""So long after the last act there is time for what can wait."""
TICK_S = 0.1

T = TypeVar("T")
LOG = logging.getLogger("polso.sequencer")


class Sequencer:
    """Takes every waiting act (at most ``BATCH_MAX``), runs them in order, commits once, then answers.

    There is one seat, and only who holds it decides: its own thread where several acts wait, the caller
    where it finds the seat free (two thread switches cost as much as the commit). An act that raises fails
    alone. A store that cannot write fails the batch with ``StoreError``, and every act after it at once,
    until a probe succeeds. Acts never wait for network, screen or gate.
    """

    def __init__(self, store: Store, clock: Clock, *, site: str, device: str, public_key: bytes) -> None:
        """Prepare to write the journal of ``device``; nothing happens before ``start``."""
        self._store = store
        self._clock = clock
        self._owner = Owner(site, device, public_key)
        self._seat = threading.Lock()
        self._waiting: deque[Waiting[object]] = deque()
        self._bell: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._listeners = Listeners()
        self._refusal: StoreError | None = None
        self._ledger: Ledger | None = None
        self._trouble: Trouble | None = Trouble(Cause.STOPPED, "not started")
        self._failed_ms = 0
        self._probed_ms = 0
        self._served_ms = 0
        self._chores = Chores(store, clock)
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._ended = False

    # For every thread

    def start(self) -> None:
        """Start the thread; return when the store is open, or known not to be ``writable``."""
        self._thread = threading.Thread(target=self._keep, name="sequencer", daemon=True)
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
        self._bell.put(False)
        thread.join()

    def submit(self, act: Callable[[Transaction], T]) -> T:
        """Run ``act`` in a transaction and return its result once that is durable; raise what it raises."""
        waiting = Waiting(act)
        self._put(waiting)
        self._lead()
        return waiting.wait()

    def submit_nowait(self, act: Callable[[Transaction], T]) -> Future[T]:
        """Hand ``act`` in and return at once; the future is done when its effects are durable."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            self._put(Waiting(act, future))
            self._ring()
        except StoreError as error:
            future.set_exception(error)
        return future

    def after_commit(self, listener: Listener) -> None:
        """Have the thread call ``listener(results, events)`` after the answers of each batch."""
        self._listeners.add(listener)

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
        return len(self._waiting)

    def ack(self, lane: int, seq: int) -> None:
        """Note durably that central holds ``lane`` up to ``seq``."""
        self.submit(lambda transaction: transaction.ack(lane, seq))

    def point_at(self, file: str) -> None:
        """Make another profile file the live one, durably."""
        self.submit(lambda transaction: transaction.point_at(file))

    def erase_ghosts(self, *, people: bool = False) -> bool:
        """Move what is deleted (``people``: all that is kept of them) out of every file; False: ask again."""
        with self._seat:
            ledger = self._ledger
            if ledger is None:
                raise (self._trouble or Trouble(Cause.UNREACHABLE)).error()
            try:
                while ledger.unsettled():
                    ledger.settle()
                return self._store.erase_people() if people else self._store.erase_ghosts()
            except driver.ERRORS as error:
                raise self._fail(error).error() from error

    def freeze(self, why: str) -> None:
        """Append nothing any more, also after a restart: this history is not believed by others."""
        with self._seat:
            ledger = self._ledger
            if ledger is not None:
                self._guarded(lambda: ledger.run([lambda transaction: checkpoints.freeze(transaction, why)]))
                self._halt(why)

    @property
    def frozen(self) -> str:
        """Why this history is not believed any more; empty: it is."""
        trouble = self._trouble
        return trouble.detail if trouble is not None and trouble.cause is Cause.FROZEN else ""

    def _put(self, waiting: Waiting[T]) -> None:
        trouble = self._trouble
        if trouble is not None:
            raise trouble.error()
        if len(self._waiting) >= QUEUE_MAX:
            raise StoreError(
                f"{QUEUE_MAX} acts wait already.", hint="The disk is too slow for this many taps."
            )
        self._waiting.append(cast("Waiting[object]", waiting))

    def _lead(self) -> None:
        """Take the seat if it is free, and serve one batch; whoever came meanwhile is left to the thread."""
        if self._seat.acquire(blocking=False):
            try:
                self._serve()
            finally:
                self._seat.release()
            if self._waiting:
                self._ring()

    def _ring(self) -> None:
        """Have the thread serve what waits; where it has ended, refuse it here."""
        if not self._ended:
            self._bell.put(True)
            return
        with self._seat:
            self._refuse_all()

    # For who holds the seat

    def _serve(self) -> None:
        """Run one batch of what waits, and answer it."""
        count = min(len(self._waiting), BATCH_MAX)
        batch = [self._waiting.popleft() for _ in range(count)]
        ledger = self._ledger
        if ledger is None or self._trouble is not None:
            self._refuse(batch)
            return
        try:
            done = ledger.run([waiting.act for waiting in batch])
        except BaseException as error:
            # Whatever broke, every waiter is answered; an interrupt goes on to whom it was meant for.
            self._fail(error)
            self._refuse(batch)
            if not isinstance(error, Exception):
                raise
            return
        self._chores.wal_due = True
        self._served_ms = self._clock.monotonic_ms()
        for waiting, outcome in zip(batch, done.outcomes, strict=True):
            waiting.answer(outcome)
        results = [outcome.result for outcome in done.outcomes if outcome.error is None]
        if self._listeners.put(results, done.events):
            self._bell.put(True)
        if ledger.unsettled() > EFFECTS_ROWS_MAX:
            self._guarded(lambda: ledger.settle(STEP_ROWS_MAX))

    def _refuse(self, batch: Sequence[Waiting[object]]) -> None:
        trouble = self._trouble or Trouble(Cause.UNREACHABLE)
        for waiting in batch:
            waiting.answer(Outcome(error=trouble.error()))

    def _refuse_all(self) -> None:
        self._refuse([self._waiting.popleft() for _ in range(len(self._waiting))])

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except driver.BROKEN as error:
            self._fail(error)

    def _halt(self, why: str) -> None:
        self._trouble, self._ledger = Trouble(Cause.FROZEN, why), None
        LOG.error("nothing is appended any more: %s", why)
        self._refuse_all()

    # The thread's own

    def _keep(self) -> None:
        with self._seat:
            self._open()
        self._ready.set()
        going = True
        while going:
            try:
                going = self._bell.get(timeout=TICK_S)
            except queue.Empty:
                self._tick()
            while self._waiting:
                with self._seat:
                    if self._waiting:
                        self._serve()
            self._listeners.tell()
        with self._seat:
            self._close()
        # Who came in while the seat was held for closing found it taken, and waits.
        with self._seat:
            self._ended = True
            self._refuse_all()

    def _tick(self) -> None:
        """Do a piece of what can wait, if the house is quiet and the seat is free."""
        now = self._clock.monotonic_ms()
        if self.frozen:
            return
        if self._trouble is not None:
            patience_ms = PROBE_DAMAGED_MS if self._trouble.cause is Cause.DAMAGED else PROBE_MS
            if now - self._probed_ms >= patience_ms:
                with self._seat:
                    self._probe(now)
            return
        with self._seat:  # stop while the reserve still lets that be written down
            self._guarded(self._store.folder.demand_room)
            ledger = self._ledger
            if ledger is not None:
                self._guarded(ledger.attest)
        while not self._waiting and now - self._served_ms >= QUIET_MS:
            with self._seat:
                more = self._tidy_piece(now)
            if not more:
                return

    def _tidy_piece(self, now: int) -> bool:
        try:
            return self._ledger is not None and self._chores.piece(self._ledger, now)
        except driver.DISK as error:
            self._fail(error)
            return False

    # When the store fails

    def _open(self) -> None:
        try:
            self._ledger = self._store.open(self._owner, self._clock)
            self._trouble = None
            if self._ledger.frozen:
                self._halt(self._ledger.frozen)
        except StoreForeign as error:
            self._refusal = error
        except Exception as error:  # a start must end, and the gate say "see staff", whatever is in the file
            self._fail(error)

    def _fail(self, error: BaseException) -> Trouble:
        """Refuse everything from now on; free the reserve if the disk is full; write down why."""
        trouble = self._store.diagnose(error)
        self._trouble = trouble
        self._ledger = None
        self._failed_ms = self._probed_ms = self._clock.monotonic_ms()
        LOG.error("the store cannot write: %s", trouble.words)
        self._store.confess(self._owner, self._clock, trouble)
        return trouble

    def _probe(self, now: int) -> None:
        """Try to open and write again; the gates come back by themselves."""
        self._probed_ms = now
        trouble = self._trouble or Trouble(Cause.UNREACHABLE)
        try:
            ledger = self._store.open(self._owner, self._clock)
            self._store.folder.demand_room()
            if trouble.cause is Cause.DAMAGED:
                self._store.demand_whole()
            done = ledger.run([told(Kind.STORE_RECOVERED, trouble, amount=now - self._failed_ms)])
        except Exception as error:  # a probe is tried again for ever
            self._trouble = self._store.diagnose(error)
            self._store.shut()
            if self._trouble.cause is Cause.FULL:
                with suppress(OSError):
                    self._store.folder.free_reserve()
            return
        self._ledger = ledger
        self._trouble = None
        LOG.warning("the store writes again after %d ms", now - self._failed_ms)
        self._listeners.put([], done.events)

    def _close(self) -> None:
        self._trouble = Trouble(Cause.STOPPED)
        self._refuse_all()
        ledger = self._ledger
        if ledger is not None:
            self._guarded(lambda: ledger.attest(last=True))
            self._guarded(lambda: [None for _ in iter(ledger.settle, 0)])
        self._trouble = Trouble(Cause.STOPPED)
        self._ledger = None
        self._store.close()
