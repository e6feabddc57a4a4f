"""The second place as a configured folder: a witness where it can be believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.run import second
from edge.store.checkpoints import Notary, Signer
from edge.store.journal import Journal
from edge.store.secondplace import path_of, write
from tests.security.test_journal_tamper import OWNER, SIGN
from tests.store.house import Hands, a_record
from tests.store.test_checkpoints import a_device


def test_a_journal_that_ends_before_its_witness_is_doubted(tmp_path: Path) -> None:
    folder, stick = tmp_path / "edge", tmp_path / "stick"
    stick.mkdir()
    with a_device(folder, Hands()) as (sequencer, notary):
        sequencer.submit(a_record())
        assert notary.newest is not None
        seen = notary.newest
    journal = Journal(folder)
    assert second.doubt(str(stick), journal) == ""
    write(stick, seen)
    assert second.doubt(str(stick), journal) == ""
    further = SIGN(replace(seen, marks=(replace(seen.marks[0], seq=9), seen.marks[1])))
    write(stick, further)
    assert "ends before record 2" in second.doubt(str(stick), journal)
    assert second.doubt("", journal) == ""
    write(stick, replace(further, signature=b"forged"))
    assert second.doubt(str(stick), journal) == ""
    path_of(stick, OWNER.device).write_bytes(b"rubbish")
    assert second.doubt(str(stick), journal) == ""
    assert "ends before record 2" in second.doubt("", journal, passed_on=further)
    assert second.doubt("", journal, passed_on=seen) == ""
    assert second.doubt("", journal, passed_on=replace(further, device="edge-2")) == ""
    journal.close()


@pytest.mark.parametrize("folder", ["", "stick"])
def test_without_a_folder_there_is_no_second_place(folder: str, tmp_path: Path) -> None:
    notary, journal = Notary(OWNER, Signer(1, "b", SIGN)), Journal(tmp_path)
    assert (second.place(folder, notary, journal) is not None) is bool(folder)
