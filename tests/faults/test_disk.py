"""A full, a read-only, a damaged disk: no answer without a record, the cause in words, back unaided."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.core.events import Kind
from edge.core.profiles import Cursor, Item
from edge.errors import StoreError
from edge.sequencer import Sequencer
from edge.store import profilefile
from edge.store.database import open_writer
from edge.store.folder import RESERVE_BYTES, Folder
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.trouble import Cause
from tests.faults.disks import Breakable, Filler, a_small_disk, take_what_is_given_back, until
from tests.faults.test_snapshot_swap import VAULT, items
from tests.store.house import a_passage, a_record, a_sequencer

pytestmark = [pytest.mark.timeout(60)]
FREE_BYTES = 150_000
PIECE = 100


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    with a_small_disk(tmp_path / "disk") as folder:
        yield folder


def tap_until_refused(sequencer: Sequencer) -> tuple[list[int], StoreError]:
    """Journal until an act is refused; return what was told and the refusal."""
    told: list[int] = []
    for number in range(5_000):
        try:
            told.append(sequencer.submit(a_passage(f"tap-{number}", right=f"right-{number}")))
        except StoreError as refusal:
            return told, refusal
    raise AssertionError("the disk never filled")


def kinds(folder: Path) -> list[int]:
    """The kinds of all ordinary records."""
    journal = Journal(folder)
    found = [event.kind for event in journal.events(0)]
    assert journal.verify().whole
    journal.close()
    return found


def told_is_there(folder: Path, told: list[int]) -> None:
    """Each told number stands, in an intact file."""
    connection = sqlite3.connect(folder / "state.db")
    rows = {row[0] for row in connection.execute("SELECT seq FROM journal WHERE lane = 0")}
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert set(told) <= rows


@pytest.mark.real("disks")
def test_full_disk_refuses_with_its_cause_logs_it_and_comes_back_by_itself(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filler = Filler(disk)
    with a_sequencer(disk) as sequencer:
        filler.leave(FREE_BYTES)
        take_what_is_given_back(monkeypatch, filler)
        told, refusal = tap_until_refused(sequencer)
        assert "The disk is full." in str(refusal)
        assert "comes back by itself" in refusal.hint
        assert sequencer.writable() == (False, str(sequencer.trouble.words))
        assert sequencer.trouble.cause is Cause.FULL
        assert not Folder(disk).reserve.exists()
        with pytest.raises(StoreError, match="disk is full"):
            sequencer.submit(a_record())
        monkeypatch.undo()
        filler.go()
        until(lambda: sequencer.writable()[0])
        assert sequencer.submit(a_passage("tap-0", right="right-0")) == told[0]
        assert Folder(disk).has_reserve()
    told_is_there(disk, told)
    assert [kind for kind in kinds(disk) if kind != Kind.DECIDED] == [Kind.STORE_FAILED, Kind.STORE_RECOVERED]


@pytest.mark.real("disks")
@pytest.mark.parametrize("reserve", [True, False])
def test_only_the_reserve_lets_the_log_reach_the_file_while_the_disk_is_full(
    disk: Path, monkeypatch: pytest.MonkeyPatch, reserve: bool
) -> None:
    """With its control: the reserve is not given back, and what was written stays stuck in the log."""
    filler = Filler(disk)
    with a_sequencer(disk) as sequencer:
        filler.leave(FREE_BYTES)
        take_what_is_given_back(monkeypatch, filler)
        if not reserve:
            monkeypatch.setattr(Folder, "free_reserve", lambda self: None)
        told, _ = tap_until_refused(sequencer)
        stuck = (disk / "state.db-wal").exists()
    assert stuck is not reserve
    told_is_there(disk, told)


@pytest.mark.real("disks")
def test_store_that_starts_on_a_full_disk_comes_up_when_there_is_room(disk: Path) -> None:
    filler = Filler(disk)
    filler.leave(0)
    with a_sequencer(disk) as sequencer:
        assert sequencer.writable()[0] is False
        filler.go()
        until(lambda: sequencer.writable()[0])
        assert sequencer.submit(a_record()) > 0


@pytest.mark.real("disks")
def test_disk_that_goes_read_only_while_taps_run_refuses_and_comes_back_by_itself(tmp_path: Path) -> None:
    disk = Breakable(tmp_path / "image", tmp_path / "disk")
    try:
        with a_sequencer(disk.folder) as sequencer:
            told = [sequencer.submit(a_passage(f"tap-{n}", right=f"right-{n}")) for n in range(20)]
            disk.go_read_only()
            with pytest.raises(StoreError):
                sequencer.submit(a_record())
            assert sequencer.trouble.cause is Cause.READ_ONLY
            assert "read-only" in sequencer.writable()[1]
            disk.repair()
            until(lambda: sequencer.writable()[0])
            assert sequencer.submit(a_passage("tap-0", right="right-0")) == told[0]
        told_is_there(disk.folder, told)
        assert kinds(disk.folder)[-1] == Kind.STORE_RECOVERED
    finally:
        disk.close()


@pytest.mark.real("disks")
def test_control_a_disk_that_nobody_tries_again_stays_refused_though_it_is_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    monkeypatch.setattr("edge.sequencer.PROBE_MS", 50)
    monkeypatch.setattr(Sequencer, "_probe", lambda self, now: tried.append(now))
    disk = Breakable(tmp_path / "image", tmp_path / "disk")
    try:
        with a_sequencer(disk.folder) as sequencer:
            told = [sequencer.submit(a_passage("tap-0", right="right-0"))]
            disk.go_read_only()
            with pytest.raises(StoreError):
                sequencer.submit(a_record())
            disk.repair()
            tried.clear()
            until(lambda: len(tried) >= 3)
            assert sequencer.writable()[0] is False
        told_is_there(disk.folder, told)
    finally:
        disk.close()


@pytest.mark.real("disks")
@pytest.mark.parametrize("looked", [True, False], ids=["as it is", "control"])
def test_a_copy_that_is_built_leaves_the_journal_its_room(
    disk: Path, monkeypatch: pytest.MonkeyPatch, *, looked: bool
) -> None:
    """With its control: a copy that takes all there is keeps the gates from writing anything down."""
    monkeypatch.setattr(profilefile, "ROOM_BYTES", 700_000)
    if not looked:
        monkeypatch.setattr(profilefile, "_demand_room", lambda path, room: None)
    monkeypatch.setattr(profilefile, "BUILD_ROWS_MAX", PIECE)
    free: list[int] = []

    def guests() -> Iterator[Item]:
        for number, item in enumerate(items(20_000)):
            if number % PIECE == 0:
                free.append(Folder(disk).free_bytes())
            yield item

    with a_sequencer(disk) as sequencer, closing(Profiles(disk, VAULT)) as profiles:
        with pytest.raises(StoreError, match="was not built" if looked else "disk is full"):
            profiles.build(guests(), Cursor(2, 9))
        assert len(free) > 1, "it was begun"
        assert (min(free) >= RESERVE_BYTES) is looked
        assert sequencer.writable()[0] or not looked
        assert [path.name for path in disk.glob("profiles.2-9*")] == []
        until(lambda: sequencer.writable()[0])
        assert sequencer.submit(a_record()) > 0


def spoil(path: Path, table: str) -> bytes:
    """Write rubbish over a table's first page; return what stood there."""
    connection = sqlite3.connect(path)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        before = file.read(size)
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    return before


