"""Whether a journal is the newest one of its device: what proves it, and what an old copy meets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.run.current import Current, run_folder
from edge.store.journal import Journal
from edge.store.runmark import RunMark, boot_id
from edge.store.secondplace import write
from tests.store.house import Hands, a_record
from tests.store.test_checkpoints import a_device

BOOT = "this-boot"


def a_mark(memory: Path, journal: Journal, boot: str = BOOT) -> RunMark:
    return RunMark(memory, journal, device="edge-1", boot=boot)


@contextmanager
def a_journal(folder: Path) -> Iterator[Journal]:
    journal = Journal(folder)
    try:
        yield journal
    finally:
        journal.close()


def recorded(folder: Path, memory: Path, count: int = 2, boot: str = BOOT) -> None:
    """A run of the process that records, notes its mark after each commit, and is then killed."""
    with a_device(folder, Hands()) as (sequencer, _), a_journal(folder) as journal:
        mark = a_mark(memory, journal, boot)
        sequencer.after_commit(mark.committed)
        mark.start()
        for _ in range(count):
            sequencer.submit(a_record(lane=1))
            for lane in (0, 1):
                mark.committed([], journal.range(lane, 0))
        mark.stop()


def judged(folder: Path, memory: Path, stick: str = "", boot: str = BOOT) -> tuple[Current, str]:
    current = Current()
    with a_journal(folder) as journal:
        return current, current.judge(journal, a_mark(memory, journal, boot), stick)


def test_a_process_that_starts_again_is_proven_by_its_own_mark(tmp_path: Path) -> None:
    folder, memory = tmp_path / "edge", tmp_path / "run"
    recorded(folder, memory)
    current, why = judged(folder, memory)
    assert (current.proven, why) == (True, "")


def test_a_journal_behind_the_mark_of_this_run_is_an_old_copy(tmp_path: Path) -> None:
    folder, memory = tmp_path / "edge", tmp_path / "run"
    recorded(folder, memory)
    shutil.copytree(folder, tmp_path / "backup")
    recorded(folder, memory)
    current, why = judged(tmp_path / "backup", memory)
    assert not current.proven
    assert "ends before record 3" in why


def test_after_a_restart_of_the_machine_the_mark_proves_nothing(tmp_path: Path) -> None:
    folder, memory = tmp_path / "edge", tmp_path / "run"
    recorded(folder, memory)
    current, why = judged(folder, memory, boot="the-next-boot")
    assert (current.proven, why) == (False, "")


@pytest.mark.parametrize("spoil", [b"", b"\0" * 512, b"x" * 600])
def test_a_torn_or_foreign_mark_proves_nothing_and_accuses_nobody(tmp_path: Path, spoil: bytes) -> None:
    folder, memory = tmp_path / "edge", tmp_path / "run"
    recorded(folder, memory)
    (memory / "edge-1.mark").write_bytes(spoil)
    current, why = judged(folder, memory)
    assert (current.proven, why) == (False, "")


def test_no_mark_at_all_leaves_it_to_central(tmp_path: Path) -> None:
    folder = tmp_path / "edge"
    recorded(folder, tmp_path / "run")
    current, why = judged(folder, tmp_path / "other")
    assert (current.proven, why) == (False, "")
    current.prove("central")
    assert current.proven
    assert current.by == "central"


def test_the_second_place_proves_a_journal_that_holds_what_it_saw(tmp_path: Path) -> None:
    folder, stick = tmp_path / "edge", tmp_path / "stick"
    stick.mkdir()
    with a_device(folder, Hands()) as (sequencer, notary):
        sequencer.submit(a_record())
        assert notary.newest is not None
        seen = notary.newest
    assert not judged(folder, tmp_path / "run", str(stick))[0].proven
    write(stick, seen)
    assert judged(folder, tmp_path / "run", str(stick))[0].proven


def test_memory_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    folder, memory = tmp_path / "edge", tmp_path / "run"
    memory.write_text("a file where a folder should be")
    recorded(folder, memory)
    assert not judged(folder, memory)[0].proven


def test_memory_is_where_it_is_named_or_where_the_system_made_it(tmp_path: Path) -> None:
    assert run_folder(str(tmp_path / "new")) == tmp_path / "new"
    assert run_folder("") in (None, Path("/run/polso"))
    assert boot_id()
