"""A full disk while a schema moves on, and for a commit that needs more log than there is room."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.errors import StoreError
from edge.store import migrations, profilefile
from edge.store.cells import Cells
from edge.store.database import cut_log, open_writer
from edge.store.folder import RESERVE_BYTES
from edge.store.former import rebuild
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.queries import QUERIES
from edge.store.resealing import seal_clear
from edge.store.trouble import Cause
from tests.faults.disks import Filler, a_small_disk, until
from tests.faults.test_power_cut_moves import WORDS, a_former_file
from tests.store.house import a_band, a_record, a_sequencer
from tests.store.test_profiles import VAULT, a_profile, an_item

pytestmark = [pytest.mark.timeout(60), pytest.mark.real("disks")]
PROFILES = 1_500


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    with a_small_disk(tmp_path / "disk") as folder:
        yield folder


def version_of(path: Path) -> int:
    """Which schema a file has."""
    with closing(sqlite3.connect(path)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("free_bytes", [0, RESERVE_BYTES + 8_192], ids=["none", "the reserve's and no more"])
def test_a_state_file_that_cannot_be_brought_up_says_so_and_is_brought_up_when_there_is_room(
    disk: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int
) -> None:
    """The journal of the move finds no room: all or nothing of it, and the gate comes back by itself."""
    monkeypatch.setattr("edge.sequencer.PROBE_MS", 50)
    a_former_file(disk)
    filler = Filler(disk)
    filler.leave(free_bytes)
    with a_sequencer(disk, vault=VAULT) as sequencer:
        assert sequencer.trouble is not None
        assert sequencer.trouble.cause is Cause.FULL
        assert "comes back by itself" in sequencer.trouble.error().hint
        with pytest.raises(StoreError, match="disk is full"):
            sequencer.submit(a_record())
        filler.go()
        until(lambda: sequencer.writable()[0])
        words = sequencer.submit(lambda tx: [tx.get("word", f"of-{n}") for n in range(WORDS)])
        assert words == [b"GUEST-WORD"] * WORDS, "sealed once, and opened"
    assert version_of(disk / "state.db") == 2
    with closing(Journal(disk)) as journal:
        assert journal.verify().whole


@pytest.mark.parametrize("together", [True, False], ids=["as it is", "control"])
def test_a_state_file_with_room_for_half_of_its_move_keeps_each_word(
    disk: Path, monkeypatch: pytest.MonkeyPatch, *, together: bool
) -> None:
    """With its control: sealed row by row, what had found room is sealed a second time, and opens no more."""
    monkeypatch.setattr("edge.sequencer.PROBE_MS", 50)
    if not together:
        monkeypatch.setattr(migrations, "seal_clear", row_by_row)
    a_former_file(disk, settled=99)
    filler = Filler(disk)
    filler.leave(RESERVE_BYTES + 65_536)
    with a_sequencer(disk, vault=VAULT) as sequencer:
        assert sequencer.trouble is not None
        assert sequencer.trouble.cause is Cause.FULL
        filler.go()
        until(lambda: sequencer.writable()[0])
        words = sequencer.submit(lambda tx: [tx.get("word", f"of-{n}") for n in range(WORDS)])
    assert (words == [b"GUEST-WORD"] * WORDS) is together


def row_by_row(connection: sqlite3.Connection, cells: Cells) -> None:
    """Seal what lay clear, each row in a transaction of its own."""
    connection.execute("COMMIT")
    seal_clear(connection, cells)
    connection.execute("BEGIN")


@pytest.fixture
def former(disk: Path) -> Path:
    """A profile file that is to be built anew, and as much beside it that there is no room for that."""
    with closing(Profiles(disk, VAULT)) as profiles:
        profiles.apply([an_item(a_profile(n)) for n in range(PROFILES)], profiles.cursor())
    with closing(open_writer(disk / "profiles.0-0.db")) as file:
        assert cut_log(file), "else it is that for which there is no room"
    return disk / "profiles.0-0.db"


def known(folder: Path) -> bool:
    """Whether each profile is read."""
    with closing(Profiles(folder, VAULT)) as profiles:
        return all(profiles.get(a_band(n)) == a_profile(n) for n in range(PROFILES))


@pytest.mark.parametrize("tidied", [True, False], ids=["as it is", "control"])
def test_profiles_that_cannot_be_built_anew_say_so_and_are_whole_until_there_is_room(
    disk: Path, former: Path, monkeypatch: pytest.MonkeyPatch, *, tidied: bool
) -> None:
    """With its control: half a file stays, and takes from the journal what room there was."""
    monkeypatch.setattr("edge.store.profiles.bring_up_to_date", rebuild)
    filler = Filler(disk)
    filler.leave(150_000)
    if not tidied:
        monkeypatch.setattr(profilefile, "discard", lambda _: None)
    with pytest.raises(StoreError, match="disk is full") as refusal:
        Profiles(disk, VAULT)
    assert "Free space" in refusal.value.hint
    assert former.with_name(f"{former.name}.new").exists() is not tidied
    monkeypatch.undo()
    filler.go()
    assert known(disk)


@pytest.mark.parametrize("rolled_back", [True, False], ids=["as it is", "control"])
def test_a_commit_that_needs_more_log_than_there_is_room_leaves_nothing_of_itself(
    disk: Path, monkeypatch: pytest.MonkeyPatch, *, rolled_back: bool
) -> None:
    """One act of many records, larger than what is free. With its control: acts in no transaction."""
    monkeypatch.setattr("edge.sequencer.PROBE_MS", 50)
    filler = Filler(disk)
    with a_sequencer(disk) as sequencer:
        told = [sequencer.submit(a_record()) for _ in range(3)]
        filler.leave(700_000)
        if not rolled_back:
            bare = {"begin": "SELECT 1", "commit": "SELECT 1"}
            for name, words in bare.items():
                monkeypatch.setitem(QUERIES, name, words)
        with pytest.raises(StoreError, match="disk is full"):
            sequencer.submit(lambda tx: [a_record("x" * 900)(tx) for _ in range(1_500)])
        monkeypatch.undo()
        filler.go()
        until(lambda: sequencer.writable()[0])
        assert sequencer.submit(a_record()) > told[-1]
    with closing(Journal(disk)) as journal:
        assert journal.verify().whole
        bulk = sum(len(event.body) > 900 for event in journal.events(0))
    assert (bulk == 0) is rolled_back
