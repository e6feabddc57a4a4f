"""The driver: which SQLite opens a file, plain or wholly encrypted, and what both of them raise."""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import cast
from urllib.parse import quote

from edge.errors import ConfigError, StoreError
from edge.store.folder import sync_folder

FILE_KEY_BYTES = 32
COPY_WAIT_S = 5.0
"""A copy waits so long while whoever opens the file first recovers its log."""
CIPHER_SQLITE_OLDEST = (3, 53, 4)
"""What sqlcipher3 0.6.4 brings; other builds bundle a SQLite with the WAL-reset bug."""
PLAIN_HEAD = b"SQLite format 3\0"
HINT = "pip install 'polso[sqlcipher]', or give the device a new folder with store.encrypt = false."


def _found() -> ModuleType | None:
    try:
        return importlib.import_module("sqlcipher3.dbapi2")
    except ImportError:
        return None


CIPHER = _found()
ERRORS: tuple[type[Exception], ...] = (sqlite3.Error, *((CIPHER.Error,) if CIPHER else ()))
"""What a driver raises: catch this, never one driver's own class."""
DUPLICATES: tuple[type[Exception], ...] = (
    sqlite3.IntegrityError,
    *((CIPHER.IntegrityError,) if CIPHER else ()),
)
"""What a driver raises where a row with this key is there already."""
DISK: tuple[type[Exception], ...] = (*ERRORS, OSError)
"""What a driver or the system raises where a disk does not do what it should."""
BROKEN: tuple[type[Exception], ...] = (*DISK, StoreError)
"""The same, also where it was put into our own words already."""
_FOLDERS: dict[Path, str] = {}
"""Raw keys by folder, in the form that SQLCipher takes without deriving anything (0.25 s at each opening)."""


def encrypt(folder: Path, key: bytes) -> None:
    """Open every file of ``folder`` as an encrypted one from now on; plain ones are turned over first."""
    cipher = _demanded()
    if len(key) != FILE_KEY_BYTES:
        raise StoreError(f"A file's key has {FILE_KEY_BYTES} octets.")
    # sqlite-utils takes a module of this name before the standard library's, and catches its exceptions.
    sys.modules.setdefault("pysqlite3", importlib.import_module("sqlcipher3"))
    sys.modules.setdefault("pysqlite3.dbapi2", cipher)
    raw = f"x'{key.hex()}'"
    for path in sorted(folder.glob("*.db")):
        if is_plain(path):
            _turn_over(path, cipher, raw)
    _FOLDERS[folder.resolve()] = raw


def forget(folder: Path) -> None:
    """Open the files of ``folder`` as plain ones again."""
    _FOLDERS.pop(folder.resolve(), None)


def connect(path: Path, uri: str, *, timeout_s: float) -> sqlite3.Connection:
    """Open a file by its address; an encrypted one gets its key before anything else is asked of it."""
    raw = _FOLDERS.get(path.absolute().parent.resolve())
    module = sqlite3 if raw is None else _demanded()
    options = {"uri": True, "isolation_level": None, "check_same_thread": False, "timeout": timeout_s}
    connection = cast("sqlite3.Connection", module.connect(uri, **options))
    if raw is not None:
        _unlock(connection, raw)
    return connection


def copy(path: Path, target: Path) -> None:
    """Copy a file as it stands at this moment, also while its device writes on (SQLite's online backup).

    An encrypted one stays encrypted by the same key.
    """
    raw = _FOLDERS.get(path.absolute().parent.resolve())
    if raw is not None:
        _FOLDERS[target.absolute().parent.resolve()] = raw
    found, made = (
        connect(one, f"file:{quote(str(one.absolute()))}?mode={mode}", timeout_s=COPY_WAIT_S)
        for one, mode in ((path, "ro"), (target, "rwc"))
    )
    try:
        found.backup(made)
    finally:
        made.close()
        found.close()


def version_of(path: Path) -> tuple[int, ...]:
    """Return the version of the SQLite that opens ``path``."""
    if path.absolute().parent.resolve() in _FOLDERS:
        found: tuple[int, ...] = _demanded().sqlite_version_info
        return found
    return sqlite3.sqlite_version_info


def is_plain(path: Path) -> bool:
    """Say whether a file is one that any SQLite reads."""
    with path.open("rb") as file:
        return file.read(len(PLAIN_HEAD)) == PLAIN_HEAD


def _demanded() -> ModuleType:
    if CIPHER is None:
        raise ConfigError("store.encrypt needs SQLCipher, which is not installed.", hint=HINT)
    if CIPHER.sqlite_version_info < CIPHER_SQLITE_OLDEST:
        raise ConfigError(f"This SQLCipher brings SQLite {CIPHER.sqlite_version}: too old.", hint=HINT)
    return CIPHER


def _unlock(connection: sqlite3.Connection, raw: str) -> None:
    try:
        connection.execute(f'PRAGMA key = "{raw}"').fetchall()
    except ERRORS:
        connection.close()
        raise StoreError("A file's key was not taken.") from None  # the cause would quote the statement


def _turn_over(path: Path, cipher: ModuleType, raw: str) -> None:
    """Copy a plain file into an encrypted one and put that in its place; whenever killed, one stands."""
    new = path.with_name(f"{path.name}.sealed")
    new.unlink(missing_ok=True)
    connection = cipher.connect(str(path), isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute("PRAGMA journal_mode = delete").fetchall()
        connection.execute(f'ATTACH DATABASE ? AS sealed KEY "{raw}"', (str(new),))
        connection.execute("SELECT sqlcipher_export('sealed')").fetchall()
        connection.execute(f"PRAGMA sealed.user_version = {version:d}")
        connection.execute("DETACH DATABASE sealed")
    except ERRORS as error:
        raise StoreError(f"{path} cannot be encrypted: {type(error).__name__}.") from None
    finally:
        connection.close()
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
