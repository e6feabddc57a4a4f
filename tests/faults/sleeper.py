"""Processes that are stopped in their tracks and go on: a till with money for a short time, and a central."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from edge.clock import wall_ms
from sync.central.store import Store
from tests.faults.seller import Told
from tests.service.house import Hands, an_edge
from tests.service.purses import SOUP, a_grant, a_guest, granted, left, rung_up, tapped
from tests.sync.ends import served

LEASE_S = 8
"""Of which a device takes five off: it ends before its parent doubts it."""


class Awake(Hands):
    """The machine's own clocks; with ``stands`` the rising one counts only what this process works."""

    def __init__(self, *, stands: bool) -> None:
        self.rising: Callable[[], float] = time.process_time if stands else time.monotonic

    @property
    def wall_ms(self) -> int:  # type: ignore[override]  # read, never moved
        """The machine's time."""
        return wall_ms()

    @property
    def mono_ms(self) -> int:  # type: ignore[override]  # read, never moved
        """Time that never goes back."""
        return int(self.rising() * 1_000) + 1_000_000


def say(told: Told) -> None:
    """One line to whoever listens."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def till(folder: Path, *, stands: bool) -> None:
    """Borrow money for a short time, and sell once for each line of the input."""
    with an_edge(folder, Awake(stands=stands)) as house:
        a_guest(house)
        granted(house, a_grant(2_000, ttl_s=LEASE_S))
        say({"left": left(house)})
        for number, _ in enumerate(sys.stdin, 1):
            rung_up(house, SOUP, op_id=f"op-pause-{number:08}")
            view = tapped(house)
            say({"state": view.state.value, "left": left(house)})


def central(path: str) -> None:
    """Serve until the input ends."""
    with closing(Store(path, now_ms=wall_ms)) as store, served(store) as url:
        say({"url": url})
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "central":
        central(sys.argv[2])
    else:
        till(Path(sys.argv[2]), stands=sys.argv[1] == "stands")
