"""Opening: what SQLite was asked for is read back, and a folder has one holder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.errors import StoreBusy, StoreError
from edge.store.cells import Cells
from edge.store.database import (
    BUSY_MS,
    READER,
    READER_BUSY_MS,
    WRITER,
    has_wal_reset_bug,
    open_reader,
    open_writer,
    refuse_old_sqlite,
    set_pragma,
)
from edge.store.folder import Folder
from edge.store.migrations import STATE_VERSION, UNUSED, migrate, state_steps
from edge.store.records import Owner, StoreForeign
from edge.store.state import Store
from tests.store.house import OWNER, a_record, a_sequencer


def test_writer_holds_every_setting_that_durability_stands_on(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "state.db")
    found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in WRITER}
    connection.close()
    assert found == dict(WRITER)
    assert (found["journal_mode"], found["synchronous"], found["secure_delete"]) == ("wal", 2, 1)


REBUILDING = """
import fcntl, sys
with open(sys.argv[1], "r+b", buffering=0) as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 3, 120)  # to write, to checkpoint, to recover
    header = index.read(96)
    index.seek(0)
    index.write(bytes(96))
    print("held", flush=True)
    sys.stdin.readline()
    index.seek(0)
    index.write(header)
"""
"""Does what a connection does that rebuilds the WAL's index: holds its locks, and leaves no valid header."""


@pytest.mark.parametrize("wait_ms", [READER_BUSY_MS * 20, 0])
def test_reader_waits_while_the_index_is_rebuilt(tmp_path: Path, wait_ms: int) -> None:
    """With its control: without waiting the same question is refused."""
    writer = open_writer(tmp_path / "state.db")
    writer.execute("CREATE TABLE t (x)")
    reader = open_reader(tmp_path / "state.db")
    assert reader.execute("PRAGMA busy_timeout").fetchone() == (READER_BUSY_MS,)
    reader.execute("SELECT x FROM t").fetchone()
    reader.execute(f"PRAGMA busy_timeout = {wait_ms}")
    command = [sys.executable, "-c", REBUILDING, str(tmp_path / "state.db-shm")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        letting_go = threading.Timer(0.1, other.communicate)
        if wait_ms:
            letting_go.start()
            assert reader.execute("SELECT x FROM t").fetchone() is None
            letting_go.join()
        else:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                reader.execute("SELECT x FROM t").fetchone()
            other.communicate()
    reader.close()
    writer.close()


def test_reader_can_neither_write_nor_checkpoint_by_itself(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "state.db")
    writer.execute("CREATE TABLE t (x)")
    reader = open_reader(tmp_path / "state.db")
    found = {name: reader.execute(f"PRAGMA {name}").fetchone()[0] for name in READER}
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("INSERT INTO t VALUES (1)")
    reader.close()
    writer.close()
    assert found["wal_autocheckpoint"] == 0


def test_setting_that_sqlite_silently_ignores_refuses_the_file() -> None:
    # A database in memory has no write-ahead log, and says so only if asked.
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreError, match="journal_mode = wal"):
        set_pragma(connection, "journal_mode", "wal")
    connection.close()


def test_sqlite_without_strict_tables_is_refused_with_what_to_do() -> None:
    with pytest.raises(StoreError, match=r"SQLite 3\.36\.0 is too old") as told:
        refuse_old_sqlite((3, 36, 0))
    assert "Update" in told.value.hint


@pytest.mark.parametrize(("version", "has_it"), [((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)])
def test_wal_reset_bug_is_told_by_version(version: tuple[int, ...], has_it: bool) -> None:
    assert has_wal_reset_bug(version) is has_it


def test_second_holder_in_this_process_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    first = Store(tmp_path)
    try:
        with pytest.raises(StoreBusy, match=rf"Another polso \(pid {os.getpid()}\) uses this folder"):
            Store(tmp_path)
    finally:
        first.close()
    Store(tmp_path).close()


@pytest.mark.timeout(20)
def test_second_process_on_the_same_folder_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edge.store.state import Store; Store(Path(sys.argv[1]))"
    )
    first = Store(tmp_path)
    try:
        found = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
        )
    finally:
        first.close()
    assert found.returncode != 0
    assert f"Another polso (pid {os.getpid()}) uses this folder: {tmp_path}" in found.stderr


def test_reserve_stands_in_real_blocks(tmp_path: Path) -> None:
    folder = Folder(tmp_path, reserve_bytes=65_536)
    folder.keep_reserve()
    assert folder.reserve.stat().st_blocks * 512 >= 65_536


def test_sparse_reserve_gives_nothing_back_and_is_made_anew(tmp_path: Path) -> None:
    folder = Folder(tmp_path, reserve_bytes=65_536)
    with folder.reserve.open("wb") as sparse:
        sparse.truncate(65_536)
    assert not folder.has_reserve()
    folder.keep_reserve()
    assert folder.has_reserve()


def test_journal_of_another_device_is_never_continued(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_record())
    other = a_sequencer(tmp_path, owner=Owner("park", "edge-2", OWNER.public_key))
    with pytest.raises(StoreForeign, match="journal of edge-1 at park, not of edge-2"):
        other.__enter__()
    Store(tmp_path).close()


def test_store_of_a_newer_polso_is_refused_because_nothing_goes_back(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "state.db")
    connection.execute(f"PRAGMA user_version = {STATE_VERSION + 1}")
    with pytest.raises(StoreForeign, match="written by a newer Polso"):
        migrate(connection, "state", STATE_VERSION)
    connection.close()


def test_migration_that_broke_half_way_left_nothing_and_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = open_writer(tmp_path / "state.db")
    whole = state_steps

    def broken(cells: Cells) -> object:
        steps = whole(cells)

        @steps(name="9999-breaks")
        def breaks(db: object) -> None:
            connection.execute("CREATE TABLE half (x)")
            raise RuntimeError("power")

        return steps

    with monkeypatch.context() as patch:
        patch.setattr("edge.store.migrations.state_steps", broken)
        with pytest.raises(RuntimeError, match="power"):
            migrate(connection, "state", STATE_VERSION)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "journal" in tables
    assert "half" not in tables
    migrate(connection, "state", STATE_VERSION)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == STATE_VERSION
    connection.close()


def test_reader_waits_for_a_recovery_and_writer_for_nobody(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "some.db")
    reader = open_reader(tmp_path / "some.db")
    waits = [each.execute("PRAGMA busy_timeout").fetchone()[0] for each in (writer, reader)]
    reader.close()
    writer.close()
    assert waits == [BUSY_MS, READER_BUSY_MS] == [0, 250]


BEGINNING = """
import sqlite3, sys
from edge.store.migrations import STATE_VERSION, UNUSED, migrate
migrate(sqlite3.connect(":memory:"), "state", STATE_VERSION)
assert not sys.modules.keys() & {*UNUSED}
import numpy, pandas
"""
"""A new store, and somebody who needs what it does without."""


def test_new_store_looks_for_no_package_of_an_analysis_and_whoever_needs_one_finds_it(tmp_path: Path) -> None:
    for name in UNUSED:
        (tmp_path / f"{name}.py").write_text("print(__name__)")
    paths = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", BEGINNING], env=paths, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, [*UNUSED]), done.stderr
