"""Chores: what the journal needs done while nobody taps, a bounded piece at a time."""

from __future__ import annotations

from edge.clock import Clock
from edge.store.batch import Ledger
from edge.store.state import Store

PRUNE_MS = 60_000
"""How often old records are looked for; while there are some, each quiet tick takes a piece."""


class Chores:
    """Moves rows into their tables, the WAL into its file, and forgets what is old; at the seat only."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Begin with nothing to do."""
        self._store, self._clock = store, clock
        self._pruned_ms = 0
        self.wal_due = False
        """Whether anything was written since the WAL was moved into its file."""

    def piece(self, ledger: Ledger, now_ms: int) -> bool:
        """Do one piece; say whether there is another."""
        if ledger.unsettled():
            ledger.settle()
            self.wal_due = True
            return True
        if self.wal_due:
            self._store.checkpoint()
            self.wal_due = False
        return self._prune(now_ms) or self._store.look_over(now_ms)

    def _prune(self, now_ms: int) -> bool:
        if now_ms - self._pruned_ms < PRUNE_MS:
            return False
        gone = self._store.prune(self._clock.now_ms())
        self.wal_due = gone > 0
        self._pruned_ms = now_ms if gone == 0 else self._pruned_ms
        return gone > 0
