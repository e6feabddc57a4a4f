"""kill -9 at every step of a sale: what was told stands, nothing is sold twice, the same id goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from tests.portions import sample_and_whole

ROOT = Path(__file__).resolve().parents[2]
START_MS_MAX = 3_000
"""From a kill to the next answer: the floor."""
STEPS_MIN = 1_000
Line = dict[str, object]


def lives_of(folder: Path, rounds: int) -> list[Line]:
    """Let a till die so many times; return what was seen of each life."""
    command = [sys.executable, "-m", "tests.faults.seller", str(folder), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(life: Line, key: str) -> list[Line]:
    """What one life told of one thing."""
    lines = life["told"]
    assert isinstance(lines, list)
    return [line for line in lines if key in line]


def judge(lives: list[Line]) -> None:
    """Nothing told is lost, nothing stands twice, and every basket is sold once in the end."""
    promised: Line | None = None
    for life in lives:
        number = int(str(life["number"]))
        found = told(life, "found")[0]
        if promised is not None:
            assert (found["state"], found["seq"]) == ("approved", promised["seq"]), (number, "told and lost")
        assert [line["state"] for line in told(life, "healed")] == ["approved"], (number, life)
        assert told(life, "books")[0]["books"] == [number - 1] * 3, (number, life)
        promised = next(iter(told(life, "told")), None)
        assert promised is None or promised["state"] == "approved"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", sample_and_whole(12, 1_000))
def test_no_step_of_a_sale_loses_or_doubles_it(tmp_path: Path, rounds: int) -> None:
    first, *lives = lives_of(tmp_path / "edge", rounds)
    assert int(str(first["steps"])) >= STEPS_MIN, "a sale has fewer steps than must be cut"
    killed = [life for life in lives if life["status"] == -signal.SIGKILL]
    assert len(killed) >= rounds * 0.9
    judge(lives)
    took = [float(str(line["took_ms"])) for life in lives for line in told(life, "healed")]
    print(f"{len(killed)} kills over {first['steps']} steps; restart to answer, median {median(took):.0f} ms")
    assert median(took) < START_MS_MAX


def a_life(number: int, *, state: str = "approved", seq: int = 0, books: int = 0, says: bool = True) -> Line:
    """What a life tells, for the controls."""
    said: list[Line] = [
        {"found": "", "state": state, "seq": seq or number - 1},
        {"healed": number - 1, "state": "approved"},
        {"books": [books or number - 1] * 3},
    ]
    return {
        "number": number,
        "told": [*said, *([{"told": number, "state": "approved", "seq": number}] * says)],
    }


def test_the_judge_is_content_with_lives_in_order() -> None:
    judge([a_life(2), a_life(3, says=False), a_life(4, state="awaiting")])


@pytest.mark.parametrize(
    "second", [a_life(3, state="awaiting"), a_life(3, seq=9), a_life(3, books=3), a_life(3, books=1)]
)
def test_a_sale_that_is_lost_changed_or_doubled_is_seen(second: Line) -> None:
    with pytest.raises(AssertionError):
        judge([a_life(2), second])
