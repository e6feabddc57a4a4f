"""The edge's end alone, against a central that is told what to answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.client.backoff import AT_ONCE_S, FIRST_S, LONGEST_S, Backoff
from sync.client.history import Frozen
from sync.client.line import Declined, TimedOut
from sync.client.pushing import Pusher
from sync.wire import (
    ROWS_MAX,
    ROWS_USUAL,
    STATUS,
    Ack,
    Batch,
    Problem,
    ProblemDocument,
)
from tests.sync.paper import SENDER, Paper, Script


def taken(batch: Batch) -> Ack:
    return Ack(device="gate", lane=batch.lane, ack=batch.last, time_ms=1)


def no(problem: Problem, ack: int | None = None) -> Declined:
    document = ProblemDocument(
        type=f"urn:polso:problem:{problem}", title="", status=STATUS[problem], time_ms=1, ack=ack
    )
    return Declined(document, problem, None)


def a_pusher(count: int, *answers: object, lane: int = 0) -> tuple[Pusher, Script, Paper]:
    paper, script = Paper(), Script(*answers)
    line: Any = script
    paper.journal_of.write(count, lane)
    return Pusher(SENDER, lane, ports=paper.ports(), line=line), script, paper


def test_nothing_to_send_is_said_so() -> None:
    pusher, _, _ = a_pusher(0)
    assert pusher.push() is None


def test_an_ack_is_stored_and_the_next_range_follows_it() -> None:
    pusher, script, paper = a_pusher(5, lambda b: msgspec.structs.replace(taken(b), ack=3), taken)
    assert pusher.push() == 3
    assert pusher.push() == 2
    assert [(batch.first, batch.last) for batch in script.sent] == [(1, 5), (4, 5)]
    assert script.sent[1].prev == paper.journal_of.lanes[0][2].h
    assert paper.acks[0] == 5


def test_a_gap_rewinds_to_where_central_stands() -> None:
    pusher, script, paper = a_pusher(9, no(Problem.GAP, 2), taken)
    paper.acks[0] = 6
    assert pusher.push() == 0
    assert pusher.push() == 7
    assert [batch.first for batch in script.sent] == [7, 3]


def test_a_gap_behind_what_was_pruned_stops_the_lane() -> None:
    pusher, _, paper = a_pusher(9, no(Problem.GAP, 2))
    paper.acks[0], paper.anchors[0] = 6, 5
    with pytest.raises(Frozen, match="begins at 6"):
        pusher.push()


@pytest.mark.parametrize("answer", [no(Problem.GAP, 99), lambda b: msgspec.structs.replace(taken(b), ack=99)])
def test_an_ack_above_the_own_head_means_an_old_copy(answer: object) -> None:
    pusher, _, paper = a_pusher(4, answer)
    with pytest.raises(Frozen, match="old copy"):
        pusher.push()
    assert paper.acks[0] == 0


def test_a_fork_freezes_at_once() -> None:
    pusher, _, _ = a_pusher(4, no(Problem.FORK, 2))
    with pytest.raises(Frozen, match="another history"):
        pusher.push()


def test_a_chain_that_does_not_fit_is_read_again_once_and_then_freezes() -> None:
    pusher, script, _ = a_pusher(4, no(Problem.CHAIN), no(Problem.CHAIN))
    assert pusher.push() == 0
    with pytest.raises(Frozen, match="does not verify"):
        pusher.push()
    assert len(script.sent) == 2


@pytest.mark.parametrize("answer", [no(Problem.TOO_LARGE), TimedOut()])
def test_a_batch_that_is_too_large_or_too_slow_is_halved_and_grows_back(answer: Exception) -> None:
    pusher, script, _ = a_pusher(3_000, answer, taken, taken, taken)
    try:
        pusher.push()
    except TimedOut:
        assert isinstance(answer, TimedOut)
    while pusher.push() is not None and script.answers:
        pass
    assert [len(batch.rows) for batch in script.sent] == [ROWS_USUAL, 250, 500, 1_000]


def test_catching_up_uses_large_batches_but_never_larger_than_agreed() -> None:
    pusher, script, _ = a_pusher(6_000, *[taken] * 10)
    while pusher.push() is not None:
        pass
    assert max(len(batch.rows) for batch in script.sent) == ROWS_MAX


@pytest.mark.parametrize(
    "problem", [Problem.UNKNOWN_DEVICE, Problem.NOT_FOUND, Problem.LATER, Problem.REVOKED]
)
def test_other_refusals_change_nothing_here(problem: Problem) -> None:
    pusher, _, paper = a_pusher(4, no(problem))
    with pytest.raises(Declined):
        pusher.push()
    assert (paper.acks[0], len(paper.journal_of.lanes[0])) == (0, 4)


@pytest.mark.parametrize("change", [{"device": "other"}, {"lane": 1}])
def test_an_ack_for_another_lane_or_device_is_not_believed(change: dict[str, Any]) -> None:
    pusher, _, paper = a_pusher(4, lambda b: msgspec.structs.replace(taken(b), **change))
    with pytest.raises(Exception, match="not for this lane"):
        pusher.push()
    assert paper.acks[0] == 0


@given(st.integers(0, 60), st.floats(0, 4_000) | st.none())
def test_a_rest_is_never_longer_than_agreed_nor_shorter_than_asked(
    failures: int, asked: float | None
) -> None:
    backoff = Backoff()
    for _ in range(failures):
        backoff.failed()
    rest = backoff.failed(asked)
    assert (asked or 0) <= rest <= max(LONGEST_S, asked or 0)
    backoff.succeeded()
    assert backoff.failed() <= AT_ONCE_S
    assert backoff.failed() <= FIRST_S


def test_who_fails_twice_rests_for_longer_than_who_lost_one_answer() -> None:
    once, twice = [], []
    for _ in range(200):
        backoff = Backoff()
        once.append(backoff.failed())
        twice.append(backoff.failed())
    assert max(once) <= AT_ONCE_S < max(twice)
