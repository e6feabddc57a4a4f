"""Disks: a device's own as the simulator has it, which may have no room left for anything more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from edge.clock import Clock
from edge.store.batch import Ledger
from edge.store.folder import Folder
from edge.store.records import Owner
from edge.store.state import Store

LAST_PAGES = 24
"""What a reserve that was given back has room for: it is there to say why nothing is written."""


class Disk(Folder):
    """A data folder on a disk that is ``full`` while the story wants it."""

    full = False

    def keep_reserve(self) -> None:
        """Allocate the reserve, if there is room for it."""
        if self.full and not self.has_reserve():
            raise self._no_room()
        super().keep_reserve()

    def demand_room(self) -> None:
        """Raise ``OSError`` where nothing more may be written."""
        if self.full:
            raise self._no_room()
        super().demand_room()

    def _no_room(self) -> OSError:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path.name)


class DiskStore(Store):
    """The product's store on such a disk: SQLite itself says that there is no page left."""

    def __init__(self, path: Path, *, reserve_bytes: int) -> None:
        """Take the folder."""
        self.disk = Disk(path, reserve_bytes=reserve_bytes)
        super().__init__(path, folder=self.disk)

    def fill(self, *, full: bool) -> None:
        """Leave no page free, or have room again."""
        self.disk.full = full
        self._limit(0)

    def open_without_reserve(self, owner: Owner, clock: Clock) -> Ledger:
        """Open the file; on a full disk what the reserve gave back is all that there is."""
        ledger = super().open_without_reserve(owner, clock)
        self._limit(LAST_PAGES)
        return ledger

    def _limit(self, more: int) -> None:
        if self._connection is not None:
            pages = self._connection.execute("PRAGMA page_count").fetchone()[0] + more
            most = pages if self.disk.full else PAGES_MAX
            self._connection.execute(f"PRAGMA max_page_count = {most:d}").fetchall()


PAGES_MAX = 1_073_741_823
"""What SQLite allows by itself."""
