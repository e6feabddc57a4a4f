"""kill -9 at every step of a sale: what was told stands, nothing is sold twice, the same id goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pytest

from tests.faults.wares import BASKETS
from tests.portions import sample_and_whole

ROOT = Path(__file__).resolve().parents[2]
START_MS_MAX = 3_000
"""From a kill to the next answer: the floor."""
STEPS_MIN = 1_000
VOUCHER_ROUNDS = 300
MEMORY = Path("/dev/shm")  # noqa: S108  # a file system, no guessed name in it
Line = dict[str, object]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: what a killed process wrote outlives it there as on a disk."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def lives_of(folder: Path, rounds: int, basket: str = "money") -> list[list[Line]]:
    """Let tills die so many times; return what was seen of each till's lives, its steps first."""
    command = [sys.executable, "-m", "tests.faults.seller", str(folder), basket, str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return each(json.loads(line) for line in done.stdout.splitlines())


def each(lines: Iterable[Line]) -> list[list[Line]]:
    """Part what was seen by who it was seen of: each begins with its steps."""
    found: list[list[Line]] = []
    for line in lines:
        if "number" not in line:
            found.append([])
        found[-1].append(line)
    return found


def die_at_every_step(tills: list[list[Line]], rounds: int, steps_min: int) -> list[Line]:
    """Demand so many deaths, from the first step to the last one; return all lives, till by till."""
    lives = [life for _, *lives in tills for life in lives]
    steps = [int(str(first["steps"])) for first, *_ in tills]
    assert min(steps) >= steps_min, "an act has fewer steps than must be cut"
    killed = sorted(int(str(life["kill_at"])) for life in lives if life["status"] == -signal.SIGKILL)
    assert len(killed) >= rounds * 0.9
    widest = max(after - before for before, after in zip([0, *killed], killed, strict=False))
    assert widest <= 3 * max(steps) / rounds + 1, "steps at which nobody died"
    print(f"{len(killed)} kills over {max(steps)} steps, {len(tills)} times anew")
    return lives


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
        books = told(life, "books")[0]["books"]
        assert isinstance(books, list)
        assert set(books) == {number - 1}, (number, life)
        promised = next(iter(told(life, "told")), None)
        assert promised is None or promised["state"] == "approved"


def die_and_judge(folder: Path, rounds: int, basket: str = "money") -> list[Line]:
    """Let tills die so many times, look at what was lost or doubled, return their lives."""
    tills = lives_of(folder, rounds, basket)
    for _, *lives in tills:
        judge(lives)
    return die_at_every_step(tills, rounds, STEPS_MIN)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("rounds", sample_and_whole(12, 1_000))
def test_no_step_of_a_sale_loses_or_doubles_it(memory: Path, rounds: int) -> None:
    lives = die_and_judge(memory / "edge", rounds)
    took = [float(str(line["took_ms"])) for life in lives for line in told(life, "healed")]
    print(f"restart to answer, median {median(took):.0f} ms")
    assert median(took) < START_MS_MAX


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("basket", [name for name in BASKETS if name != "money"])
def test_no_step_of_a_voucher_sale_loses_or_doubles_money_or_units(memory: Path, basket: str) -> None:
    """Nine hundred deaths: free drinks, gift credit, and baskets of both that money pays the rest of."""
    die_and_judge(memory / "edge", VOUCHER_ROUNDS, basket)


def a_life(
    number: int, *, state: str = "approved", seq: int = 0, books: tuple[int, ...] = (), says: bool = True
) -> Line:
    """What a life tells, for the controls."""
    said: list[Line] = [
        {"found": "", "state": state, "seq": seq or number - 1},
        {"healed": number - 1, "state": "approved"},
        {"books": list(books) or [number - 1] * 3},
    ]
    return {
        "number": number,
        "told": [*said, *([{"told": number, "state": "approved", "seq": number}] * says)],
    }


def test_the_judge_is_content_with_lives_in_order() -> None:
    judge([a_life(2), a_life(3, says=False), a_life(4, state="awaiting")])


@pytest.mark.parametrize(
    "second",
    [
        a_life(3, state="awaiting"),
        a_life(3, seq=9),
        a_life(3, books=(3, 3, 3)),
        a_life(3, books=(1, 1, 1)),
        a_life(3, books=(2, 2, 2, 3, 2)),
    ],
    ids=["lost", "another", "doubled", "gone", "a unit twice"],
)
def test_a_sale_that_is_lost_changed_or_doubled_is_seen(second: Line) -> None:
    with pytest.raises(AssertionError):
        judge([a_life(2), second])
