"""The simulator: a thousand seeds in which every promise holds, and what it finds where one is not kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edge.run.cli import main
from edge.run.simulate.flips import TABLES
from edge.run.simulate.neighbours import Word
from edge.run.simulate.run import TRIES_MAX, Failure, Ran, run_seed, run_seeds, shrunk
from edge.run.simulate.source import commit
from tests.faults.narrow import FULL, narrow
from tests.faults.reached import BEYOND, LEASES, NEVER, REACHED, REASONS, counting, place_of
from tests.faults.unprotected import CONTROLS, SELDOM, sold_without_a_record

pytestmark = pytest.mark.timeout(600)
HEAVY = (pytest.mark.journey, pytest.mark.slow)
"""They take a processor for seconds: they run with the journeys."""
SEEDS, PIECE = 1_000, 100
CONTROL_SEEDS = 250
NARROW_SEEDS = 40
KEPT = [
    int(line.split()[0]) for line in Path(__file__).with_name("seeds.txt").read_text().splitlines() if line
]
"""Seeds that broke a promise once; what each found stands beside it."""


@cache
def played(first: int) -> Ran:
    """A piece of the thousand, played once whoever asks, with every named step counted."""
    run_seed(0)  # what worlds begin with is made by the whole product
    steps: Counter[str] = Counter()
    with counting(steps):
        ran = run_seeds(range(first, first + PIECE))
    ran.seen.update(steps)
    return ran


@pytest.mark.parametrize("seed", KEPT)
def test_a_seed_that_failed_once_holds_for_ever(seed: int) -> None:
    failure, _ = run_seed(seed)
    assert failure is None, failure.words()


@pytest.mark.parametrize("first", [pytest.param(first, marks=HEAVY) for first in range(0, SEEDS, PIECE)])
def test_every_promise_holds_in_every_seed(first: int) -> None:
    ran = played(first)
    assert ran.failure is None, ran.failure.words()


@pytest.mark.journey
@pytest.mark.slow
def test_seeds_come_to_every_kind_of_day_and_to_nothing_that_is_said_to_be_beyond_them() -> None:
    """Every answer, state of a lease, named step and fault that the simulator can come to, before long."""
    missing = {*HAPPENS, *REASONS, *LEASES, *(f"step {place_of(step)}" for step in REACHED)}
    beyond = {*(f"reason {reason}" for reason in BEYOND), *(f"step {step.at}" for step in NEVER)}
    seen: Counter[str] = Counter()
    for first in range(0, SEEDS, PIECE):
        if missing:
            seen.update(played(first).seen)
            missing -= {what for what, count in seen.items() if count}
    assert not missing, f"it never comes to {missing}"
    assert not {what for what in beyond if seen[what]}, "a list of what cannot be is honest"


HAPPENS = (
    *("killed before", "killed after", "rebooted", "clock set", "passages too many", "judged again"),
    *("request lost", "answer lost", "request doubled", "request delayed"),
    *("central said epoch", "act void"),
    *("copy that central knows better", "copy that nobody can tell"),
    *("act save_central", "central put back", "central put back to less"),
    *("backup that lacks a grant", "grant that only its device knows", "money lent after a restore"),
    *("disk full", "disk full: nothing is written", "disk full: writes again"),
    *(f"bit flipped in {table.name}" for table in TABLES),
    *("flipped bit: nothing is written", "flipped bit: not believed", "flipped bit: put back"),
    *("hold held", "hold approved", "hold given_up", "let pass"),
    *("till approved", "till short", "till declined", "refund approved"),
    *("top_up approved", "cash_out approved", "same act again"),
    *("band lost", "band replaced", "band revoked"),
    *("part taken", "site begun anew", *Word),
)
"""A simulator that never comes to a thing tests nothing of it."""


@pytest.mark.journey
@pytest.mark.slow
def test_where_every_limit_is_a_few_all_that_is_more_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the product says is the most is far above what a small world comes to: so it says less here."""
    run_seed(0)  # what worlds begin with is made by the whole product
    narrow(monkeypatch)
    ran = run_seeds(range(1, NARROW_SEEDS + 1))
    assert ran.failure is None, f"with the limits of tests/faults/narrow.py {ran.failure.words()}"
    assert not {what for what in FULL if not ran.seen[f"limit reached: {what}"]}


