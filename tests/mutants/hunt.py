"""Runs the tests that look at a change, and says whether one of them fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from coverage import CoverageData

from tests.mutants.changes import Mutant, lines_of
from tests.tidy.source import ROOT

TESTS = "tests/core"
PYTEST = (
    *(sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-m", "not slow and not journey"),
    # The same examples in the same order, so that a hunt can be repeated.
    *("-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=1"),
)
PASSED, FAILED, INTERRUPTED = 0, 1, 2
"""What pytest says by its status; a module that cannot be imported any more interrupts it."""
SECONDS_MAX = 300
"""A change that makes a loop endless is noticed, too."""


def touching(folder: Path, tests: str = TESTS) -> CoverageData:
    """Run the tests as they are, and remember which of them ran which line."""
    kept = folder / "coverage"
    pytest(tests, "--cov=edge.core", "--cov-context=test", "--cov-report=", COVERAGE_FILE=str(kept))
    found = CoverageData(str(kept))
    found.read()
    return found


def looking(mutant: Mutant, touched: CoverageData) -> list[str]:
    """The files of tests that run a mutant's lines, those with the most of such tests first."""
    ran = touched.contexts_by_lineno(str(ROOT / mutant.file))
    tests = {one for line in lines_of(mutant) for one in ran.get(line, ()) if one}
    return [file for file, _ in Counter(one.partition("::")[0] for one in tests).most_common()]


def is_noticed(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Say whether tests fail over a change."""
    try:
        return pytest("-p", "tests.mutants.plugin", *tests, POLSO_MUTANT=mutant.name) != PASSED
    except subprocess.TimeoutExpired:
        return True


def survives(mutant: Mutant, touched: CoverageData) -> bool:
    """Say whether no test notices; what was run once and kept is noticed by the whole room alone."""
    near = looking(mutant, touched)
    return not (near and is_noticed(mutant, near)) and not is_noticed(mutant, [TESTS])


def pytest(*arguments: str, **environment: str) -> int:
    """Its status, in surroundings of its own: an example found for a mutant is never tried on the house."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    with TemporaryDirectory() as examples:
        own |= environment | {"HYPOTHESIS_STORAGE_DIRECTORY": examples}
        command = [*PYTEST, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=own, capture_output=True, check=False, timeout=SECONDS_MAX
        )
    if done.returncode not in {PASSED, FAILED, INTERRUPTED}:
        raise RuntimeError(f"pytest did not run: {done.stdout[-2_000:]!r} {done.stderr[-2_000:]!r}")
    return done.returncode
