"""The journal: a chain in which every change is found, located, and told."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import cloudevents
from edge.core.bands import Presented
from edge.core.decision import Act, Decision, Outcome, Reason, WhatNext
from edge.core.entry import Moment
from edge.core.events import Acted, Decided, Event, Kind, chain_start, chain_step
from edge.errors import StoreDamaged
from edge.store.batch import BATCH_MAX
from edge.store.counting import Counts
from edge.store.database import open_writer
from edge.store.effects import Effects
from edge.store.journal import Journal
from edge.store.records import Head, Owner, key_of
from edge.store.transaction import Chain, Standing, Transaction
from edge.store.verification import Wrong, check_lane
from tests.store.house import OWNER, a_band, a_passage, a_record, a_sequencer

RECORDS = 12


def a_chain(count: int, owner: Owner = OWNER, lane: int = 0) -> list[Event]:
    """A whole lane."""
    events: list[Event] = []
    h = chain_start(owner.site, owner.device, lane, public_key=owner.public_key)
    for seq in range(1, count + 1):
        bare = Event(
            lane=lane, seq=seq, hlc=seq, offset_ms=0, uncertainty_ms=0, kind=9, schema=1,
            band=None, body=b"\x80", h=b"",
        )  # fmt: skip
        h = chain_step(h, bare)
        events.append(Event(**{**as_columns(bare), "h": h}))
    return events


def as_columns(event: Event) -> dict[str, object]:
    """An event's columns by name."""
    return {name: getattr(event, name) for name in event.__struct_fields__}


def changed(event: Event, **columns: object) -> Event:
    """An event with other columns and its old hash."""
    return Event(**{**as_columns(event), **columns})


def breaks(events: list[Event]) -> list[tuple[int, Wrong]]:
    """What the check says of a lane."""
    start = Head(0, chain_start(OWNER.site, OWNER.device, 0, public_key=OWNER.public_key))
    return [(found.seq, found.wrong) for found in check_lane(OWNER, start, events, lane=0).breaks]


def test_whole_chain_has_no_break() -> None:
    assert breaks(a_chain(RECORDS)) == []


COLUMNS = {
    "hlc": 99, "offset_ms": 7, "uncertainty_ms": 7, "kind": 2, "schema": 2, "band": b"x" * 16,
    "body": b"\x81\xa0\xa0",
}  # fmt: skip


@given(seq=st.integers(1, RECORDS), column=st.sampled_from(sorted(COLUMNS)))
def test_edit_of_any_column_is_located_to_its_record(seq: int, column: str) -> None:
    events = a_chain(RECORDS)
    events[seq - 1] = changed(events[seq - 1], **{column: COLUMNS[column]})
    assert breaks(events) == [(seq, Wrong.CHANGED)]


@given(seq=st.integers(1, RECORDS))
def test_edited_hash_is_located_to_its_record_alone(seq: int) -> None:
    events = a_chain(RECORDS)
    events[seq - 1] = changed(events[seq - 1], h=b"\0" * 32)
    assert breaks(events) == [(seq, Wrong.CHANGED)]


@given(seq=st.integers(1, RECORDS - 1))
def test_deletion_is_located_to_the_record_that_is_gone(seq: int) -> None:
    events = a_chain(RECORDS)
    del events[seq - 1]
    assert breaks(events) == [(seq, Wrong.MISSING)]


@given(first=st.integers(1, RECORDS), second=st.integers(1, RECORDS))
def test_swap_is_located_to_the_two(first: int, second: int) -> None:
    low, high = sorted((first, second))
    if low == high:
        return
    events = a_chain(RECORDS)
    one, two = events[low - 1], events[high - 1]
    events[low - 1] = changed(two, seq=low)
    events[high - 1] = changed(one, seq=high)
    assert breaks(events) == [(low, Wrong.SWAPPED), (high, Wrong.SWAPPED)]


@given(seq=st.integers(1, RECORDS))
def test_insertion_is_located_to_the_inserted_record(seq: int) -> None:
    events = a_chain(RECORDS)
    moved = [changed(event, seq=event.seq + 1) for event in events[seq - 1 :]]
    events = [*events[: seq - 1], changed(events[seq - 1], body=b"\x81\xa0\xa0"), *moved]
    assert breaks(events) == [(seq, Wrong.INSERTED)]


