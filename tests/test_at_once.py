"""What fails is said where it fails: a run that is ended before its end has told more than letters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

HOUSE = """
import os

def test_that_passes():
    assert True

def test_that_fails():
    assert 1 == 2, "one is not two"

def test_that_kills():
    os.kill(os.getpid(), 9)
"""


@pytest.mark.timeout(60)
def test_a_failure_and_a_death_are_said_in_a_line_each_before_the_run_ends(tmp_path: Path) -> None:
    (tmp_path / "test_house.py").write_text(HOUSE)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:cacheprovider", "-p", "no:randomly"]
    plugin = ["-c", "/dev/null", f"--rootdir={tmp_path}", "-p", "tests.at_once", str(tmp_path)]

    said = subprocess.run(
        [*command, *plugin], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    told = [line for line in said.stdout.splitlines() if line.startswith("FAILED after ")]
    assert [line.split(": ", 1)[1] for line in told] == [
        "test_house.py::test_that_fails: AssertionError: one is not two",
        "test_house.py::test_that_kills: worker 'gw0' crashed while running 'test_house.py::test_that_kills'",
    ]
    assert said.stdout.index(told[0]) < said.stdout.index("= FAILURES =")
