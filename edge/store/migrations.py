"""The schemas of both files, as steps that only go forward and can be restarted anywhere."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, cast

from edge.store.cells import CLEAR, Cells
from edge.store.records import StoreForeign
from edge.store.resealing import seal_clear

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

STATE_VERSION = 2
PROFILES_VERSION = 2
UNUSED = ("numpy", "pandas")
"""What sqlite-utils looks for and no store here needs: 0.35 s of a processor, where installed."""

STATE_1 = """
CREATE TABLE owner (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    site TEXT NOT NULL, device TEXT NOT NULL, public_key BLOB NOT NULL) STRICT;
CREATE TABLE journal (
    key INTEGER PRIMARY KEY,
    lane INTEGER GENERATED ALWAYS AS (key >> 48) VIRTUAL,
    seq INTEGER GENERATED ALWAYS AS (key & 281474976710655) VIRTUAL,
    hlc INTEGER NOT NULL, offset_ms INTEGER NOT NULL, uncertainty_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL, schema INTEGER NOT NULL, band BLOB, body BLOB NOT NULL, h BLOB NOT NULL) STRICT;
CREATE TABLE effects (key INTEGER PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE TABLE anchors (lane INTEGER PRIMARY KEY, seq INTEGER NOT NULL, h BLOB NOT NULL) STRICT;
CREATE TABLE acks (
    lane INTEGER NOT NULL, hour INTEGER NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (lane, hour)) STRICT, WITHOUT ROWID;
CREATE TABLE bands (
    band BLOB PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE uses (
    entitlement TEXT NOT NULL, device TEXT NOT NULL, ordinal INTEGER NOT NULL,
    body BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (entitlement, device, ordinal)) STRICT, WITHOUT ROWID;
CREATE TABLE answers (
    tap_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE members (
    party TEXT NOT NULL, band BLOB NOT NULL, role TEXT NOT NULL, body BLOB NOT NULL,
    digest BLOB NOT NULL, PRIMARY KEY (party, band)) STRICT, WITHOUT ROWID;
CREATE TABLE kept (
    kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
CREATE TABLE pointer (id INTEGER PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL) STRICT
"""

PROFILES_1 = """
CREATE TABLE profiles (
    key INTEGER PRIMARY KEY, band BLOB NOT NULL, rev INTEGER NOT NULL, guest TEXT, name TEXT,
    body BLOB NOT NULL, keys BLOB, digest BLOB NOT NULL) STRICT;
CREATE TABLE refused (band BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE site (
    kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL,
    body BLOB NOT NULL, digest BLOB NOT NULL,
    PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
CREATE TABLE cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT
"""

PROFILES_2 = """
DROP INDEX IF EXISTS profiles_guest;
DROP INDEX IF EXISTS profiles_name;
DROP TABLE profiles;
DROP TABLE site;
CREATE TABLE profiles (
    key INTEGER PRIMARY KEY, band BLOB NOT NULL, rev INTEGER NOT NULL,
    guest INTEGER, name INTEGER, start INTEGER, body BLOB NOT NULL, keys BLOB) STRICT;
CREATE TABLE site (
    kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID
"""
"""Bodies are sealed; guest, name and its first characters are blind: equal where those are equal, no more."""

PROFILES_INDEX = """
CREATE INDEX IF NOT EXISTS profiles_guest ON profiles (guest) WHERE guest IS NOT NULL;
CREATE INDEX IF NOT EXISTS profiles_name ON profiles (name) WHERE name IS NOT NULL;
CREATE INDEX IF NOT EXISTS profiles_start ON profiles (start) WHERE start IS NOT NULL
"""


def statements(script: str) -> list[str]:
    """Return the statements of a script: ``executescript`` would commit behind a migration's back."""
    return [part for part in script.split(";") if part.strip()]


def run_all(connection: sqlite3.Connection, script: str) -> None:
    """Run each statement of a script."""
    for statement in statements(script):
        connection.execute(statement)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Import as if these packages were not installed; who asks for them afterwards finds them."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, cast("ModuleType", None)))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def state_steps(cells: Cells) -> Migrations:
    """Return the steps of ``state.db``; a released step is never edited, only followed."""
    from sqlite_utils import Migrations  # late: a store that is up to date starts without it

    steps = Migrations("state")

    @steps(name="0001-begin")
    def begin(db: Database) -> None:
        run_all(db.conn, STATE_1)

    @steps(name="0002-sealed")
    def sealed(db: Database) -> None:
        seal_clear(db.conn, cells)

    return steps


def profile_steps() -> Migrations:
    """Return the steps of a profile file."""
    from sqlite_utils import Migrations  # late: as above

    steps = Migrations("profiles")

    @steps(name="0001-begin")
    def begin(db: Database) -> None:
        run_all(db.conn, PROFILES_1)

    @steps(name="0002-sealed")
    def sealed(db: Database) -> None:
        # Only a new file comes here: one with rows is built anew (edge.store.former).
        run_all(db.conn, PROFILES_2)

    return steps


def migrate(connection: sqlite3.Connection, steps: str, version: int, *, cells: Cells = CLEAR) -> None:
    """Bring a file to ``version``: what was half done begins again, nothing ever goes back."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > version:
        message = f"This folder was written by a newer Polso (schema {found}, this one knows {version})."
        raise StoreForeign(message, hint="Install the newer version again; a store never goes back.")
    if found == version:
        return
    with _without(*UNUSED):
        from sqlite_utils import Database  # late: as above

    pending = state_steps(cells) if steps == "state" else profile_steps()
    pending.apply(Database(connection))
    connection.execute(f"PRAGMA user_version = {version:d}")