def mend(path: Path, before: bytes) -> None:
    """Put the page back where rubbish stands."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\xa5" * len(before), before))


def test_damaged_page_refuses_with_its_cause_and_comes_back_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.sequencer.PROBE_DAMAGED_MS", 100)
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_passage("tap-1"))
        sequencer.erase_ghosts()
    before = spoil(tmp_path / "state.db", "uses")
    with a_sequencer(tmp_path) as sequencer:
        with pytest.raises(StoreError, match="The journal is damaged"):
            sequencer.submit(a_passage("tap-2"))
        assert sequencer.trouble.cause is Cause.DAMAGED
        assert "call support" in sequencer.trouble.error().hint
        with pytest.raises(StoreError, match="damaged"):
            sequencer.submit(a_record())
        until(lambda: "malformed" in sequencer.writable()[1] or "page" in sequencer.writable()[1].lower())
        mend(tmp_path / "state.db", before)
        until(lambda: sequencer.writable()[0])
        assert sequencer.submit(a_passage("tap-2")) == 0


def test_flipped_bit_in_the_last_record_keeps_anything_from_being_appended(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        for _ in range(3):
            sequencer.submit(a_record("note"))
    connection = open_writer(tmp_path / "state.db")
    connection.execute("UPDATE journal SET hlc = hlc + 1 WHERE key = 3")
    connection.close()
    with a_sequencer(tmp_path) as sequencer:
        writable, cause = sequencer.writable()
        assert not writable
        assert "Record 3 of lane 0" in cause
    journal = Journal(tmp_path)
    assert journal.head(0).seq == 3
    journal.close()


def test_failure_tells_how_long_it_lasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.sequencer.PROBE_MS", 50)

    def breaks(self: object, events: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with a_sequencer(tmp_path) as sequencer:
        with monkeypatch.context() as patch:
            patch.setattr("edge.store.batch.Ledger._flush", breaks)
            with pytest.raises(StoreError):
                sequencer.submit(a_record())
        until(lambda: sequencer.writable()[0])
        journal = Journal(tmp_path)
        last = journal.one(0, journal.head(0).seq)
        journal.close()
    assert last.kind == Kind.STORE_RECOVERED
    assert b"amount" in last.body
