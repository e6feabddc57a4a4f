"""SIGSTOP: whoever sleeps and wakes decides nothing by what is over, and what waited goes on by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from edge.clock import wall_ms
from sync.central.machines import lanes
from sync.central.store import Store, select
from sync.client import line
from tests.faults.killing import ROOT
from tests.faults.sleeper import LEASE_S
from tests.sync.ends import Edge, a_welcome, running, served, until

pytestmark = pytest.mark.timeout(120)
PAUSE_S = float(os.environ.get("POLSO_PAUSE_S", "0"))
"""How long longer than it must: 30 for the handbook's own half minute."""
TAP_MS_MAX = 50
PATIENCE_S = 20
TAPS = 20
STOPPED = "TtZX"
"""What a thread is that does nothing more: stopped, or ended."""


class Sleeper:
    """A process that is talked to line by line, and stopped in between."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def hear(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def ask(self) -> dict[str, Any]:
        """Have it do its next thing."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.hear()


@contextmanager
def a_sleeper(*words: str) -> Iterator[Sleeper]:
    """A process for one test."""
    command = [sys.executable, "-m", "tests.faults.sleeper", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Sleeper(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def stop(pid: int) -> None:
    """Stop a process, and see that it stands: the thread that hears of it may have to wait for its turn."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: all(state in STOPPED for state in states(pid)), PATIENCE_S)


def states(pid: int) -> list[str]:
    """What each of its threads does (proc(5), stat)."""
    found = []
    for task in Path("/proc", str(pid)).glob("task/*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended while it was looked at
            found.append(task.read_text().rpartition(") ")[2][0])
    return found


def asleep(pid: int, until_s: float) -> None:
    """Stop a process until so far on the rising clock, and let it go on."""
    stop(pid)
    try:
        until(lambda: time.monotonic() >= until_s, until_s - time.monotonic() + 5)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("clock", "state"), [("rises", "short"), ("stands", "approved")], ids=["as it is", "control"]
)
def test_a_till_that_slept_spends_nothing_of_what_ran_out_meanwhile(
    tmp_path: Path, clock: str, state: str
) -> None:
    """With its control: a clock that stands while the till sleeps spends what is another's by then."""
    with a_sleeper(clock, str(tmp_path / "edge")) as till:
        assert till.hear() == {"left": 2_000}
        began = time.monotonic()
        assert till.ask()["state"] == "approved"
        asleep(till.process.pid, began + LEASE_S + 0.5 + PAUSE_S)
        assert till.ask()["state"] == state


def waits(edge: Edge) -> float:
    """What the slow ones of some taps took, in ms."""
    took = []
    for _ in range(TAPS):
        began = time.perf_counter()
        edge.write(1)
        took.append((time.perf_counter() - began) * 1_000)
    return sorted(took)[TAPS * 9 // 10]


def tried(edge: Edge) -> Edge:
    """The edge, told not to rest now."""
    edge.client.kick()
    return edge


def stopped_and_woken(edge: Edge, running_now: Callable[[], list[int]]) -> None:
    """Stop processes while the edge taps; once it has noticed, let them go on, and see everything through."""
    edge.write(TAPS)
    until(edge.drained, PATIENCE_S)
    pids: list[int] = []
    while fresh := set(running_now()).difference(pids):  # the first may have begun one more before it stood
        for pid in fresh:
            stop(pid)
        pids += fresh
    try:
        slow_ms = waits(edge)
        until(lambda: tried(edge).client.health().alarm, PATIENCE_S)
        assert edge.journal.acked(0) == TAPS, "acknowledged by who sleeps"
        end = time.monotonic() + PAUSE_S
        until(lambda: time.monotonic() >= end, PAUSE_S + 5)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert slow_ms < TAP_MS_MAX
    until(lambda: tried(edge).drained(), PATIENCE_S)
    until(lambda: not tried(edge).client.health().alarm, PATIENCE_S)


def arrived(store: Store) -> list[int]:
    """The ordinary events at central."""
    with store.reading() as tx:
        seq, lane = lanes.event_table.c.seq, lanes.event_table.c.lane
        return list(tx.execute(select(seq).where(lane == 0).order_by(seq)).scalars())


def test_a_central_that_sleeps_keeps_no_tap_waiting_and_takes_each_event_once_when_it_wakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "ANSWER_S_MAX", 0.5)
    path = str(tmp_path / "central.db")
    with closing(Store(path, now_ms=wall_ms)) as first, served(first) as near:
        welcome = a_welcome(near, first)
    with a_sleeper("central", path) as central:
        url = str(central.hear()["url"])
        with running(Edge(tmp_path / "edge", url, welcome, report_s=0.5)) as edge:
            stopped_and_woken(edge, lambda: [central.process.pid])
    with closing(Store(path, now_ms=wall_ms)) as again:
        assert arrived(again) == list(range(1, 2 * TAPS + 1))


@pytest.mark.postgres
def test_a_database_that_sleeps_acknowledges_nothing_and_holds_each_event_once_when_it_wakes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    """What hung in it meanwhile ends beside what was sent again: the cursor takes each number once."""
    from tests.real.postgres import fresh_database, processes  # not everybody has it

    monkeypatch.setattr(line, "ANSWER_S_MAX", 0.5)
    with (
        fresh_database(postgres_url, "polso_sleeps") as database,
        closing(Store(database, now_ms=wall_ms)) as store,
        served(store) as url,
    ):
        with running(Edge(tmp_path / "edge", url, a_welcome(url, store), report_s=0.5)) as edge:
            stopped_and_woken(edge, lambda: processes(postgres_url))
        assert arrived(store) == list(range(1, 2 * TAPS + 1))
