"""Three days without central: everything that was written meanwhile arrives, once, over a line that loses."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.clock import Clock, monotonic_ms, wall_ms
from edge.core.events import Acted, Kind
from sync.central.machines.lanes import event_table, lane_table
from sync.central.store import Store, func, select
from tests.faults.proxy import Faults, between
from tests.sync.ends import Edge, a_welcome, served, until

EVENTS = 20_000
SILENCE_MS = 72 * 3600 * 1000


class Passing:
    """Time that passes as told."""

    def __init__(self) -> None:
        self.ms = 0

    def clock(self) -> Clock:
        return Clock(wall=lambda: wall_ms() + self.ms, monotonic=lambda: monotonic_ms() + self.ms)


def write_many(edge: Edge, count: int) -> None:
    """Journal many events as busy lanes do: in batches."""
    futures = [
        edge.sequencer.submit_nowait(lambda tx: tx.append(Kind.LOOKED_UP, Acted(point="gate-1", note="tap")))
        for _ in range(count)
    ]
    for future in futures:
        future.result()


def nudged(edge: Edge) -> Edge:
    """The edge, told not to rest now."""
    edge.client.kick()
    return edge


def rows(store: Store) -> tuple[int, int, int]:
    own = event_table.c
    counted = select(func.count(), func.min(own.seq), func.max(own.seq)).where(own.lane == 0)
    with store.reading() as tx:
        count, first, last = tx.execute(counted).one()
    return count, first, last


@pytest.mark.journey
@pytest.mark.timeout(120)
@pytest.mark.parametrize("lost", [0.0, 0.2], ids=["a good line", "a fifth of the replies lost"])
def test_three_days_of_events_arrive_exactly_once(tmp_path: Path, lost: float) -> None:
    store, faults, passing = Store(str(tmp_path / "central.db"), now_ms=wall_ms), Faults(seed=11), Passing()
    with served(store) as central, between(central, faults) as shaky:
        edge = Edge(
            tmp_path / "edge", shaky, a_welcome(central, store), clock=passing.clock(), audience=central
        )
        edge.start(sync=False)
        for _ in range(10):
            write_many(edge, EVENTS // 10)
            passing.ms += SILENCE_MS // 10
        faults.lose_replies = lost
        began = time.monotonic()
        edge.client.start()
        until(lambda: nudged(edge).drained(), 60)
        took_s = time.monotonic() - began
        faults.lose_replies = 0.0
        until(lambda: not nudged(edge).client.health().alarm, 10)
        edge.stop()
    print(f"\n{EVENTS} events in {took_s:.1f} s, {faults.lost} replies lost")
    assert rows(store) == (EVENTS, 1, EVENTS)
    with store.reading() as tx:
        assert tx.execute(select(lane_table.c.ack).where(lane_table.c.lane == 0)).scalar_one() == EVENTS
    assert (faults.lost > 0) == (lost > 0)
    store.close()
