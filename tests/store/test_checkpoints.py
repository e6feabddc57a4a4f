"""Checkpoints on the device: made in time, kept, compared at the start; a doubted history ends there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from edge.core.checkpoint import Checkpoint
from edge.core.events import chain_step
from edge.errors import StoreError
from edge.sequencer import Sequencer
from edge.signature import is_signed
from edge.store.checkpoints import AGE_MS_MAX, EVENTS_MAX, SLOTS_MAX, Notary, Signer
from edge.store.database import open_writer
from edge.store.journal import Journal
from edge.store.secondplace import CheckpointError, SecondPlace, path_of, read, write
from edge.store.state import Store
from edge.store.trouble import Cause
from edge.store.verification import Wrong
from tests.security.test_journal_tamper import OWNER, PUBLIC, SIGN
from tests.store.house import Hands, a_record


@contextmanager
def a_device(folder: Path, hands: Hands) -> Iterator[tuple[Sequencer, Notary]]:
    """A started device that makes checkpoints."""
    notary, store = Notary(OWNER, Signer(1, "boot-1", SIGN)), Store(folder)
    store.employ(notary)
    sequencer = Sequencer(
        store, hands.clock(), site=OWNER.site, device=OWNER.device, public_key=OWNER.public_key
    )
    sequencer.start()
    try:
        yield sequencer, notary
    finally:
        sequencer.stop()


def kept(folder: Path) -> tuple[Checkpoint, ...]:
    """The checkpoints that lie beside the records."""
    journal = Journal(folder)
    try:
        return journal.checkpoints()
    finally:
        journal.close()


def test_the_first_record_brings_one_then_every_thousandth(tmp_path: Path) -> None:
    with a_device(tmp_path, Hands()) as (sequencer, notary):
        sequencer.submit(a_record())
        assert notary.newest is not None
        assert (notary.newest.events, notary.newest.boot) == (1, "boot-1")
        sequencer.submit(lambda tx: [a_record()(tx) for _ in range(EVENTS_MAX - 1)])
        assert notary.newest.events == 1
        sequencer.submit(a_record(lane=1))
        assert notary.newest.events == EVENTS_MAX + 1
        assert [mark.seq for mark in notary.newest.marks] == [EVENTS_MAX, 1]
    assert all(is_signed(made, PUBLIC) for made in kept(tmp_path))


def test_after_a_minute_the_next_record_brings_one(tmp_path: Path) -> None:
    hands = Hands()
    with a_device(tmp_path, hands) as (sequencer, notary):
        sequencer.submit(a_record())
        hands.pass_ms(AGE_MS_MAX - 1)
        sequencer.submit(a_record())
        assert notary.newest is not None
        assert notary.newest.events == 1
        hands.pass_ms(1)
        sequencer.submit(a_record())
        assert notary.newest.events == 3


def test_a_clean_stop_leaves_one_of_the_very_end_and_no_stop_without_records_another(tmp_path: Path) -> None:
    with a_device(tmp_path, Hands()) as (sequencer, _):
        for _ in range(5):
            sequencer.submit(a_record())
    assert [made.events for made in kept(tmp_path)] == [1, 5]
    with a_device(tmp_path, Hands()):
        pass
    assert [made.events for made in kept(tmp_path)] == [1, 5]


def test_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    hands = Hands()
    with a_device(tmp_path, hands) as (sequencer, _):
        for _ in range(SLOTS_MAX + 4):
            sequencer.submit(a_record())
            hands.pass_ms(AGE_MS_MAX)
    assert [made.events for made in kept(tmp_path)] == list(range(5, SLOTS_MAX + 5))


def changed(folder: Path, statement: str) -> None:
    """Do something to the file behind the device's back."""
    connection = open_writer(folder / "state.db")
    connection.execute(statement)
    connection.close()


def cut_off(folder: Path) -> None:
    """Take the last two records away."""
    changed(folder, "DELETE FROM journal WHERE key > 7")


def made_anew(folder: Path) -> None:
    """Put another record in the last one's place, hashed as it must be."""
    journal = Journal(folder)
    before, last = journal.range(0, 7)
    journal.close()
    other = msgspec.structs.replace(last, offset_ms=77)
    connection = open_writer(folder / "state.db")
    connection.execute(
        "UPDATE journal SET offset_ms = 77, h = ? WHERE key = 9", (chain_step(before.h, other),)
    )
    connection.close()


DEEDS = {cut_off: "ends before record 8", made_anew: "Record 9 of lane 0"}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_journal_that_its_own_checkpoint_contradicts_appends_nothing(
    tmp_path: Path, deed: Callable[[Path], None]
) -> None:
    with a_device(tmp_path, Hands()) as (sequencer, _):
        for _ in range(9):
            sequencer.submit(a_record())
    deed(tmp_path)
    cause = DEEDS[deed]
    before = (tmp_path / "state.db").read_bytes()
    with a_device(tmp_path, Hands()) as (sequencer, _):
        assert sequencer.trouble is not None
        assert sequencer.trouble.cause is Cause.FROZEN
        assert cause in sequencer.frozen
        assert not sequencer.writable()[0]
        with pytest.raises(StoreError, match="not believed") as refused:
            sequencer.submit(a_record())
        assert "enrol" in refused.value.hint
    assert (tmp_path / "state.db").read_bytes() == before


