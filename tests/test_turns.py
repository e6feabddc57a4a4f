"""Two workers and a house of files: nothing is left out, nothing twice, and nobody beside what measures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.tidy.source import ROOT
from tests.turns import ALONE, LONGEST, Turns, workers

BENCH = ALONE[0]
HOUSE = [
    *(f"tests/core/test_a.py::test_{number}" for number in range(9)),
    *(f"{BENCH}::test_{number}" for number in range(3)),
    *(f"tests/store/test_b.py::test_{number}" for number in range(2)),
    *(f"tests/security/test_c.py::test_{number}" for number in range(5)),
    "tests/core/test_d.py::test_0",
]


class Worker:
    """What a worker of pytest-xdist does: it runs a test once the next one, or the end, is told."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.given: list[int] = []
        self.ran: list[str] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        """Take more tests."""
        self.given += indices

    def shutdown(self) -> None:
        """Take no more."""
        self.shutting_down = True

    def can_run(self) -> bool:
        """Say whether the next test begins."""
        return len(self.given) > 1 or (bool(self.given) and self.shutting_down)


def turns(count: int, house: list[str]) -> tuple[Turns, list[Worker]]:
    """A house that is handed out to so many workers."""
    config: Any = SimpleNamespace(
        getvalue=lambda _name: ["popen"] * count, option=SimpleNamespace(loadscopereorder=False)
    )
    handed, crew = Turns(config), [Worker(f"gw{number}") for number in range(count)]
    for worker in crew:
        handed.add_node(worker)
        handed.add_node_collection(worker, house)
    handed.schedule()
    return handed, crew


def step(handed: Turns, worker: Worker, house: list[str]) -> str | None:
    """Let a worker run its next test, if it can."""
    if not worker.can_run():
        return None
    index = worker.given.pop(0)
    worker.ran.append(house[index])
    handed.mark_test_complete(worker, index)
    return house[index]


@pytest.mark.parametrize("slow", [0, 1], ids=["first-is-slow", "second-is-slow"])
@pytest.mark.parametrize("pace", [1, 2, 5, 50])
def test_each_test_runs_once_and_what_measures_runs_when_all_others_have_ended(slow: int, pace: int) -> None:
    handed, crew = turns(2, HOUSE)
    course: list[tuple[int, str]] = []

    for _ in range(10 * len(HOUSE)):
        for number in (*[1 - slow] * pace, slow):
            if (ran := step(handed, crew[number], HOUSE)) is not None:
                course.append((number, ran))

    assert sorted(ran for _, ran in course) == sorted(HOUSE)
    assert all(BENCH in ran for _, ran in course[-3:])
    assert len({number for number, _ in course[-3:]}) == 1
    assert not any(worker.given for worker in crew)
    assert all(worker.shutting_down for worker in crew)


def test_a_file_stays_with_one_worker_and_long_ones_begin() -> None:
    handed, crew = turns(2, HOUSE)
    for _ in range(10 * len(HOUSE)):
        for worker in crew:
            step(handed, worker, HOUSE)

    files = [{ran.partition("::")[0] for ran in worker.ran} for worker in crew]

    assert files[0].isdisjoint(files[1])
    assert crew[0].ran[0].startswith("tests/security/")
    assert crew[1].ran[0].startswith("tests/core/test_a.py")


def test_a_third_worker_begins_with_what_only_computes_and_the_longest_begin_before_all() -> None:
    house = [*HOUSE, f"{LONGEST[1]}::test_0", f"{LONGEST[0]}::test_0", "tests/store/test_e.py::test_0"]

    _, crew = turns(3, house)

    begun = [house[worker.given[0]].partition("::")[0] for worker in crew]
    assert begun == [LONGEST[0], LONGEST[1], "tests/core/test_a.py"]


def test_each_file_named_for_its_length_or_for_being_alone_is_there() -> None:
    named = {name.partition("::")[0] for name in (*LONGEST, *ALONE)}

    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_what_a_worker_that_died_had_not_run_is_run_by_the_other() -> None:
    handed, crew = turns(2, HOUSE)
    died = crew[0]
    step(handed, died, HOUSE)

    lost = handed.remove_node(died)
    assert lost == HOUSE[died.given[0]]
    while step(handed, crew[1], HOUSE):
        pass

    assert sorted([*died.ran, lost, *crew[1].ran]) == sorted(HOUSE)
    assert all(BENCH in ran for ran in crew[1].ran[-3:])


@pytest.mark.parametrize("after", range(len(HOUSE)))
@pytest.mark.parametrize("which", range(3))
def test_whenever_a_worker_dies_the_others_go_on_and_so_does_who_takes_its_place(
    which: int, after: int
) -> None:
    handed, crew = turns(3, HOUSE)
    died, ran, lost = crew[which], [], []
    for _ in range(10 * len(HOUSE)):
        for number in range(3):
            ran += filter(None, [step(handed, crew[number], HOUSE)])
            if not lost and died.given and len(ran) >= after:
                lost += filter(None, [handed.remove_node(died)])
                crew[which] = Worker("in its place")
                handed.add_node(crew[which])
                ran += filter(None, [step(handed, crew[which - 1], HOUSE)])
                handed.add_node_collection(crew[which], HOUSE)
                handed.schedule()

    assert sorted([*ran, *lost]) == sorted(HOUSE)
    assert all(worker.shutting_down and not worker.given for worker in crew)


@pytest.mark.parametrize("count", [1, 2])
def test_a_house_of_nothing_but_measurements_is_run_by_one(count: int) -> None:
    house = [f"{BENCH}::test_{number}" for number in range(3)]
    handed, crew = turns(count, house)

    while step(handed, crew[0], house):
        pass

    assert crew[0].ran == house


@pytest.mark.parametrize(
    ("words", "two"),
    [
        ([], True),
        (["-m", "fast"], True),
        (["tests/core"], False),
        (["-k", "money"], False),
        (["--lf"], False),
        (["--collect-only"], False),
    ],
)
def test_the_whole_house_has_two_workers_and_a_part_of_it_none(
    words: list[str], two: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.turns.sched_getaffinity", lambda _: {0, 1, 2, 3})
    config = pytest.Config.fromdictargs({}, words)

    assert (workers(config) > 0) is two
