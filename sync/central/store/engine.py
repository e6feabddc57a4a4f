"""Store: central's database, a SQLite file or PostgreSQL by URL, with one way to begin a transaction."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar, cast

import psycopg
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from edge.errors import ConfigError, StoreBusy, StoreError
from sync.central.store.durable import demand_durable
from sync.central.store.migrations import bring_up
from sync.central.store.queues import Queues
from sync.central.store.sealing import SEALS, Seals
from sync.central.store.wakes import CHANNEL, Crier, Listener, Wakes

WRITER_WAIT_S_MAX = 20
"""How long a transaction waits for its turn before the answer is 503."""
READERS_MAX = 16
WRITERS_MAX = 16
"""Open connections of one worker to PostgreSQL."""
PRAGMAS = (("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("foreign_keys", 1))
"""What SQLite must say of itself before anything is entrusted to it."""
WAKE, WAKE_SOON, WAKE_HERE = "polso_wake", "polso_wake_soon", "polso_wake_here"
NOW = "polso_now_ms"
LOCKS = ("FOR UPDATE", "FOR NO KEY UPDATE")
"""The words of statements that may wait for somebody else's commit."""
STALE_MS = 100
"""So old a transaction's time may be after any other statement: the database itself may have slept in it."""
MEMORY = "polso_memory"
MEMORIES_MAX = 1_000
T = TypeVar("T")


class Store:
    """Central's database; ``now_ms`` is the only clock that its rows know.

    On SQLite exactly one connection writes and checkpoints (SQLite before 3.51.3 may corrupt a WAL file that
    two write at one moment) and a lock keeps a second process out. On PostgreSQL many workers share it.
    """

    def __init__(self, url: str, *, now_ms: Callable[[], int], seals: Seals | None = None) -> None:
        """Open ``url`` (``sqlite:///file``, a plain path or ``postgresql://...``), bring the schema up.

        ``seals`` holds a key that lies elsewhere; without one bands' identity keys are neither kept nor told.
        """
        self._now_ms, self._seals = now_ms, seals
        self._inside = threading.local()
        self._memory: dict[Hashable, tuple[int, object]] = {}
        self._lock: IO[str] | None = None
        self._listener: Listener | None = None
        self._crier: Crier | None = None
        self.wakes, self.queues = Wakes(), Queues(WRITER_WAIT_S_MAX)
        self.looks = threading.Lock()
        self.is_postgres = url.startswith("postgres")
        self._writer, self._reader = self._open_postgres(url) if self.is_postgres else self._open_sqlite(url)
        for engine in {self._writer, self._reader}:
            event.listen(engine, "after_cursor_execute", self._after)
        if self.is_postgres:
            self._demand_durable()
        self.bring_up()

    def bring_up(self) -> None:
        """Create the tables of every room imported by now, take the steps not yet taken; harmless again."""
        with self.transaction() as tx:
            bring_up(tx)

    def now_ms(self) -> int:
        """Return central's time in UTC milliseconds."""
        return self._now_ms()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a transaction that may write; commit at the end or roll back, then wake who waits."""
        if getattr(self._inside, "tx", False):
            raise StoreError(
                "A transaction inside a transaction.", hint="Hand the open one on as an argument."
            )
        self._inside.tx = True
        try:
            with translated(), self._writer.begin() as tx:
                sites, here = self._enter(tx)
                yield tx
                soon = set(tx.info[WAKE_SOON]) - sites
                self._announce(tx, sites if self._crier else sites | soon)
        finally:
            self._inside.tx = False
        self.wakes.notify(sites | soon | here)
        if self._crier and soon:
            self._crier.cry(soon)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a short transaction that only reads, beside any writer."""
        with translated(), self._reader.begin() as tx:
            tx.info[NOW], tx.info[SEALS] = self._now_ms(), self._seals
            tx.info[MEMORY] = self._memory
            yield tx

    def erase_ghosts(self) -> bool:
        """Take deleted rows out of the database's files; False while a reader keeps SQLite's log: ask again.

        On PostgreSQL the rows are freed for others to write over; its own logs follow its own retention.
        """
        if self.is_postgres:
            with translated(), self._writer.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")
            return True
        writer = self._writer.raw_connection()
        try:
            # The connection waits some seconds for readers by itself; the row says whether that was enough.
            busy, _, _ = writer.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            (_, _, path), *_ = writer.cursor().execute("PRAGMA database_list").fetchall()
        finally:
            writer.close()
        if int(busy) == 0:
            _sync_log(path)
        return int(busy) == 0

    def listen(self) -> None:
        """Hear of other workers' changes; on SQLite there are none."""
        if self.is_postgres and self._listener is None:
            address = self._writer.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._listener = Listener(address, self.wakes)
            self._listener.start()
            self._crier = Crier(address)
            self._crier.start()

    def close(self) -> None:
        """Send waiters home, close every connection, let the next process in."""
        self.wakes.close()
        if self._listener:
            self._listener.stop()
        if self._crier:
            self._crier.stop()
        self._reader.dispose()
        self._writer.dispose()
        if self._lock:
            self._lock.close()

    def _demand_durable(self) -> None:
        """As SQLite's PRAGMAs are read back: an acknowledgement is leave to prune, a grant is money."""
        try:
            with self.reading() as tx:
                demand_durable(tx)
        except ConfigError:
            self._writer.dispose()
            raise

    def _enter(self, tx: Connection) -> tuple[set[str], set[str]]:
        woken: tuple[set[str], set[str]] = (set(), set())
        tx.info[WAKE], tx.info[WAKE_HERE] = woken
        tx.info[WAKE_SOON] = set()
        tx.info[NOW], tx.info[SEALS] = self._now_ms(), self._seals
        tx.info[MEMORY] = self._memory
        return woken

    def _after(self, tx: Connection, _cursor: object, words: str, *_rest: object) -> None:
        """Move a transaction's time on where a statement may have waited, so that what is over is over."""
        then = tx.info.get(NOW)
        if then is None:
            return  # nobody's transaction: an upkeep statement
        now = self._now_ms()
        if now - then >= STALE_MS or any(lock in words for lock in LOCKS):
            tx.info[NOW] = max(then, now)

    def _announce(self, tx: Connection, sites: set[str]) -> None:
        if self.is_postgres:
            for site in sites:
                tx.execute(text("SELECT pg_notify(:channel, :site)"), {"channel": CHANNEL, "site": site})

    def _open_postgres(self, url: str) -> tuple[Engine, Engine]:
        address = make_url(url).set(drivername="postgresql+psycopg")
        engine = create_engine(address, pool_size=WRITERS_MAX, max_overflow=0, pool_timeout=WRITER_WAIT_S_MAX)
        return engine, engine

    def _open_sqlite(self, url: str) -> tuple[Engine, Engine]:
        path = Path(url.removeprefix("sqlite:///"))
        if "://" in url.removeprefix("sqlite:///") or not path.name:
            raise ConfigError(
                f"{url} is no database address.", hint="Give a file or a postgresql:// address."
            )
        self._lock = _locked(path)
        writer = _sqlite_engine(lambda: _connect(path), size=1)
        event.listen(writer, "begin", _begin_immediate)
        reader = _sqlite_engine(lambda: _connect_reading(path), size=READERS_MAX)
        event.listen(reader, "begin", _begin)
        return writer, reader


