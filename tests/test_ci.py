"""The one command of `.ci/` runs what the README promises and names no host."""

from __future__ import annotations

import os
import re
import subprocess

from tests.docs.pages import COMMANDS
from tests.tidy.source import ROOT

RUN = ROOT / ".ci" / "run"


def test_ci_is_one_executable_that_bash_can_read() -> None:
    assert os.access(RUN, os.X_OK)
    assert subprocess.run(["bash", "-n", RUN], check=False).returncode == 0


def test_ci_takes_the_test_command_from_the_readme_word_for_word() -> None:
    taken = re.search(r"\$\((grep [^)]+)\)", RUN.read_text())
    assert taken is not None

    found = subprocess.run(["bash", "-c", taken[1]], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == COMMANDS[1]


def test_ci_requires_every_real_part_and_names_no_host() -> None:
    script = RUN.read_text()

    assert "export POLSO_REQUIRE_ALL=1" in script
    assert not re.search(r"https?://|\b[\w-]+\.(org|com|net|io)\b", script)


def test_contributors_hooks_run_what_ci_runs() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    ours = re.findall(r"entry: \.venv/bin/(.+)", hooks)

    assert ours
    assert [entry for entry in ours if f".venv/bin/{entry.split()[0]}" not in RUN.read_text()] == []
    assert "http" not in hooks
