"""Readers: one read-only connection per thread, opened anew when the file behind them changes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.errors import StoreError
from edge.store import driver
from edge.store.database import open_reader
from edge.store.records import Cell, Row
from edge.store.trouble import trouble_of

READERS_MAX = 256
"""Threads that may read at once; a connection holds a page cache."""


class Readers:
    """Hands each thread its own read-only connection to one file and closes those of threads that ended.

    Every read is over when its call returns: one left open would keep the WAL from being reset.
    """

    def __init__(self, path: Path, unused: Callable[[Path], None] | None = None) -> None:
        """Read ``path``; a file left behind that nobody reads any more is handed to ``unused``."""
        self._path = path
        self._unused = unused
        self._round = 0
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, tuple[Path, sqlite3.Connection]] = {}
        self._mine = threading.local()

    @property
    def path(self) -> Path:
        """Return the file that new questions are answered from."""
        return self._path

    def turn_to(self, path: Path) -> None:
        """Answer from another file; each thread closes its old connection at its next question."""
        with self._lock:
            old, self._path = self._path, path
            self._round += 1
            self._tell_unused({old})

    def one(self, statement: str, parameters: Sequence[Cell] = ()) -> Row:
        """Return the first row, or None."""
        try:
            return self._connection().execute(statement, parameters).fetchone()
        except driver.ERRORS as error:
            raise trouble_of(error).error() from error

    def all(self, statement: str, parameters: Sequence[Cell] = ()) -> list[Row]:
        """Return every row; the statement itself bounds them."""
        try:
            return self._connection().execute(statement, parameters).fetchall()
        except driver.ERRORS as error:
            raise trouble_of(error).error() from error

    def close(self) -> None:
        """Close every connection; a later question opens a new one."""
        with self._lock:
            self._round += 1
            self._close_of(list(self._open))

    def _connection(self) -> sqlite3.Connection:
        mine = self._mine
        if getattr(mine, "round", -1) == self._round:
            connection: sqlite3.Connection = mine.connection
            return connection
        return self._reopen()

    def _reopen(self) -> sqlite3.Connection:
        with self._lock:
            ended = [thread for thread in self._open if not thread.is_alive()]
            self._close_of([*ended, threading.current_thread()])
            if len(self._open) >= READERS_MAX:
                raise StoreError(f"{READERS_MAX} threads read already.")
            connection = open_reader(self._path)
            self._open[threading.current_thread()] = (self._path, connection)
            self._mine.connection, self._mine.round = connection, self._round
            return connection

    def _close_of(self, threads: list[threading.Thread]) -> None:
        left = set()
        for thread in threads:
            path, connection = self._open.pop(thread, (None, None))
            if path is not None and connection is not None:
                connection.close()
                left.add(path)
        self._tell_unused(left)

    def _tell_unused(self, left: set[Path]) -> None:
        """A file must not go while SQLite reads it, nor while it is being opened: hence under the lock."""
        for path in left - {self._path} - {path for path, _ in self._open.values()}:
            if self._unused is not None:
                self._unused(path)
