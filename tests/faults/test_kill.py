"""kill -9 at any moment: nothing told is lost, nothing stands twice, the next start needs no help."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store.database import open_writer
from edge.store.journal import Journal
from tests.conftest import FIGURES
from tests.store.house import a_sequencer

ROOT = Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("POLSO_SEED", "20261121"))
KILLS = int(os.environ.get("POLSO_KILLS", "60"))
READY_S, READY_GOAL_S = 10, 2
"""A crash to the gate answering: the floor and the goal."""
READY: list[float] = []
"""How long each new start took to its first durable answer, in seconds."""
SPENT: list[float] = []
"""What of it the process had of a processor: where others want one too, all else is the wait for it."""
TICKS_S = os.sysconf("SC_CLK_TCK")


def a_plan() -> random.Random:
    """The seeded moments of the kills."""
    return random.Random(SEED)  # noqa: S311  # a seeded plan, no secret


def run_and_kill(folder: Path, after_s: float) -> list[tuple[int, str]]:
    """Run the writer, kill it so long after its first word; return what it told: journal numbers and taps."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writer", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child:
        try:
            first = child.stdout.readline()
            assert first, "the writer ended by itself"
            READY.append(time.monotonic() - began)
            SPENT.append(spent_s(child.pid))
            time.sleep(after_s)  # the moment of the kill is the experiment, not a wait for something
        finally:
            child.kill()  # also where the time is over: it would be waited for without end
        told = [first, *child.stdout.readlines()]
    assert child.returncode == -signal.SIGKILL
    return [parse(line) for line in told if line.endswith("\n")]


def spent_s(pid: int) -> float:
    """What a process has had of processors so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def parse(line: str) -> tuple[int, str]:
    """Journal number and tap id of one told line."""
    seq, lane, number = line.split()
    return int(seq), f"tap-{lane}-{number}"


def judge(folder: Path, told: list[tuple[int, str]]) -> None:
    """Ask the five questions with a stock driver, and that the store goes on."""
    connection = sqlite3.connect(folder / "state.db")
    rows = [row[0] for row in connection.execute("SELECT seq FROM journal WHERE lane = 0 ORDER BY key")]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert rows == list(range(1, len(rows) + 1)), "a gap or a double"
    assert {seq for seq, _ in told} <= set(rows), "a told record is lost"
    with a_sequencer(folder) as sequencer:
        for seq, tap_id in told[-200:]:
            answer = sequencer.submit(lambda tx, tap_id=tap_id: tx.answer(tap_id))
            assert answer == seq.to_bytes(8, "big"), "a told answer is lost"
    journal = Journal(folder)
    assert journal.verify().whole
    journal.close()


def kill_rounds(folder: Path, rounds: int, chance: random.Random) -> int:
    """Kill so many times on one folder; return how many events were told."""
    told: list[tuple[int, str]] = []
    for number in range(rounds):
        told += run_and_kill(folder, chance.random() * 0.08)
        assert READY[-1] < READY_S
        if number % 10 == 9 or number == rounds - 1:
            judge(folder, told)
    return len(told)


@pytest.mark.timeout(30)
def test_told_records_outlive_some_kills(tmp_path: Path) -> None:
    assert kill_rounds(tmp_path, 5, a_plan()) >= 5


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(2 * max(60, KILLS))
def test_told_records_outlive_60_kills(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`POLSO_KILLS=1000` is the goal."""
    print(f"seed {SEED}: POLSO_SEED={SEED} pytest tests/faults/test_kill.py")
    READY.clear()
    SPENT.clear()
    told = kill_rounds(tmp_path, KILLS, a_plan())
    assert told >= KILLS
    record_property(
        FIGURES,
        f"{KILLS} kills: {told} told, 0 lost or doubled; answers again in {max(READY):.2f} s at most, "
        f"{max(SPENT):.2f} s of a processor (floor {READY_S}, goal {READY_GOAL_S})",
    )


@pytest.mark.timeout(30)
def test_a_writer_that_answers_before_its_commit_is_caught_by_the_same_question(tmp_path: Path) -> None:
    """The control: told before durable, the kill loses it and the question notices."""
    with a_sequencer(tmp_path):
        pass
    connection = open_writer(tmp_path / "state.db")
    connection.execute("BEGIN IMMEDIATE")
    told = [(1, "tap-0-0")]
    connection.execute("ROLLBACK")
    connection.close()
    with pytest.raises(AssertionError, match="a told record is lost"):
        judge(tmp_path, told)
