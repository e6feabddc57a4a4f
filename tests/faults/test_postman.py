"""A network that brings requests twice and in another order: each event is kept once, each repeat refused."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from edge.clock import wall_ms
from sync.central.store import Store
from sync.client import Cable
from tests.faults.proxy import Faults, between
from tests.faults.test_paused import arrived, tried
from tests.sync.ends import Edge, a_welcome, running, served, until

pytestmark = pytest.mark.timeout(60)
ROUNDS, EVENTS = 10, 5


class Postman(Cable):
    """Brings every batch twice, and an older one after it."""

    def __init__(self) -> None:
        super().__init__()
        self.brought: list[requests.PreparedRequest] = []
        self.statuses: list[int] = []
        self._chance = random.Random(9)  # noqa: S311  # a test repeats its faults by seed

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send it, send it again, and one of those before it once more; only the first answer is heard."""
        answer = super().send(request, *args, **more)
        if str(request.url).endswith("/events"):
            self.brought.append(request)
            for again in (request, self._chance.choice(self.brought)):
                told = super().send(again, *args, **more)
                self.statuses.append(told.status_code)
                told.close()
        return answer


def through(tmp_path: Path, cable: Cable, faults: Mapping[str, Any]) -> list[int]:
    """Write and push in rounds over a line of this kind; what central holds in the end."""
    with closing(Store(str(tmp_path / "central.db"), now_ms=wall_ms)) as store, served(store) as url:
        welcome = a_welcome(url, store)
        with (
            between(url, Faults(seed=3, **faults)) as shaky,
            running(Edge(tmp_path / "edge", shaky, welcome, audience=url, cable=cable)) as edge,
        ):
            for _ in range(ROUNDS):
                edge.write(EVENTS)
                until(lambda: tried(edge).drained(), 20)
            assert edge.client.frozen == ""
        return arrived(store)


def test_what_the_network_brings_twice_or_late_is_kept_once(tmp_path: Path) -> None:
    postman = Postman()
    assert through(tmp_path, postman, {}) == list(range(1, ROUNDS * EVENTS + 1))
    assert len(postman.statuses) >= 2 * ROUNDS
    assert set(postman.statuses) == {401}, "a repeat is nobody's request"


@pytest.mark.parametrize(
    "faults",
    [{"delay_s": 0.01, "jitter_s": 0.03}, {"bytes_per_s": 16_000, "lose_replies": 0.1}],
    ids=["delay and jitter", "slow and lossy"],
)
def test_a_line_that_delays_and_loses_brings_each_event_once(
    tmp_path: Path, faults: dict[str, float]
) -> None:
    assert through(tmp_path, Cable(), faults) == list(range(1, ROUNDS * EVENTS + 1))
