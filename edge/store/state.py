"""The state file: opened, kept small and closed by the one thread that writes it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

from edge.clock import Clock
from edge.core.events import Acted, Kind
from edge.errors import StoreDamaged
from edge.store import driver
from edge.store.batch import Act, Ledger
from edge.store.cells import CLEAR, Cells
from edge.store.checkpoints import Notary
from edge.store.database import cut_log, open_writer
from edge.store.folder import RESERVE_BYTES, Folder
from edge.store.migrations import STATE_VERSION, migrate
from edge.store.pruning import Pruner
from edge.store.queries import QUERIES
from edge.store.records import Owner
from edge.store.strays import Lookout, Strays
from edge.store.trouble import Cause, Trouble, trouble_of

LOG = logging.getLogger("polso.sequencer")
CHECKPOINT_PAGES_MIN = 64
"""A smaller WAL is not worth a checkpoint's syncs."""


class Store:
    """The folder's ``state.db``, locked from the start; only the sequencer's thread opens and writes it."""

    def __init__(
        self, path: Path, *, reserve_bytes: int = RESERVE_BYTES, folder: Folder | None = None
    ) -> None:
        """Take the folder's lock, or raise ``StoreBusy`` naming who holds it."""
        self.folder = folder or Folder(path, reserve_bytes=reserve_bytes)
        self.folder.take()
        self._connection: sqlite3.Connection | None = None
        self._pruner: Pruner | None = None
        self._lookout = Lookout()
        self._strays = Strays(self.folder.state, self._lookout)
        self._cells = CLEAR
        self._notary: Notary | None = None

    def seal_by(self, cells: Cells) -> None:
        """Hide from now on what is kept of people; a device says so before it opens the file."""
        self._cells = cells

    def employ(self, notary: Notary) -> None:
        """Have checkpoints made of what is written from the next opening on."""
        self._notary = notary

    def open(self, owner: Owner, clock: Clock) -> Ledger:
        """Open the file rightly, bring its schema up to date and load where the journal stands."""
        self.shut()
        self.folder.keep_reserve()
        return self.open_without_reserve(owner, clock)

    def open_without_reserve(self, owner: Owner, clock: Clock) -> Ledger:
        """Open the file while the reserve is given back: only to write down that the disk is full."""
        self.shut()
        connection = open_writer(self.folder.state)
        try:
            migrate(connection, "state", STATE_VERSION, cells=self._cells)
            ledger = Ledger(connection, owner, clock, cells=self._cells, notary=self._notary)
            ledger.look_out(self._lookout)
        except BaseException:
            connection.close()
            raise
        self._connection, self._pruner = connection, Pruner(connection)
        return ledger

    def confess(self, owner: Owner, clock: Clock, trouble: Trouble) -> None:
        """Write down as a last act why nothing is written any more, as far as that can be done; then shut."""
        self.shut()
        try:
            if trouble.cause is Cause.FULL:
                self.folder.free_reserve()
            ledger = self.open_without_reserve(owner, clock)
            ledger.run([told(Kind.STORE_FAILED, trouble, amount=None)])
        except Exception as second:  # the first failure has been told; a second one must not end the thread
            LOG.error("not even that could be written down: %s", second)
        self.shut()

    def demand_whole(self) -> None:
        """Raise ``StoreDamaged`` unless every page of the file can be used; walks the whole file."""
        if self._connection is not None:
            found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreDamaged(str(found))

    def shut(self) -> None:
        """Close the file but keep the folder; what cannot be closed cleanly is left to recovery."""
        connection, self._connection, self._pruner = self._connection, None, None
        self._strays.close()
        if connection is not None:
            with suppress(*driver.ERRORS):
                connection.close()

    def close(self) -> None:
        """Close the file and give the folder back."""
        self.shut()
        self.folder.release()

    def checkpoint(self, mode: str = "PASSIVE") -> None:
        """Move the WAL's pages into the file; PASSIVE never waits for a reader."""
        if self._connection is not None:
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()

    def erase_ghosts(self) -> bool:
        """Truncate the WAL, so that deleted rows are nowhere; False while a reader still holds it."""
        if self._connection is None:
            return False
        self._strays.close()
        return cut_log(self._connection)

    def erase_people(self) -> bool:
        """Delete all that is kept of people, and each byte of it; False while a reader still holds some."""
        if self._connection is None:
            return False
        self._connection.execute(QUERIES["begin"])
        for name in ("answers_forget", "members_forget", "kept_forget"):
            self._connection.execute(QUERIES[name])
        self._connection.execute(QUERIES["commit"])
        return self.erase_ghosts()

    def wal_bytes(self) -> int:
        """Return the size of the WAL; a long reader keeps it from being reset."""
        try:
            return self.folder.state.with_name("state.db-wal").stat().st_size
        except OSError:
            return 0

    def prune(self, now_ms: int) -> int:
        """Forget a bounded piece of what central has held for days; return how many rows went."""
        return 0 if self._pruner is None else self._pruner.step(now_ms)

    def look_over(self, now_ms: int) -> bool:
        """Look at a bounded piece of what decides, and put back what is astray; say whether there is more."""
        return self._connection is not None and self._strays.piece(self._connection, now_ms)

    def diagnose(self, error: BaseException) -> Trouble:
        """Return the trouble behind an error, asking the disk itself where the error is vague."""
        trouble = trouble_of(error)
        if trouble.cause is not Cause.UNREACHABLE:
            return trouble
        try:
            self.folder.try_writing()
        except OSError as second:
            return Trouble(trouble_of(second).cause, trouble.detail)
        return trouble


def told(kind: Kind, trouble: Trouble, *, amount: int | None) -> Act:
    """Return the act that writes down a trouble or its end."""
    body = Acted(reason=trouble.cause, note=trouble.detail, amount=amount)
    return lambda transaction: transaction.append(kind, body)
