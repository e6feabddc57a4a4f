"""The journal's verbs: what an operator reads of a damaged one, and which witness is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.errors import Unknown
from edge.run import books
from edge.store.database import open_writer
from edge.store.secondplace import CheckpointError, read, write
from tests.store.house import Hands, a_record
from tests.store.test_checkpoints import a_device


def filled(folder: Path, count: int) -> None:
    """A stopped device's journal with so many records."""
    with a_device(folder, Hands()) as (sequencer, _):
        for _ in range(count):
            sequencer.submit(a_record())


def test_a_whole_journal_is_whole_and_says_what_vouches_for_it(tmp_path: Path) -> None:
    filled(tmp_path, 5)
    whole, words = books.verify(None, tmp_path)
    assert whole
    assert "checkpoints vouch for 5 records" in words


def test_a_damaged_record_is_named_with_its_kind_and_the_good_checkpoint_before_it(tmp_path: Path) -> None:
    filled(tmp_path, 5)
    connection = open_writer(tmp_path / "state.db")
    connection.execute("UPDATE journal SET offset_ms = 9 WHERE key = 3")
    connection.close()
    whole, words = books.verify(None, tmp_path)
    assert not whole
    assert "record 3: changed, good up to checkpoint 1" in words


def test_a_cut_tail_is_found_by_a_checkpoint_that_lay_elsewhere(tmp_path: Path) -> None:
    folder, stick = tmp_path / "edge", tmp_path / "stick"
    stick.mkdir()
    filled(folder, 5)
    file = books.checkpoint(None, folder, stick)
    connection = open_writer(folder / "state.db")
    connection.execute("DELETE FROM journal WHERE key > 2")
    connection.execute("DELETE FROM kept WHERE kind = 'checkpoint'")
    connection.close()
    alone, words = books.verify(None, folder)
    assert alone, "the control: without the witness nothing is seen"
    assert "a cut tail would not be seen" in words
    whole, words = books.verify(None, folder, [file])
    assert not whole
    assert "record 3: cut" in words


def test_a_witness_that_another_has_signed_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    file = books.checkpoint(None, tmp_path, tmp_path)
    write(tmp_path, replace(read(file), hlc=1))
    with pytest.raises(CheckpointError, match="was not signed by edge-1"):
        books.verify(None, tmp_path, [file])


def test_where_there_is_none_yet_it_says_what_to_do(tmp_path: Path) -> None:
    filled(tmp_path / "edge", 0)
    with pytest.raises(Unknown, match="no checkpoint yet"):
        books.checkpoint(None, tmp_path / "edge", tmp_path)
    filled(tmp_path / "other", 1)
    with pytest.raises(CheckpointError, match="cannot be written"):
        books.checkpoint(None, tmp_path / "other", tmp_path / "nowhere")
