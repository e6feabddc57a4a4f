"""Intake, one suite over both databases: exactly once, in order, and nothing ever blocks or is lost."""

from __future__ import annotations

import threading

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import Event, Kind
from sync.central import intake
from sync.central.intake import Rejected
from sync.central.machines import devices, lanes
from sync.central.store import Store, select
from sync.central.store.bulk import REFUSALS, insert_many
from sync.wire import Ack, Batch, Problem
from tests.sync.builders import PaperJournal, a_device, a_journal


def stored(store: Store, lane: int = 0) -> list[Event]:
    with store.reading() as tx:
        found = [arrived.event for arrived in lanes.recent(tx, "park", limit=500)]
    return sorted((event for event in found if event.lane == lane), key=lambda event: event.seq)


def aside(store: Store) -> list[tuple[int, bytes]]:
    own = lanes.quarantine_table.c
    with store.reading() as tx:
        return [(row.seq, bytes(row.raw)) for row in tx.execute(select(own.seq, own.raw).order_by(own.seq))]


class Sender:
    """A device that hands its batches straight to the intake."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.device, self.credential = a_device(store)
        self.journal: PaperJournal = a_journal(self.device)

    def send(self, batch: Batch) -> Ack | Rejected:
        return intake.take(self.store, self.device, batch)

    def ack(self, batch: Batch) -> Ack:
        answer = self.send(batch)
        assert isinstance(answer, Ack), answer
        return answer

    def refusal(self, batch: Batch) -> Rejected:
        answer = self.send(batch)
        assert isinstance(answer, Rejected), answer
        return answer


@pytest.fixture
def sender(store: Store) -> Sender:
    return Sender(store)


def test_rows_arrive_as_they_were_written_and_are_acknowledged(sender: Sender) -> None:
    sender.journal.write(7)
    assert sender.ack(sender.journal.batch(1, 4)).ack == 4
    assert sender.ack(sender.journal.batch(5, 7)).ack == 7
    assert stored(sender.store) == sender.journal.lanes[0]


def test_lanes_are_numbered_apart(sender: Sender) -> None:
    sender.journal.write(3, lane=0)
    sender.journal.write(2, lane=1)
    assert sender.ack(sender.journal.batch(1, 2, lane=1)).ack == 2
    assert sender.ack(sender.journal.batch(1, 3, lane=0)).ack == 3
    assert [event.seq for event in stored(sender.store, lane=1)] == [1, 2]


def test_a_batch_sent_again_changes_nothing_and_says_so(sender: Sender) -> None:
    sender.journal.write(5)
    sender.ack(sender.journal.batch(1, 5))
    again = sender.ack(sender.journal.batch(1, 5))
    assert (again.ack, again.duplicates) == (5, 5)
    assert len(stored(sender.store)) == 5


def test_an_old_batch_is_answered_with_the_present_end(sender: Sender) -> None:
    sender.journal.write(9)
    sender.ack(sender.journal.batch(1, 9))
    assert sender.ack(sender.journal.batch(2, 3)).ack == 9


def test_an_overlap_stores_only_what_is_new(sender: Sender) -> None:
    sender.journal.write(6)
    sender.ack(sender.journal.batch(1, 4))
    answer = sender.ack(sender.journal.batch(3, 6))
    assert (answer.ack, answer.duplicates) == (6, 2)
    assert stored(sender.store) == sender.journal.lanes[0]


def test_a_gap_is_refused_with_the_place_to_go_on(sender: Sender) -> None:
    sender.journal.write(9)
    sender.ack(sender.journal.batch(1, 3))
    answer = sender.refusal(sender.journal.batch(5, 9))
    assert (answer.problem, answer.ack) == (Problem.GAP, 3)
    assert len(stored(sender.store)) == 3


@pytest.mark.parametrize("first", [1, 3, 5])
def test_another_history_is_a_fork_even_when_the_whole_batch_is_old(sender: Sender, first: int) -> None:
    sender.journal.write(2)
    clone = sender.journal.copy()
    sender.journal.write(4)
    clone.write(4, note="another tap")
    sender.ack(sender.journal.batch(1, 6))
    answer = sender.refusal(clone.batch(first, 6))
    assert (answer.problem, answer.ack, answer.head) == (Problem.FORK, 6, sender.journal.lanes[0][5].h)
    assert stored(sender.store) == sender.journal.lanes[0]


def test_a_fork_stops_both_holders_of_the_key_and_alarms(sender: Sender) -> None:
    sender.journal.write(2)
    clone = sender.journal.copy()
    sender.journal.write(1)
    clone.write(1, note="another tap")
    sender.ack(sender.journal.batch(1, 3))
    sender.refusal(clone.batch(3, 3))
    sender.journal.write(1)
    assert sender.refusal(sender.journal.batch(4, 4)).problem is Problem.FORK
    with sender.store.reading() as tx:
        assert "fork" in devices.device(tx, "park", sender.device.id).alarm


def test_a_journal_of_another_device_does_not_fit(sender: Sender) -> None:
    stranger = PaperJournal("park", sender.device.id, public_key=b"x" * 32)
    stranger.write(2)
    assert sender.refusal(stranger.batch(1, 2)).problem is Problem.FORK


def test_rows_that_do_not_lead_to_the_head_are_refused(sender: Sender) -> None:
    sender.journal.write(3)
    broken = msgspec.structs.replace(sender.journal.batch(1, 3), head=b"\0" * 32)
    assert sender.refusal(broken).problem is Problem.CHAIN
    assert stored(sender.store) == []


@pytest.mark.parametrize("place", [1, 3, 5])
@pytest.mark.parametrize("poison", ["body", "number", "sequence", "band"])
def test_a_poison_event_is_kept_aside_and_blocks_nobody(sender: Sender, place: int, poison: str) -> None:
    for seq in range(1, 6):
        if seq != place:
            sender.journal.write(1)
        elif poison == "body":
            sender.journal.append(0, b"\xc1 this is no MessagePack")
        elif poison == "number":
            sender.journal.append(0, b"\x80", hlc=2**63 + 5)
        elif poison == "sequence":
            sender.journal.append(0, b"\x80", seq=99)
        else:
            sender.journal.append(0, b"\x93", kind=int(Kind.DECIDED))
    answer = sender.ack(sender.journal.batch(1, 5))
    assert answer.ack == 5
    assert [refusal.seq for refusal in answer.quarantined] == [place]
    assert [event.seq for event in stored(sender.store)] == [seq for seq in range(1, 6) if seq != place]
    assert aside(sender.store) == [(place, bytes(sender.journal.batch(place, place).rows[0]))]


def test_control_where_no_row_is_looked_for_one_poison_event_blocks_its_lane(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "insert_bearing", lambda *rows, **_: insert_many(*rows) or [])
    monkeypatch.setattr(intake, "_as_far_as", lambda settled, rows, **_: settled(rows))
    sender.journal.append(0, b"\x80", hlc=2**63 + 5)
    sender.journal.write(1)
    for _ in range(2):
        with pytest.raises(REFUSALS):
            sender.send(sender.journal.batch(1, 2))
    assert (stored(sender.store), aside(sender.store)) == ([], [])


def test_a_quarantined_event_sent_again_is_a_duplicate(sender: Sender) -> None:
    sender.journal.append(0, b"\xc1")
    sender.journal.write(1)
    sender.ack(sender.journal.batch(1, 2))
    assert sender.ack(sender.journal.batch(1, 2)).duplicates == 2
    assert len(aside(sender.store)) == 1


def test_several_values_that_the_database_refuses_are_each_found(sender: Sender) -> None:
    for seq in range(1, 41):
        sender.journal.append(0, b"\x80", hlc=2**63 + seq if seq in {1, 7, 8, 40} else seq)
    answer = sender.ack(sender.journal.batch(1, 40))
    assert [refusal.seq for refusal in answer.quarantined] == [1, 7, 8, 40]
    assert len(stored(sender.store)) == 36


def test_a_kind_from_the_future_is_kept_as_it_came(sender: Sender) -> None:
    event = sender.journal.append(0, b"\xc1 not ours to judge", kind=900, schema=7)
    assert sender.ack(sender.journal.batch(1, 1)).quarantined == ()
    assert stored(sender.store) == [event]


@pytest.mark.parametrize(
    "body", [b"\xa2\xff\xff", b"\x91" * 16_000 + b"\x01", b"\xd9"], ids=["utf-8", "nest", "short"]
)
def test_bytes_that_make_a_decoder_stumble_are_kept_aside(sender: Sender, body: bytes) -> None:
    sender.journal.append(0, body)
    sender.journal.write(1)
    assert [refusal.seq for refusal in sender.ack(sender.journal.batch(1, 2)).quarantined] == [1]


@given(st.binary(max_size=60), st.sampled_from([Kind.DECIDED, Kind.SIGNED_IN]))
def test_no_body_at_all_stops_the_look_at_a_batch(body: bytes, kind: Kind) -> None:
    journal = PaperJournal("park", "gate")
    journal.append(0, body, kind=int(kind))
    assert len(intake.read(journal.batch(1, 1))) == 1


def test_a_new_life_of_a_device_begins_at_one(sender: Sender) -> None:
    other, _ = a_device(sender.store)
    journal = a_journal(other)
    sender.journal.write(2)
    journal.write(1)
    sender.ack(sender.journal.batch(1, 2))
    answer = intake.take(sender.store, other, journal.batch(1, 1))
    assert isinstance(answer, Ack)
    assert answer.ack == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"v": 2}, Problem.SCHEMA),
        ({"device": "somebody"}, Problem.MALFORMED),
        ({"incarnation": 2}, Problem.MALFORMED),
        ({"lane": 7}, Problem.MALFORMED),
        ({"last": 9}, Problem.MALFORMED),
        ({"rows": ()}, Problem.MALFORMED),
    ],
)
def test_a_batch_that_contradicts_itself_is_refused(
    sender: Sender, change: dict[str, object], problem: Problem
) -> None:
    sender.journal.write(2)
    wrong = msgspec.structs.replace(sender.journal.batch(1, 2), **change)
    assert sender.refusal(wrong).problem is problem


def test_too_many_rows_are_refused(sender: Sender) -> None:
    sender.journal.write(2_001)
    assert sender.refusal(sender.journal.batch(1, 2_001)).problem is Problem.TOO_LARGE


def test_two_workers_racing_one_device_store_each_event_once(url: str, store: Store) -> None:
    sender = Sender(store)
    other = Store(url, now_ms=store.now_ms) if store.is_postgres else store
    sender.journal.write(60)
    answers: list[Ack | Rejected] = []
    start = threading.Barrier(2)

    def run(worker: Store) -> None:
        start.wait()
        for first in range(1, 61, 10):
            answers.append(intake.take(worker, sender.device, sender.journal.batch(first, first + 9)))

    threads = [threading.Thread(target=run, args=(worker,)) for worker in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if other is not store:
        other.close()
    assert all(isinstance(answer, Ack) for answer in answers)
    assert stored(store) == sender.journal.lanes[0]
