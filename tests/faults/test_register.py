"""The register of faults names tests that there are, and every named step has a life that comes to it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults import test_steps, test_steps_site
from tests.faults.controls import CONTROLS
from tests.faults.lives import LIVES
from tests.faults.register import ROWS, Row
from tests.faults.steps import NAMED, SIDES, STEPS, Step, found

TESTS = Path(__file__).resolve().parents[1]
ALL_ROWS = 22
CUT_IN = (test_steps, test_steps_site)


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def missing(named: tuple[str, ...]) -> list[str]:
    """Those of some tests that there are not."""
    parts = [(name, *name.partition("::")[::2]) for name in named]
    return [
        name
        for name, file, test in parts
        if not (TESTS / file).is_file() or test not in functions(TESTS / file) or not test.startswith("test_")
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number} {row.fault}")
def test_a_row_names_tests_and_controls_that_there_are(row: Row) -> None:
    assert row.proofs
    assert row.controls, "a test that has never failed proves nothing"
    assert missing((*row.proofs, *row.controls)) == []


def test_every_row_of_the_page_is_here_once() -> None:
    assert [row.number for row in ROWS] == list(range(1, ALL_ROWS + 1))


def test_every_control_of_the_page_is_a_test_that_there_is() -> None:
    assert {name: missing(tests) for name, tests in CONTROLS.items() if missing(tests)} == {}
    assert all(CONTROLS.values())


def test_a_test_that_there_is_not_is_missed() -> None:
    there = ROWS[0].proofs[0]
    assert missing((there, f"{there}_no_more", "faults/test_nothing.py::test_it")) == [
        f"{there}_no_more",
        "faults/test_nothing.py::test_it",
    ]


def test_every_step_that_the_page_names_is_cut() -> None:
    named = {(path, name) for path, names in NAMED.items() for name in names}
    assert named - {(step.path, step.name) for step in STEPS} == set()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_is_a_call_of_the_product_and_some_life_comes_to_it(step: Step) -> None:
    owner, name = found(step.at)
    assert callable(getattr(owner, name))
    assert step.lived_by in LIVES


def test_a_call_that_the_product_has_no_more_is_named() -> None:
    with pytest.raises(AttributeError, match="Sequencer"):
        found("edge.sequencer:Sequencer.gone")


def test_every_life_is_cut_by_a_generated_test() -> None:
    """A new step is cut without a new test, as long as its life is one of those that are cut."""
    tests = [one for module in CUT_IN for name, one in vars(module).items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    cut = [case.values for mark in marks if mark.args[0] == ("number", "side") for case in mark.args[1]]
    assert sorted(cut) == sorted((number, side) for number in range(len(STEPS)) for side in SIDES)
