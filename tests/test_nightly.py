"""The long set names tests that there are, sizes that they read, and seeds that no other night has."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests import nightly
from tests.nightly import FIRST_SEED, SEEDS, TASKS, Task, main, seeds

TESTS = Path(nightly.__file__).parent
HELD = [task for task in TASKS if task.tests]


def names(path: Path) -> set[str]:
    """The tests of a file."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("task", HELD, ids=lambda task: task.name)
def test_a_task_names_tests_that_there_are_and_sizes_that_they_read(task: Task) -> None:
    files = [TESTS / test.partition("::")[0] for test in task.tests]
    for test, file in zip(task.tests, files, strict=True):
        assert test.partition("::")[2] in names(file) | {""}
    read = "".join(file.read_text() for file in files)
    assert [size for size in task.sizes if f'"{size}"' not in read] == []


def test_no_two_nights_play_the_same_seed_and_none_plays_one_of_ci() -> None:
    nights = [range(int(words[2]), int(words[2]) + int(words[4])) for words in map(seeds, (20_000, 20_001))]
    assert nights[0].stop <= nights[1].start
    assert min(night.start for night in nights) >= FIRST_SEED
    assert len(nights[0]) == SEEDS


@pytest.mark.parametrize(("ends", "said"), [((0, 0), 0), ((0, 1), 1), ((1, 0), 1)])
def test_all_that_is_named_is_run_and_one_that_fails_fails_the_night(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[int, int], said: int
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, ends[len(ran) - 1])

    monkeypatch.setattr("tests.nightly.subprocess.run", run)
    assert main("kills", "simulator") == said
    assert len(ran) == len(ends)
    assert "tests/faults/test_kill.py::test_told_records_outlive_60_kills" in ran[0]
    assert ran[1][3:5] == ["simulate", "--first"]


def test_a_task_that_there_is_not_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main("kilns") == 2
    assert "kills" in capsys.readouterr().out