def test_without_a_checkpoint_the_same_cut_goes_on_as_if_nothing_were(tmp_path: Path) -> None:
    """The control: a chain alone does not know where it ended."""
    with a_device(tmp_path, Hands()) as (sequencer, _):
        for _ in range(9):
            sequencer.submit(a_record())
    changed(tmp_path, "DELETE FROM journal WHERE key > 7")
    changed(tmp_path, "DELETE FROM kept WHERE kind = 'checkpoint'")
    with a_device(tmp_path, Hands()) as (sequencer, _):
        assert sequencer.submit(a_record()) == 8


def test_a_checkpoint_that_somebody_else_signed_is_no_excuse(tmp_path: Path) -> None:
    with a_device(tmp_path, Hands()) as (sequencer, _):
        sequencer.submit(a_record())
    connection = open_writer(tmp_path / "state.db")
    connection.execute("UPDATE owner SET public_key = ?", (b"x" * 32,))
    connection.close()
    assert kept(tmp_path) == ()


def test_frozen_is_frozen_also_after_a_restart_and_nothing_probes_it_away(tmp_path: Path) -> None:
    hands = Hands()
    with a_device(tmp_path, hands) as (sequencer, _):
        sequencer.submit(a_record())
        sequencer.freeze("Central holds another event 1 of lane 0.")
        hands.pass_ms(3_600_000)
        with pytest.raises(StoreError, match="another event 1"):
            sequencer.submit(a_record())
        assert sequencer.submit_nowait(a_record()).exception(5) is not None
        sequencer.freeze("once more")
        assert sequencer.frozen == "Central holds another event 1 of lane 0."
    with a_device(tmp_path, hands) as (sequencer, _):
        assert sequencer.frozen == "Central holds another event 1 of lane 0."
        with pytest.raises(StoreError, match="not believed"):
            sequencer.submit(a_record())
    journal = Journal(tmp_path)
    assert journal.head(0).seq == 1
    journal.close()


def test_the_tail_behind_a_checkpoint_is_verified_at_the_start(tmp_path: Path) -> None:
    with a_device(tmp_path, Hands()) as (sequencer, _):
        for _ in range(400):
            sequencer.submit(a_record())
    changed(tmp_path, "DELETE FROM kept WHERE kind = 'checkpoint' AND key <> '01'")
    changed(tmp_path, "UPDATE journal SET offset_ms = 9 WHERE key = 20")
    with a_device(tmp_path, Hands()) as (sequencer, _):
        assert sequencer.trouble is not None
        assert sequencer.trouble.cause is Cause.DAMAGED


def test_a_rolled_back_folder_is_seen_by_the_second_place_alone(tmp_path: Path) -> None:
    folder, stick = tmp_path / "edge", tmp_path / "stick"
    stick.mkdir()
    with a_device(folder, Hands()) as (sequencer, notary):
        second = SecondPlace(stick, lambda: notary.newest)
        sequencer.after_commit(second.committed)
        second.start()
        for _ in range(5):
            sequencer.submit(a_record())
    second.stop()
    seen = read(path_of(stick, OWNER.device))
    assert seen.events == 5
    changed(folder, "DELETE FROM journal WHERE key > 3")
    changed(folder, "DELETE FROM kept WHERE kind = 'checkpoint'")
    journal = Journal(folder)
    assert journal.verify().whole
    assert "ends before record 4" in journal.contradiction(seen)
    assert [(found.seq, found.wrong) for found in journal.verify([seen]).breaks] == [(4, Wrong.CUT)]
    journal.close()


def test_a_second_place_that_cannot_be_written_says_so_and_harms_nothing(tmp_path: Path) -> None:
    with a_device(tmp_path / "edge", Hands()) as (sequencer, notary):
        second = SecondPlace(tmp_path / "nowhere", lambda: notary.newest)
        sequencer.after_commit(second.committed)
        second.start()
        assert sequencer.submit(a_record()) == 1
    second.stop()
    assert "nowhere" in second.cause


def test_files_that_hold_no_checkpoint_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for body in (b"", b"rubbish"):
        (tmp_path / "x").write_bytes(body)
        with pytest.raises(CheckpointError, match="holds no checkpoint") as refused:
            read(tmp_path / "x")
        assert "journal checkpoint" in refused.value.hint
    with pytest.raises(CheckpointError, match="cannot be read"):
        read(tmp_path / "nowhere")


def test_a_checkpoint_is_written_in_the_place_of_an_older_one(tmp_path: Path) -> None:
    with a_device(tmp_path / "edge", Hands()) as (sequencer, notary):
        sequencer.submit(a_record())
        assert notary.newest is not None
        for _ in range(2):
            write(tmp_path, notary.newest)
    assert [path.name for path in tmp_path.glob("*.checkpoint*")] == ["edge-1.checkpoint"]