@given(seq=st.integers(2, RECORDS))
def test_splice_from_another_device_is_located_to_its_first_record(seq: int) -> None:
    theirs = a_chain(RECORDS, Owner("park", "edge-2", OWNER.public_key))
    assert breaks([*a_chain(seq - 1), *theirs[seq - 1 :]]) == [(seq, Wrong.CHANGED)]
    assert breaks(theirs) == [(1, Wrong.CHANGED)]


def test_without_the_chain_the_same_edit_goes_unseen(tmp_path: Path) -> None:
    """The control: SQLite's own check calls an edited row whole."""
    filled(tmp_path, RECORDS)
    connection = open_writer(tmp_path / "state.db")
    connection.execute("UPDATE journal SET offset_ms = offset_ms + 1 WHERE key = 5")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    journal = Journal(tmp_path)
    report = journal.verify()
    journal.close()
    assert [(found.lane, found.seq, found.wrong) for found in report.breaks] == [(0, 5, Wrong.CHANGED)]
    assert not report.whole


def filled(folder: Path, count: int) -> None:
    """A journal with so many records in its ordinary lane and two in the other."""
    with a_sequencer(folder) as sequencer:
        for future in [sequencer.submit_nowait(a_record(str(n))) for n in range(count)]:
            future.result(5)
        sequencer.submit(a_record(lane=1))
        sequencer.submit(a_record(lane=1))


TAMPER: dict[str, tuple[str, int]] = {
    "deleted": ("DELETE FROM journal WHERE key = 6", 6),
    "renumbered": ("UPDATE journal SET key = 99 WHERE key = 12", 12),
    "hash": ("UPDATE journal SET h = zeroblob(32) WHERE key = 4", 4),
    "anchor": ("UPDATE anchors SET h = zeroblob(32) WHERE lane = 0", 0),
    "owner": ("UPDATE owner SET device = 'edge-9'", 0),
}


@pytest.mark.parametrize("name", TAMPER)
def test_tampering_in_the_file_is_found_and_located(tmp_path: Path, name: str) -> None:
    statement, seq = TAMPER[name]
    filled(tmp_path, RECORDS)
    connection = open_writer(tmp_path / "state.db")
    connection.execute(statement)
    connection.close()
    journal = Journal(tmp_path)
    assert journal.verify().breaks[0].seq == seq
    journal.close()


def test_verification_counts_what_it_has_checked(tmp_path: Path) -> None:
    filled(tmp_path, RECORDS)
    journal = Journal(tmp_path)
    report = journal.verify()
    journal.close()
    assert [(lane.first, lane.last, lane.checked) for lane in report.lanes] == [
        (1, RECORDS, RECORDS),
        (1, 2, 2),
    ]
    assert report.whole


