"""What several stories begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.run.demo.park import load
from edge.run.demo.seed import seed
from edge.run.platform import Central, settings
from sync.central.store import Store
from tests.journeys.devices import Device, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    master = seed(store, load())
    central = Central(store, settings(), host="127.0.0.1", port=0)
    central.start()
    device = Device(tmp_path)
    made = House(central, master, device)
    yield made
    for each in (device, *made.more):
        each.stop()
        each.radio.close()
    made.central.stop()
