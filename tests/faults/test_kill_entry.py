"""kill -9 at every step of an entry: what was told stands, one right lets in once, the same tap goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from tests.faults.doorkeeper import tap_id_of
from tests.faults.test_kill_sale import ROOT, START_MS_MAX, Line, die_at_every_step, each, memory, told
from tests.portions import sample_and_whole

__all__ = ["memory"]
STEPS_MIN = 300


def lives_of(folder: Path, rounds: int) -> list[list[Line]]:
    """Let gates die so many times; return what was seen of each gate's lives, its steps first."""
    command = [sys.executable, "-m", "tests.faults.doorkeeper", str(folder), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return each(json.loads(line) for line in done.stdout.splitlines())


def judge(lives: list[Line]) -> None:
    """Each right let in once, at most one opening, what was told is what is found, and no second green."""
    promised: Line | None = None
    opened: list[object] = []
    for life in lives:
        former = int(str(life["number"])) - 1
        [found] = told(life, "found")
        assert (found["found"], found["outcome"]) == (former, "granted"), (former, "told and lost")
        assert promised is None or found["seq"] == promised["seq"], (
            former,
            "another answer for the same tap",
        )
        assert [line["uses"] for line in told(life, "uses")] == [1], (former, life)
        assert [line["second"] for line in told(life, "second")] == ["already_used_here"], (former, life)
        opened += [line["opened"] for line in told(life, "opened")]
        promised = next(iter(told(life, "told")), None)
        assert promised is None or promised["outcome"] == "granted"
    assert len(opened) == len(set(opened)), "a gate opened twice for one right"
    assert set(opened) <= {tap_id_of(int(str(life["number"])) - n) for life in lives for n in (0, 1)}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", sample_and_whole(12, 400))
def test_no_step_of_an_entry_loses_or_doubles_it(memory: Path, rounds: int) -> None:
    gates = lives_of(memory / "edge", rounds)
    for _, *lives in gates:
        judge(lives)
    lives = die_at_every_step(gates, rounds, STEPS_MIN)
    took = [float(str(line["took_ms"])) for life in lives for line in told(life, "found")]
    print(f"restart to answer, median {median(took):.0f} ms")
    assert median(took) < START_MS_MAX


def a_life(number: int, *, uses: int = 1, seq: int = 0, **said: str) -> Line:
    """What a life tells, for the controls."""
    lines: list[Line] = [
        {"found": number - 1, "outcome": said.get("outcome", "granted"), "seq": seq or number - 1},
        {"uses": uses},
        {"second": said.get("second", "already_used_here")},
        {"opened": said.get("opened", tap_id_of(number))},
        {"told": number, "outcome": "granted", "seq": number},
    ]
    return {"number": number, "told": lines}


def test_the_judge_is_content_with_lives_in_order() -> None:
    judge([a_life(2), a_life(3), a_life(4)])


@pytest.mark.parametrize(
    "second",
    [
        a_life(3, outcome="denied"),
        a_life(3, seq=9),
        a_life(3, uses=0),
        a_life(3, uses=2),
        a_life(3, second="entered"),
        a_life(3, opened=tap_id_of(2)),
    ],
    ids=["lost", "another", "no use", "two uses", "a second green", "opened twice"],
)
def test_an_entry_that_is_lost_changed_or_doubled_is_seen(second: Line) -> None:
    with pytest.raises(AssertionError):
        judge([a_life(2), second])