@pytest.mark.bench
@pytest.mark.timeout(60)
def test_100_000_records_are_verified_in_the_time_of_reading_them_a_few_times(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        for _ in range(100_000 // BATCH_MAX):
            sequencer.submit(lambda tx: [a_record()(tx) for _ in range(BATCH_MAX)])
    journal = Journal(tmp_path)
    began = time.perf_counter()
    count = sum(1 for _ in journal.events(0))
    read = time.perf_counter()
    assert journal.verify().whole
    verified = time.perf_counter()
    journal.close()
    assert count > 99_000
    assert verified - read < 6 * (read - began)


def a_decision(point: str) -> Callable[[Transaction], int]:
    """An act that journals a decision at a point."""
    decision = Decision(
        outcome=Outcome.GRANTED,
        reason=Reason.ENTERED,
        next=WhatNext(act=Act.GO_ON),
        point=point,
        direction="in",
    )
    body = Decided(decision=decision, presented=Presented(tap_id="t", reader="r", band=None), now_ms=1)
    return lambda tx: tx.append(Kind.DECIDED, body, band=a_band())


def test_recent_decisions_are_told_newest_first_and_by_point(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        for point in ("north", "south", "north"):
            sequencer.submit(a_decision(point))
            sequencer.submit(a_record())
        journal = Journal(tmp_path)
        assert [event.seq for event in journal.recent(None)] == [5, 3, 1]
        assert [event.seq for event in journal.recent("north")] == [5, 1]
        assert [event.seq for event in journal.recent("north", 1)] == [5]
        assert journal.last_of(a_band()).seq == 5
        assert journal.last_of(a_band(2)) is None
        journal.close()


def test_reading_goes_on_in_bounded_pieces_after_what_central_holds(tmp_path: Path) -> None:
    filled(tmp_path, RECORDS)
    with a_sequencer(tmp_path) as sequencer:
        sequencer.ack(0, 4)
        journal = Journal(tmp_path)
        assert [event.seq for event in journal.range(0, journal.acked(0), 3)] == [5, 6, 7]
        assert journal.pending(0) == RECORDS - 4
        assert journal.oldest_pending_ms(0) == journal.one(0, 5).hlc >> 16
        assert journal.oldest_pending_ms(1) is not None
        assert journal.head(1).seq == 2
        assert journal.acked_ms(1) == 0
        journal.close()


def test_export_is_one_cloudevent_a_line_with_unique_source_and_id(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_passage("tap-1"))
    journal = Journal(tmp_path)
    file = io.StringIO()
    assert journal.export(file) == 6
    journal.close()
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    last = lines[3]
    assert len({(line["source"], line["id"]) for line in lines}) == 6
    assert last["specversion"] == "1.0"
    assert last["source"] == f"/sites/park/devices/edge-1/{cloudevents.incarnation(OWNER.public_key)}/0"
    assert (last["id"], last["sequence"]) == ("4", "0" * 19 + "4")
    assert last["type"] == "org.polso.decided.v1"
    assert last["time"].endswith("Z")
    assert last["subject"] == a_band().hex()
    assert last["data"] == {"tap_id": "tap-1", "reason": "entered"}


def test_decisions_are_exported_with_a_name_for_each_thing_that_is_not_as_always(tmp_path: Path) -> None:
    decision = Decision(
        outcome=Outcome.GRANTED,
        reason=Reason.ENTERED,
        next=WhatNext(act=Act.GO_ON),
        point="north",
        direction="in",
        notes=(Reason.ATTENTION,),
    )
    body = Decided(decision=decision, presented=Presented(tap_id="t", reader="r", band=None), now_ms=1)
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(lambda tx: tx.append(Kind.DECIDED, body))
    journal, file = Journal(tmp_path), io.StringIO()
    journal.export(file)
    journal.close()
    assert json.loads(file.getvalue())["data"] == {
        "decision": {
            "outcome": "granted",
            "reason": "entered",
            "next": {"act": "go_on"},
            "point": "north",
            "direction": "in",
            "notes": ["attention"],
        },
        "presented": {"tap_id": "t", "reader": "r", "band": None},
        "now_ms": 1,
    }


def test_kinds_of_a_newer_polso_keep_their_number_in_the_export() -> None:
    assert cloudevents.type_of(9_999, 3) == "org.polso.kind9999.v3"
    assert cloudevents.type_of(Kind.STARTED, 1) == "org.polso.started.v1"


def test_last_event_key_separates_the_lanes() -> None:
    assert key_of(0, 5) < key_of(1, 1)


def test_a_record_is_read_back_in_its_own_batch_and_later(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        mine = sequencer.submit(lambda tx: (tx.append(Kind.DECIDED, Acted(tap_id="a")), tx.record(1))[1])
        assert mine is not None
        assert sequencer.submit(lambda tx: tx.record(1)) == mine
        assert sequencer.submit(lambda tx: tx.record(2)) is None


def test_a_changed_record_is_no_answer(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    writer = open_writer(tmp_path / "state.db")
    writer.execute("UPDATE journal SET body = ? WHERE key = ?", (b"\x80", key_of(0, 2)))
    writer.close()
    connection = open_writer(tmp_path / "state.db")
    ledger = Standing(Chain((Head(3, b""), Head(0, b"")), 0), Counts(), Effects())
    tx = Transaction(connection, ledger, now=Moment(now_ms=1), offset_ms=0)
    with pytest.raises(StoreDamaged, match="Record 2"):
        tx.record(2)
    connection.close()
