"""The kernel breaks the cable between a device and central: taps never notice, everything arrives once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.clock import wall_ms
from sync.central.machines import lanes
from sync.central.store import Store, select
from tests.faults.islands import Islands, two_islands
from tests.faults.killing import ROOT
from tests.sync.ends import a_welcome, served, until

pytestmark = [pytest.mark.real("islands"), pytest.mark.timeout(120)]
TAP_MS_MAX = 50
TAPS = 20
PATIENCE_S = 30


class Islander:
    """A device in a process on the near island."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, what: str) -> dict[str, Any]:
        """Have one thing done, and hear what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said

    def state(self) -> dict[str, Any]:
        """How sync is, after another try."""
        return self.ask("state")

    def drained(self) -> bool:
        """Whether central has acknowledged everything."""
        return self.state()["outbox"] == 0


@contextmanager
def an_islander(folder: Path, islands: Islands, url: str, welcome: object) -> Iterator[Islander]:
    """A device on the near island for one test."""
    (folder / "welcome").write_bytes(msgspec.json.encode(welcome))
    command = ["ip", "netns", "exec", islands.near, sys.executable, "-m", "tests.faults.islander"]
    process = subprocess.Popen(
        [*command, str(folder / "edge"), url, str(folder / "welcome")],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield Islander(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


class Shore:
    """Both ends and what lies between."""

    def __init__(self, islands: Islands, islander: Islander, store: Store) -> None:
        self.islands, self.islander, self.store = islands, islander, store
        self.written = 0

    def write(self, count: int = TAPS, lane: int = 0) -> float:
        """Tap; return how long the slow ones took, in ms."""
        self.written += count if lane == 0 else 0
        return float(self.islander.ask(f"write {lane} {count}")["p90_ms"])

    def arrived(self) -> list[int]:
        """The ordinary events at central."""
        with self.store.reading() as tx:
            seq, lane = lanes.event_table.c.seq, lanes.event_table.c.lane
            return list(tx.execute(select(seq).where(lane == 0).order_by(seq)).scalars())


@pytest.fixture(scope="module")
def shore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shore]:
    folder = tmp_path_factory.mktemp("shore")
    path = str(folder / "central.db")
    with closing(Store(path, now_ms=wall_ms)) as first, served(first) as near:
        welcome = a_welcome(near, first)
    with (
        two_islands() as islands,
        closing(Store(path, now_ms=wall_ms)) as store,
        served(store, bound=islands.listening()) as url,
        an_islander(folder, islands, url, welcome) as islander,
    ):
        until(islander.drained, PATIENCE_S)
        yield Shore(islands, islander, store)


FAULTS: dict[str, Callable[[Islands], None]] = {
    "blackhole": lambda islands: islands.rule("INPUT -p tcp -j DROP"),
    "reset": lambda islands: islands.rule("INPUT -p tcp -j REJECT --reject-with tcp-reset"),
    "answers lost": lambda islands: islands.rule("OUTPUT -p tcp -j DROP"),
    "link down": lambda islands: islands.link("down"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cable_that_the_kernel_breaks_keeps_no_tap_waiting_and_all_arrives_once_it_is_whole(
    shore: Shore, fault: str
) -> None:
    quiet_ms = shore.write()
    until(shore.islander.drained, PATIENCE_S)
    before = shore.islander.state()["acked"]
    FAULTS[fault](shore.islands)
    try:
        broken_ms = shore.write()
        until(lambda: shore.islander.state()["alarm"], PATIENCE_S)
        assert shore.islander.state()["acked"] == before, "acknowledged by nobody"
    finally:
        shore.islands.heal()
    assert broken_ms < max(TAP_MS_MAX, 5 * quiet_ms), (quiet_ms, broken_ms)
    until(shore.islander.drained, PATIENCE_S)
    assert shore.arrived() == list(range(1, shore.written + 1))
    openers = shore.islander.state()["openers"]
    assert not {"sequencer", "MainThread"} & set(openers), "a tap opened a socket"


def test_every_fifth_packet_lost_costs_time_and_nothing_else(shore: Shore) -> None:
    shore.islands.rule("INPUT -m statistic --mode random --probability 0.2 -j DROP")
    try:
        shore.write()
        until(shore.islander.drained, PATIENCE_S)
    finally:
        shore.islands.heal()
    assert shore.arrived() == list(range(1, shore.written + 1))


def test_a_link_of_64_kbit_brings_what_is_urgent_first_and_the_rest_too(shore: Shore) -> None:
    shore.islands.link("down")  # else most of what is ordinary is gone before anything urgent is written
    shore.islands.slow("64kbit")
    try:
        shore.write(600)
        shore.write(1, lane=1)
        shore.islands.link("up")
        end = time.monotonic() + PATIENCE_S
        while not (acked := shore.islander.state()["acked"])[1]:
            assert time.monotonic() < end, "what is urgent never came"
        assert acked[0] < shore.written, "what is ordinary was all there before it"
        until(shore.islander.drained, PATIENCE_S)
    finally:
        shore.islands.heal()
    assert shore.arrived() == list(range(1, shore.written + 1))


HEAVY, LATE = 300, 3
"""Events that a line of 64 kbit/s brings in six seconds; how often a batch of them is too late."""


def on_a_slow_line(shore: Shore, stubborn: int) -> None:
    """Write what is heavy while the cable is out, and put it in again."""
    shore.islander.ask(f"stubborn {stubborn}")
    shore.islands.link("down")
    shore.islands.slow("64kbit")
    shore.islander.ask(f"heavy {HEAVY}")
    shore.written += HEAVY
    shore.islands.link("up")


def test_batches_that_a_slow_line_does_not_bring_in_time_are_halved_until_it_does(shore: Shore) -> None:
    try:
        on_a_slow_line(shore, stubborn=0)
        until(shore.islander.drained, PATIENCE_S)
        assert 1 <= shore.islander.state()["late"] <= 3 * LATE, "no storm of time-outs"
    finally:
        shore.islands.heal()
    assert shore.arrived() == list(range(1, shore.written + 1))


def test_control_whoever_sends_as_much_again_never_comes_through_a_slow_line(shore: Shore) -> None:
    before = shore.islander.state()["acked"]
    try:
        on_a_slow_line(shore, stubborn=1)
        until(lambda: shore.islander.state()["late"] >= LATE, PATIENCE_S)
        assert shore.islander.state()["acked"] == before
    finally:
        shore.islands.heal()
        shore.islander.ask("stubborn 0")
    until(shore.islander.drained, PATIENCE_S)
    assert shore.arrived() == list(range(1, shore.written + 1))


def test_control_without_a_fault_the_same_words_arrive_at_once(shore: Shore) -> None:
    """What the faults are made of is what stops it: the islands alone do not."""
    shore.write()
    until(shore.islander.drained, 5)
    assert shore.islander.state()["alarm"] == ""