def lately(tx: Connection, key: Hashable, make: Callable[[], T], *, for_ms: int) -> T:
    """Return what ``make`` said under this key in the last ``for_ms``, in this worker; else ask it anew.

    For forecasts alone: nothing that must be true now may be remembered.
    """
    memory, now = cast("dict[Hashable, tuple[int, T]]", tx.info[MEMORY]), now_of(tx)
    known = memory.get(key)
    if known is not None and 0 <= now - known[0] < for_ms:
        return known[1]
    if len(memory) >= MEMORIES_MAX:
        memory.clear()
    made = make()
    memory[key] = now, made
    return made


def now_of(tx: Connection) -> int:
    """Return a transaction's moment in UTC milliseconds; its rows carry this one, and by it they end.

    It is when the transaction began, or got the last lock that it asked for, or heard from a database that
    was slow: ask for it after the statement that locks or reads what is judged, never before.
    """
    return int(tx.info[NOW])


def wake_after(tx: Connection, site: str) -> None:
    """Wake everybody who waits for ``site`` once this transaction is durable."""
    tx.info[WAKE].add(site)


def wake_soon_after(tx: Connection, site: str) -> None:
    """Likewise, where other workers may hear of it some moments later, and of several at once.

    PostgreSQL lets those who notify commit one after the other. If this worker dies within that moment, who
    waits at others finds the change when the wait ends: nothing that must not wait may be told so.
    """
    tx.info[WAKE_SOON].add(site)


def wake_here_after(tx: Connection, what: str) -> None:
    """Wake who waits for ``what`` in this worker alone: no commit waits for others to be told."""
    tx.info[WAKE_HERE].add(what)


def is_postgres(tx: Connection) -> bool:
    """Whether this transaction speaks to PostgreSQL."""
    return tx.dialect.name == "postgresql"


@contextmanager
def translated() -> Iterator[None]:
    """Raise what PostgreSQL or SQLite could not do as ``StoreError``."""
    try:
        yield
    except (OperationalError, psycopg.OperationalError, PoolTimeout) as error:
        if isinstance(getattr(error, "orig", error), psycopg.errors.DeadlockDetected):
            raise StoreError("Two workers waited for each other.", hint="Ask again.") from error
        raise StoreError(f"Central's database does not answer: {type(error).__name__}.") from error


def _sqlite_engine(creator: Callable[[], sqlite3.Connection], *, size: int) -> Engine:
    return create_engine(
        "sqlite://",
        creator=creator,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=WRITER_WAIT_S_MAX,
    )


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level=None hands BEGIN to us: the recipe of SQLAlchemy's SQLite page for real transactions.
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=ON")
    for pragma, wanted in PRAGMAS:
        (found,) = connection.execute(f"PRAGMA {pragma}").fetchone()
        if found != wanted:
            raise StoreError(f"SQLite keeps {pragma}={found} instead of {wanted}.", hint="Use a local disk.")
    return connection


def _connect_reading(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _sync_log(path: str) -> None:
    """Make it durable that a log was cut off: SQLite does not, and a power cut brings its rows back.

    Where there is no log, nothing was cut off.
    """
    with suppress(FileNotFoundError), Path(f"{path}-wal").open("rb") as file:
        os.fsync(file.fileno())


def _locked(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreBusy(
            f"Another central already uses {path}.", hint="Stop it, or use PostgreSQL."
        ) from error
    return lock
