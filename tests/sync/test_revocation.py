"""How fast a revoked band is bound at every gate: fifty edges wait at one central."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.core.bands import BandState
from sync.central.feed import publish_band
from sync.central.settings import Settings
from sync.central.store import Store
from sync.client import Cable, Line, Sender
from sync.client.line import Unreachable
from sync.client.pulling import Puller
from sync.wire import BandNotice, Cursor
from tests.sync.builders import Clockwork
from tests.sync.ends import a_welcome, keys_of, served, until
from tests.sync.paper import Paper

EDGES = 50
REVOCATIONS = 15
FLOOR_S = 2.0


@dataclass
class Gate(Paper):
    """An edge on paper that notes when each band was bound."""

    at: Cursor = field(default_factory=Cursor)
    bound_at: dict[bytes, float] = field(default_factory=dict)

    def apply(self, page: Any, cursor: Any, seq: int = 0) -> None:
        if isinstance(page, bytes):
            self.bound_at[page] = time.monotonic()
        else:
            super().apply(page, cursor, seq)

    def adopt(self, path: Path, point_at: Any) -> None:
        """The built file is where it was built to."""

    def build(self, items: Any, cursor: Cursor, *, rows_min: int = 0) -> Path:
        list(items)
        self.at = cursor
        return Path("built")

    def count(self) -> int:
        return 0


def listen(gate: Gate, puller: Puller, stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            puller.pull(25)
    except Unreachable:
        assert stop.is_set(), "central must be there"


def a_gate(url: str, store: Store) -> tuple[Gate, Puller]:
    welcome, gate = a_welcome(url, store), Gate()
    line = Line(url, Cable(), device=welcome.device, keys=keys_of(welcome))
    return gate, Puller(Sender(site="park", device=welcome.device), ports=gate.ports(), line=line)


def revoke(store: Store, number: int) -> tuple[bytes, float]:
    band = number.to_bytes(16, "big")
    began = time.monotonic()
    with store.transaction() as tx:
        publish_band(tx, "park", BandNotice(band=band, state=BandState.REVOKED, epoch=0))
    return band, began


@pytest.mark.journey
@pytest.mark.slow  # fifty gates and central share an interpreter: who counts its lines holds up them all
@pytest.mark.timeout(120)
def test_a_revocation_reaches_fifty_waiting_gates_in_time(url: str, clock: Clockwork) -> None:
    store, stop = Store(url, now_ms=clock), threading.Event()
    with served(store, Settings(polls_max=64), threads=EDGES + 14) as central:
        gates = [a_gate(central, store) for _ in range(EDGES)]
        threads = [threading.Thread(target=listen, args=(*pair, stop)) for pair in gates]
        for thread in threads:
            thread.start()
        until(lambda: all(gate.at.epoch for gate, _ in gates), 30)
        took = []
        for number in range(1, REVOCATIONS + 1):
            band, began = revoke(store, number)
            until(lambda: all(band in gate.bound_at for gate, _ in gates), 20)  # noqa: B023  # called at once
            took += [gate.bound_at[band] - began for gate, _ in gates]
        stop.set()
        store.wakes.close()
        for thread in threads:
            thread.join(30)
    store.close()
    took.sort()
    in_time = sum(each <= FLOOR_S for each in took) / len(took)
    print(
        f"\n{len(took)} deliveries: p50 {statistics.median(took) * 1000:.0f} ms,"
        f" p99 {took[len(took) * 99 // 100] * 1000:.0f} ms, {in_time:.1%} within {FLOOR_S} s"
    )
    assert len(took) == EDGES * REVOCATIONS
    assert took[len(took) * 99 // 100] <= FLOOR_S
