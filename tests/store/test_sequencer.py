"""The sequencer: one act after the other, one commit, and no answer before it."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.core.events import Acted, Event, Kind
from edge.core.held import Change, Held
from edge.errors import Refused, StoreError
from edge.sequencer import Sequencer, Transaction
from edge.store.batch import BATCH_MAX, Ledger
from edge.store.journal import Journal
from edge.store.records import key_of
from edge.store.transaction import KEPT_MAX
from tests.store.house import Hands, a_band, a_ledger, a_passage, a_record, a_sequencer

LANES = 32


def test_an_answer_comes_only_when_another_reader_already_finds_the_record(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        journal = Journal(tmp_path)
        for _ in range(20):
            seq = sequencer.submit(a_record())
            assert journal.head(0).seq == seq
        journal.close()


def test_an_act_that_raises_fails_alone_and_leaves_nothing(tmp_path: Path) -> None:
    def fails(tx: Transaction) -> None:
        tx.append(Kind.LOOKED_UP, Acted())
        tx.put("colour", "sky", b"green")
        tx.ack(0, 1)
        raise ValueError("mine alone")

    with a_ledger(tmp_path / "state.db") as ledger:
        done = ledger.run([a_record("a"), fails, a_record("b")])
        assert [outcome.result for outcome in done.outcomes] == [1, None, 2]
        assert isinstance(done.outcomes[1].error, ValueError)
        assert [event.seq for event in done.events] == [1, 2]
        after = ledger.run([lambda tx: (tx.get("colour", "sky"), tx.chain.heads[0].seq)])
    assert after.outcomes[0].result == (None, 2)


def test_each_act_sees_what_those_before_it_in_the_batch_did(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        done = ledger.run([a_passage("tap-1"), a_passage("tap-2"), a_passage("tap-1")])
    assert [outcome.result for outcome in done.outcomes] == [1, 0, 1]


def test_what_raises_in_the_act_is_raised_where_it_was_submitted(tmp_path: Path) -> None:
    def fails(tx: Transaction) -> None:
        raise KeyError("gone")

    with a_sequencer(tmp_path) as sequencer:
        with pytest.raises(KeyError, match="gone"):
            sequencer.submit(fails)
        assert sequencer.submit(a_record()) == 1


def test_a_commit_that_fails_fails_the_whole_batch_and_none_of_it_is_applied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(tx: Transaction) -> int:
        gate.wait(5)
        return a_record("slow")(tx)

    def breaks(self: Ledger, events: list[Event]) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with a_sequencer(tmp_path) as sequencer:
        before = sequencer.submit(a_record())
        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "_flush", breaks)
            futures = [sequencer.submit_nowait(slow), sequencer.submit_nowait(a_record())]
            gate.set()
            for future in futures:
                with pytest.raises(StoreError):
                    future.result(5)
            assert sequencer.writable()[0] is False
        journal = Journal(tmp_path)
        assert journal.head(0).seq == before
        journal.close()


def test_32_lanes_race_for_one_right_and_exactly_one_is_green(tmp_path: Path) -> None:
    rounds = 30
    with a_sequencer(tmp_path) as sequencer, ThreadPoolExecutor(LANES) as lanes:
        for number in range(rounds):
            right, band = f"right-{number}", a_band(number)
            acts = [a_passage(f"tap-{number}-{lane}", right=right, band=band) for lane in range(LANES)]
            greens = [seq for seq in lanes.map(sequencer.submit, acts) if seq]
            assert len(greens) == 1


@pytest.mark.journey
@pytest.mark.timeout(60)
def test_1000_races_of_32_lanes_give_1000_greens(tmp_path: Path) -> None:
    greens = 0
    with a_sequencer(tmp_path) as sequencer, ThreadPoolExecutor(LANES) as lanes:
        for number in range(1_000):
            right, band = f"right-{number}", a_band(number)
            acts = [a_passage(f"tap-{number}-{lane}", right=right, band=band) for lane in range(LANES)]
            greens += sum(1 for seq in lanes.map(sequencer.submit, acts) if seq)
    assert greens == 1_000


def test_without_the_sequencer_the_same_race_gives_more_than_one_green(tmp_path: Path) -> None:
    """The control: each lane decides for itself on what it read before, as a check without a seat would."""
    barrier = threading.Barrier(4)

    def alone(sequencer: Sequencer, tap_id: str) -> int:
        used = sequencer.submit(lambda tx: len(tx.held(a_band(), ["ticket-1"]).uses))
        barrier.wait(5)
        return 0 if used else sequencer.submit(a_passage(tap_id, uses_max=99))

    with a_sequencer(tmp_path) as sequencer, ThreadPoolExecutor(4) as lanes:
        answers = list(lanes.map(lambda lane: alone(sequencer, f"tap-{lane}"), range(4)))
    assert sum(1 for seq in answers if seq) > 1


def test_the_same_tap_is_answered_the_same_also_after_a_restart(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        first = sequencer.submit(a_passage("tap-1"))
        assert sequencer.submit(a_passage("tap-1")) == first
        assert sequencer.submit(a_passage("tap-2")) == 0
    with a_sequencer(tmp_path) as sequencer:
        assert sequencer.submit(a_passage("tap-1")) == first
        assert sequencer.submit(a_passage("tap-2")) == 0


def test_waiting_acts_share_one_commit_of_at_most_256(tmp_path: Path) -> None:
    sizes: list[int] = []
    with a_sequencer(tmp_path) as sequencer:
        sequencer.after_commit(lambda results, events: sizes.append(len(results)))
        gate, begun = threading.Event(), threading.Event()

        def first(tx: Transaction) -> None:
            begun.set()
            gate.wait(5)

        futures: list[Future[object]] = [sequencer.submit_nowait(first)]
        assert begun.wait(5)
        futures += [sequencer.submit_nowait(a_record()) for _ in range(BATCH_MAX + 10)]
        gate.set()
        seqs = [future.result(5) for future in futures[1:]]
        sequencer.submit(a_record())
    assert seqs == list(range(1, BATCH_MAX + 11))
    assert sizes[:3] == [1, BATCH_MAX, 10]


def test_listeners_hear_results_and_events_in_order_and_their_faults_stop_nothing(tmp_path: Path) -> None:
    heard: list[int] = []

    def breaks(results: object, events: object) -> None:
        raise RuntimeError("screen is gone")

    with a_sequencer(tmp_path) as sequencer:
        sequencer.after_commit(breaks)
        sequencer.after_commit(lambda results, events: heard.extend(event.seq for event in events))
        for _ in range(50):
            sequencer.submit(a_record())
    assert heard == list(range(1, 51))


def test_hybrid_time_rises_strictly_over_both_lanes_and_over_restarts(tmp_path: Path) -> None:
    hands = Hands()
    for _ in range(2):
        with a_sequencer(tmp_path, clock=hands.clock()) as sequencer:
            for lane in (0, 1, 0, 1, 1):
                sequencer.submit(a_record(lane=lane))
        hands.wall_ms -= 3_600_000
        hands.mono_ms += 1_000
    journal = Journal(tmp_path)
    events = [*journal.events(0), *journal.events(1)]
    journal.close()
    by_time = sorted(events, key=lambda event: event.hlc)
    assert len({event.hlc for event in events}) == 10
    assert [event.lane for event in by_time] == [0, 1, 0, 1, 1] * 2
    assert [event.seq for event in journal_order(events, 1)] == [1, 2, 3, 4, 5, 6]


def journal_order(events: list[Event], lane: int) -> list[Event]:
    return [event for event in events if event.lane == lane]


def test_event_body_above_its_limit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        with pytest.raises(Refused, match="at most 16384 fit"):
            sequencer.submit(a_record("x" * 17_000))
        assert sequencer.submit(a_record()) == 1


def test_ack_above_our_own_head_is_never_believed(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_record())
        sequencer.ack(0, 1)
        with pytest.raises(Refused, match="acknowledges 2 of lane 0, which ends at 1"):
            sequencer.ack(0, 2)
        journal = Journal(tmp_path)
        assert (journal.acked(0), journal.pending(0)) == (1, 0)
        journal.close()


def test_zone_counts_survive_a_restart_and_begin_anew_at_the_reset(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_passage("tap-1", right="a"))
        sequencer.submit(a_passage("tap-2", right="b"))
    with a_sequencer(tmp_path) as sequencer:
        assert sequencer.submit(lambda tx: tx.places({"park": 10, "castle": 3})) == {"park": 8, "castle": 3}
        sequencer.submit(lambda tx: tx.count_from(5))
        assert sequencer.submit(lambda tx: tx.inside()) == {}
        sequencer.submit(a_passage("tap-3", right="c"))
        sequencer.submit(lambda tx: tx.count_from(5))
    with a_sequencer(tmp_path) as sequencer:
        assert sequencer.submit(lambda tx: tx.inside()) == {"park": 1}


def test_small_things_are_listed_in_order_whether_settled_or_not(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        put = [lambda tx, key=key: tx.put("screen", key, key.encode()) for key in "bca"]
        ledger.run(put)
        ledger.settle()
        ledger.run([lambda tx: tx.put("screen", "0", b"0"), lambda tx: tx.delete("screen", "b")])
        done = ledger.run([lambda tx: tx.rows("screen"), lambda tx: tx.get("screen", "b")])
    assert done.outcomes[0].result == [("0", b"0"), ("a", b"a"), ("c", b"c")]
    assert done.outcomes[1].result is None
    assert KEPT_MAX >= 3


def test_acts_after_stop_are_refused_and_the_folder_is_free(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_record())
    with pytest.raises(StoreError, match="stopping"):
        sequencer.submit(a_record())
    with pytest.raises(StoreError, match="stopping"):
        sequencer.submit_nowait(a_record()).result(1)
    with a_sequencer(tmp_path) as again:
        assert again.submit(a_record()) == 2


def test_many_lanes_get_contiguous_numbers_without_gap_or_double(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer, ThreadPoolExecutor(LANES) as lanes:
        jobs = [lanes.submit(lambda: [sequencer.submit(a_record()) for _ in range(20)]) for _ in range(LANES)]
        seqs = sorted(itertools.chain.from_iterable(job.result() for job in jobs))
    assert seqs == list(range(1, LANES * 20 + 1))


def test_ghosts_are_erased_while_taps_go_on(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(lambda tx: tx.put("note", "1", b"PLANTED-NAME" * 20))
        sequencer.submit(lambda tx: tx.delete("note", "1"))
        assert sequencer.erase_ghosts()
        sequencer.submit(a_record())
        found = [path for path in tmp_path.iterdir() if b"PLANTED-NAME" in path.read_bytes()]
    assert found == []


def test_an_act_that_swallows_a_failing_statement_is_not_committed_half_done(tmp_path: Path) -> None:
    def swallows(tx: Transaction) -> str:
        try:
            tx._read("SELECT damaged FROM nowhere", ())
        except sqlite3.OperationalError:
            tx.append(Kind.LOOKED_UP, Acted())
        return "all is well"

    with a_ledger(tmp_path / "state.db") as ledger:
        connection = ledger._connection
        done = ledger.run([swallows])
        assert done.outcomes[0].result == "all is well"
        rows = connection.execute("SELECT count(*) FROM journal WHERE key > ?", (key_of(0, 0),)).fetchone()
    assert rows == (1,)


@pytest.mark.timeout(30)
def test_stopping_while_lanes_submit_answers_every_one_of_them(tmp_path: Path) -> None:
    def lane(sequencer: Sequencer) -> int:
        count = 0
        try:
            while True:
                sequencer.submit(a_record())
                count += 1
        except StoreError:
            return count

    for number in range(4):
        with ThreadPoolExecutor(8) as lanes, a_sequencer(tmp_path / str(number)) as sequencer:
            jobs = [lanes.submit(lane, sequencer) for _ in range(8)]
            while sequencer.submit(lambda tx: tx.chain.heads[0].seq) < 50:
                pass
            sequencer.stop()
            told = sum(job.result(10) for job in jobs)
        journal = Journal(tmp_path / str(number))
        assert told <= journal.head(0).seq
        journal.close()


def test_what_is_read_ahead_is_what_would_be_read_one_by_one(tmp_path: Path) -> None:
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_passage("tap-1"))
    with a_sequencer(tmp_path) as sequencer:

        def seen(tx: Transaction) -> list[object]:
            return [
                tx.answer("tap-1"),
                tx.answer("tap-2"),
                tx.linked(a_band()),
                tx.held(a_band(), ("ticket-1",)),
            ]

        def seen_ahead(tx: Transaction) -> list[object]:
            tx.look_ahead("tap-1", a_band(), ("ticket-1",))
            return seen(tx)

        assert sequencer.submit(seen_ahead) == sequencer.submit(seen)
        assert sequencer.submit(seen)[0] is not None


def test_what_an_act_changes_counts_more_than_what_was_read_ahead(tmp_path: Path) -> None:
    def act(tx: Transaction) -> tuple[bytes | None, int]:
        tx.look_ahead("tap-1", a_band(), ())
        tx.append(Kind.DECIDED, Acted(tap_id="tap-1"))
        tx.keep_answer("tap-1", b"mine")
        tx.apply(a_band(), Change(held=Held(counter=7)), 1)
        return tx.answer("tap-1"), tx.held(a_band()).counter

    with a_sequencer(tmp_path) as sequencer:
        assert sequencer.submit(act) == (b"mine", 7)
