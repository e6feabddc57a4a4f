"""Pruning: what central has held for a week may go, nothing else ever does."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.store.journal import Journal
from edge.store.pruning import KEEP_ACKED_MS_MIN, PRUNE_ROWS_MAX, Pruner
from tests.store.house import Hands, a_ledger, a_passage, a_record

DAY_MS = 86_400_000


def prune(folder: Path, hands: Hands) -> int:
    """Prune until nothing goes any more."""
    with a_ledger(folder / "state.db", hands.clock()) as ledger:
        while ledger.settle():
            pass
        pruner = Pruner(ledger._connection)
        gone = 0
        while piece := pruner.step(hands.wall_ms):
            assert piece <= 3 * PRUNE_ROWS_MAX
            gone += piece
        return gone


def fill(folder: Path, hands: Hands, *, count: int, ack: int) -> None:
    """So many records, acknowledged so far."""
    with a_ledger(folder / "state.db", hands.clock()) as ledger:
        ledger.run([a_record() for _ in range(count)])
        ledger.run([lambda tx: tx.ack(0, ack)])


def test_acked_records_stay_for_a_week_and_go_after_it(tmp_path: Path) -> None:
    hands = Hands()
    fill(tmp_path, hands, count=1_200, ack=1_000)
    hands.pass_ms(KEEP_ACKED_MS_MIN - 1)
    assert prune(tmp_path, hands) == 0
    hands.pass_ms(1)
    assert prune(tmp_path, hands) == 1_000
    journal = Journal(tmp_path)
    assert journal.anchor(0).seq == 1_000
    assert [event.seq for event in journal.range(0, 0, 2)] == [1_001, 1_002]
    assert journal.verify().whole
    journal.close()


def test_the_last_record_stays_because_time_goes_on_from_it(tmp_path: Path) -> None:
    hands = Hands()
    fill(tmp_path, hands, count=3, ack=3)
    hands.pass_ms(8 * DAY_MS)
    assert prune(tmp_path, hands) == 2
    with a_ledger(tmp_path / "state.db", hands.clock()) as ledger:
        done = ledger.run([a_record()])
    assert done.events[0].seq == 4


def test_a_later_ack_does_not_keep_an_earlier_one_from_pruning(tmp_path: Path) -> None:
    hands = Hands()
    fill(tmp_path, hands, count=10, ack=5)
    hands.pass_ms(KEEP_ACKED_MS_MIN)
    with a_ledger(tmp_path / "state.db", hands.clock()) as ledger:
        ledger.run([lambda tx: tx.ack(0, 9)])
    assert prune(tmp_path, hands) == 5


def test_an_answer_goes_with_its_record(tmp_path: Path) -> None:
    hands = Hands()
    with a_ledger(tmp_path / "state.db", hands.clock()) as ledger:
        ledger.run([a_passage(f"tap-{n}", uses_max=99) for n in range(6)])
        ledger.run([lambda tx: tx.ack(0, 4)])
    hands.pass_ms(KEEP_ACKED_MS_MIN)
    prune(tmp_path, hands)
    with a_ledger(tmp_path / "state.db", hands.clock()) as ledger:
        asked = [lambda tx, n=n: tx.answer(f"tap-{n}") is not None for n in range(6)]
        kept = [outcome.result for outcome in ledger.run(asked).outcomes]
    assert kept == [False] * 4 + [True] * 2


@settings(max_examples=15, deadline=None)
@given(acks=st.lists(st.integers(0, 40), max_size=6), days=st.integers(0, 20))
def test_unacked_records_never_go_and_the_chain_stays_whole(acks: list[int], days: int) -> None:
    hands = Hands()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), hands, count=40, ack=0)
        for ack in acks:
            hands.pass_ms(DAY_MS)
            with a_ledger(Path(folder) / "state.db", hands.clock()) as ledger:
                ledger.run([lambda tx, ack=ack: tx.ack(0, ack)])
        hands.pass_ms(days * DAY_MS)
        prune(Path(folder), hands)
        journal = Journal(Path(folder))
        assert journal.anchor(0).seq <= max(acks, default=0)
        assert [event.seq for event in journal.events(0)] == list(range(journal.anchor(0).seq + 1, 41))
        assert journal.verify().whole
        journal.close()
