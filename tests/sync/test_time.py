"""Central's time moves an edge's clock, nobody else's does, and the journal's order never minds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge.clock import Clock, wall_ms
from edge.errors import PolsoError
from sync.central.machines import lanes
from sync.central.store import Store
from sync.client import Cable, Line
from sync.client.pulling import Puller
from sync.client.pushing import Pusher
from sync.wire import Ack, Attested
from tests.sync.builders import NOW_MS
from tests.sync.ends import Edge, a_welcome, served, until
from tests.sync.paper import SENDER, Paper, Script
from tests.sync.strangers import STRANGERS, a_stranger

DAYS_3_MS = 3 * 24 * 3600 * 1000
NEAR_MS = 10_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize("wrong_ms", [DAYS_3_MS, -DAYS_3_MS], ids=["ahead", "behind"])
def test_central_sets_a_clock_that_is_three_days_wrong_and_order_stays(
    small_store: Store, tmp_path: Path, wrong_ms: int
) -> None:
    began = wall_ms()
    with served(small_store) as central:
        welcome = a_welcome(central, small_store)
        wrong = Clock(wall=lambda: NOW_MS + wrong_ms + wall_ms() - began)
        edge = Edge(tmp_path / "edge", central, welcome, clock=wrong).start(sync=False)
        edge.write(5)
        assert abs(edge.clock.now_ms() - NOW_MS - wrong_ms) < NEAR_MS
        edge.client.start()
        until(lambda: abs(edge.clock.now_ms() - NOW_MS) < NEAR_MS)
        edge.write(5)
        edge.write(2, lane=1)
        until(edge.drained)
        events = [*edge.journal.range(0, 0), *edge.journal.range(1, 0)]
        edge.stop()
    assert len(events) == 12
    assert all(earlier.hlc < later.hlc for earlier, later in pairwise(events))
    with small_store.reading() as tx:
        assert len(lanes.recent(tx, "park")) == 12


@pytest.mark.parametrize("reply", STRANGERS.values(), ids=STRANGERS.keys())
def test_no_strangers_word_is_taken_for_the_time(reply: bytes) -> None:
    paper = Paper()
    paper.journal_of.write(1)
    with a_stranger(reply) as url:
        line = Line(url, Cable(), device="gate")
        for ask in (Puller(SENDER, ports=paper.ports(), line=line).report, a_push(paper, line)):
            with pytest.raises(PolsoError):
                ask()
    assert paper.times == []


def a_push(paper: Paper, line: Any) -> Any:
    return Pusher(SENDER, 0, ports=paper.ports(), line=line).push


@pytest.mark.parametrize(
    "answer",
    [Ack(device="other", lane=0, ack=1, time_ms=5), Ack(device="gate", lane=0, ack=99, time_ms=5)],
    ids=["for another device", "of another history"],
)
def test_an_ack_that_is_not_believed_sets_no_clock(answer: Ack) -> None:
    paper = Paper()
    paper.journal_of.write(1)
    with pytest.raises(PolsoError):
        a_push(paper, Script(answer))()
    assert paper.times == []


def test_a_report_answered_for_another_device_sets_no_clock() -> None:
    paper, line = Paper(), Script(Attested(device="other", time_ms=5, tips=()))
    some_line: Any = line
    with pytest.raises(PolsoError):
        Puller(SENDER, ports=paper.ports(), line=some_line).report()
    assert paper.times == []


def test_the_control_an_ack_that_is_believed_sets_the_clock() -> None:
    paper = Paper()
    paper.journal_of.write(1)
    assert a_push(paper, Script(Ack(device="gate", lane=0, ack=1, time_ms=5)))() == 1
    assert paper.times == [5]
