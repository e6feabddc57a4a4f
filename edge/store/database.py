"""Opening a SQLite file rightly: what was asked of it is read back, or it is not used."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from edge.errors import StoreError
from edge.store import driver
from edge.store.folder import sync_file

WAL_RESET_FIXED = (3, 51, 3)
"""Before it two connections that write or checkpoint at once can corrupt a WAL file (sqlite.org/wal.html).

Polso never lets that happen: one connection per file writes and checkpoints, a lock refuses a second one.
"""
SQLITE_OLDEST = (3, 37, 0)
"""The first with STRICT tables."""
BUSY_MS = 0
"""Nobody else may hold the write lock, so waiting for it would only hide that somebody does."""
READER_BUSY_MS = 250
"""A reader waits while whoever opens a file first recovers its WAL; no tap is told that it is locked."""

WRITER: Mapping[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "secure_delete": 1,
    "foreign_keys": 1,
    "temp_store": 2,
    "wal_autocheckpoint": 1000,
}
READER: Mapping[str, str | int] = {"query_only": 1, "temp_store": 2, "wal_autocheckpoint": 0}


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Say whether this SQLite needs the one-writer rule to stay whole."""
    return version < WAL_RESET_FIXED


def open_writer(path: Path, pragmas: Mapping[str, str | int] = WRITER) -> sqlite3.Connection:
    """Open the one connection that may write and checkpoint ``path``; durable before a commit returns."""
    refuse_old_sqlite(driver.version_of(path))
    return _opened(path, "rwc", pragmas, busy_ms=BUSY_MS)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that never writes and never checkpoints."""
    return _opened(path, "ro", READER, busy_ms=READER_BUSY_MS)


def cut_log(connection: sqlite3.Connection) -> bool:
    """Move the log into its file and cut it off, durably; False while a reader still holds some of it.

    SQLite does not sync what it cuts off: after a power cut what was deleted would lie in the log again.
    """
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False
    (_, _, path), *_ = connection.execute("PRAGMA database_list").fetchall()
    with suppress(FileNotFoundError):  # a file without a log: nothing was cut off
        sync_file(Path(f"{path}-wal"))
    return True


def refuse_old_sqlite(version: tuple[int, ...]) -> None:
    """Refuse a library that does not know what the schema needs."""
    if version < SQLITE_OLDEST:
        found, needed = (".".join(map(str, part)) for part in (version, SQLITE_OLDEST))
        raise StoreError(
            f"SQLite {found} is too old; Polso needs {needed} or later.", hint="Update Python or SQLite."
        )


def _opened(
    path: Path, mode: str, pragmas: Mapping[str, str | int], *, busy_ms: int = BUSY_MS
) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    connection = driver.connect(path, uri, timeout_s=busy_ms / 1000)
    try:
        for name, wanted in pragmas.items():
            set_pragma(connection, name, wanted)
    except BaseException:
        connection.close()
        raise
    return connection


def set_pragma(connection: sqlite3.Connection, name: str, wanted: str | int) -> None:
    """Ask for a setting and read it back; SQLite is silent about what it does not do."""
    connection.execute(f"PRAGMA {name} = {wanted}").fetchall()
    found = connection.execute(f"PRAGMA {name}").fetchone()
    if found is None or found[0] != wanted:
        message = f"SQLite did not take PRAGMA {name} = {wanted}; it says {found and found[0]}."
        raise StoreError(message, hint="Use a file system with shared memory and locks, not a network share.")
