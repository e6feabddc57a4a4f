"""Both commands of the README, in a copy of the tree with nothing installed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.docs.pages import COMMANDS
from tests.real.parts import REQUIRE_ALL
from tests.tidy.source import ROOT, copy_to

READY_S_MAX = 240
FIRST_TAP_S_MAX = 240
"""The floor from the first command to a green light; the goal is 180."""
STOP_S_MAX = 20

pytestmark = [
    pytest.mark.journey,
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.real("package index"),
]


@pytest.fixture
def fresh_copy(tmp_path: Path) -> Path:
    return copy_to(tmp_path / "polso", ROOT)


def environment(home: Path) -> dict[str, str]:
    """A newcomer's: no environment is active, nothing of ours is on the path, no extra part is demanded."""
    left_out = (
        "VIRTUAL_ENV",
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTEST_ADDOPTS",
        "COVERAGE_PROCESS_START",
        "COVERAGE_PROCESS_CONFIG",
        REQUIRE_ALL,
    )
    return {name: value for name, value in os.environ.items() if name not in left_out} | {
        "POLSO_DATA": str(home)
    }


@contextmanager
def running(command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell with the command, in a group of its own, gone at the end whatever happens."""
    with (folder.parent / "errors.log").open("w") as errors:
        shell = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=environment(folder.parent / "home"),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            yield shell
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
            shell.communicate()


def test_demo_command_ends_in_a_park_whose_first_tap_is_green_within_four_minutes(fresh_copy: Path) -> None:
    command, began = f"{COMMANDS[0]} --headless --port 0 --data ../park", time.monotonic()

    with running(command, fresh_copy) as shell:
        assert shell.stdout is not None
        line = shell.stdout.readline()
        assert line, (fresh_copy.parent / "errors.log").read_text()[-3000:]
        told = json.loads(line)
        tapped = requests.post(
            f"{told['edge']}/demo/taps", json={"band": "giulia", "reader": "gate-1"}, timeout=20
        )
        first_tap_s = time.monotonic() - began
        answers = [
            requests.get(f"{told[name]}/healthz", timeout=10).status_code for name in ("edge", "central")
        ]
        os.killpg(shell.pid, signal.SIGINT)
        shell.wait(STOP_S_MAX)

    assert told["ready"] is True
    assert answers == [200, 200]
    assert tapped.json()["outcome"] == "granted", tapped.text
    assert first_tap_s <= FIRST_TAP_S_MAX
    sys.stderr.write(f"first command to first tap: {first_tap_s:.1f} s\n")


def test_test_command_ends_in_a_green_suite(fresh_copy: Path) -> None:
    command = f"{COMMANDS[1]} -q tests/real"

    with running(command, fresh_copy) as shell:
        output, _ = shell.communicate(timeout=READY_S_MAX)

    assert shell.returncode == 0, output[-3000:]
    assert " passed" in output