@pytest.mark.journey
def test_one_seed_is_a_story_that_the_verb_tells() -> None:
    told = CliRunner().invoke(main, ["simulate", "--seed", "7"])
    assert told.exit_code == 0, told.output
    assert told.output.rstrip().endswith("seed 7: every promise holds")
    counted = CliRunner().invoke(main, ["simulate", "--seeds", "2"])
    assert counted.output.rstrip().endswith("2 seeds: every promise holds")


@pytest.mark.journey
@pytest.mark.slow
def test_the_same_seed_is_the_same_story_in_every_process() -> None:
    tell = (
        "import sys; from edge.run.simulate.run import run_seed; print([run_seed(n)[1] for n in range(4, 9)])"
    )
    told = {
        hashlib.sha256(
            subprocess.run(
                [sys.executable, "-c", tell],
                env={**os.environ, "PYTHONHASHSEED": salt},
                check=True,
                capture_output=True,
            ).stdout
        ).hexdigest()
        for salt in ("1", "2")
    }
    assert len(told) == 1


@pytest.mark.parametrize("take", CONTROLS, ids=lambda take: take.__name__)
@pytest.mark.journey
@pytest.mark.slow
def test_without_its_protection_a_promise_is_broken_within_so_many_seeds(
    take: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_seed(0)  # what worlds begin with is made by the whole product
    take(monkeypatch)
    first = SELDOM.get(take, 1)
    ran = run_seeds(range(first, first + CONTROL_SEEDS))
    assert ran.failure is not None, f"{CONTROL_SEEDS} seeds notice nothing"
    assert ran.failure.promise in CONTROLS[take], ran.failure.words()
    monkeypatch.undo()
    assert _again(ran.failure) == "", "the same seed holds with its protection"


@pytest.mark.journey
@pytest.mark.slow
def test_a_story_that_fails_is_told_with_the_acts_that_it_takes_and_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_seed(0)  # what worlds begin with is made by the whole product
    sold_without_a_record(monkeypatch)
    failure = next(found for seed in range(1, CONTROL_SEEDS) if (found := _late(seed)) is not None)
    played: list[frozenset[int]] = []
    kept = run_seed

    def counted(seed: int, **said: Any) -> tuple[Failure | None, str]:
        played.append(said["without"])
        return kept(seed, **said)

    monkeypatch.setattr("edge.run.simulate.run.run_seed", counted)
    least = shrunk(failure)
    assert least.promise == failure.promise
    assert least.without, "of three acts at least not all are needed"
    assert len(played) <= TRIES_MAX
    assert kept(least.seed, without=frozenset(least.without))[0] == msgspec.structs.replace(least, without=())
    options = " ".join(f"--without {one}" for one in least.without)
    assert least.words().endswith(f"again: polso simulate --seed {least.seed} {options}")
    assert f"commit {commit()}, step {least.step}: {least.promise}" in least.words()
    again = CliRunner().invoke(main, ["simulate", "--seed", str(least.seed), *options.split()])
    assert again.exit_code == 1
    assert least.how in again.output


def _late(seed: int) -> Failure | None:
    """Return a seed's failure, if it comes at the third act or later."""
    found, _ = run_seed(seed)
    return found if found is not None and found.step > 2 else None


def test_a_place_that_is_no_checkout_says_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit(), "of a checkout, or of an install"
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert commit() == f"of version {metadata.version('polso')}"


def _again(failure: Failure) -> str:
    found, _ = run_seed(failure.seed)
    return "" if found is None else found.words()
