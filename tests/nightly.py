"""The long set: what CI plays to its floors is played to its goals. `python -m tests.nightly [NAME...]`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from edge.clock import wall_ms

ROOT = Path(__file__).resolve().parents[1]
SEEDS = 100_000
FIRST_SEED = 1_000_000
"""Seeds of the nights begin beyond those that CI plays."""
DAY_MS = 86_400_000


class Task(NamedTuple):
    """One figure: what is run, how large, and what it is held to."""

    name: str
    floor: str
    goal: str
    tests: tuple[str, ...] = ()
    """By file and name below `tests/`."""
    sizes: Mapping[str, str] = {}
    verb: tuple[str, ...] = ()
    """A verb of `polso` in place of tests."""

    def command(self) -> list[str]:
        """Return what to run."""
        if self.verb:
            return [sys.executable, "-m", "edge.run", *self.verb]
        tests = [f"tests/{test}" for test in self.tests]
        return [sys.executable, "-m", "pytest", "-q", "-n", "0", "-rA", *tests]


TASKS = (
    Task(
        "kills", "0 lost of 200; answers again in 10 s", "0 of 1,000; 2 s",
        ("faults/test_kill.py::test_told_records_outlive_60_kills",), {"POLSO_KILLS": "1000"},
    ),
    Task(
        "gate", "answers again in 10 s", "2 s",
        ("faults/test_killed_gate.py::test_a_killed_gate_answers_again_within_its_floor",),
        {"POLSO_GATE_KILLS": "30"},
    ),
    Task(
        "cuts", "0 lost of 500", "0 of 10,000",
        ("faults/test_power_cut.py::test_500_power_cuts_lose_nothing_that_was_told",),
        {"POLSO_CUTS": "10000"},
    ),
    Task(
        "steps", "0 lost or doubled in 1,000 crashes", "every named step, every line of a tap and of a sale",
        ("faults/test_steps.py", "faults/test_kill_entry.py", "faults/test_kill_sale.py"),
    ),
    Task(
        "alone", "24 h, 100,000 events", "7 days, 1,000,000 events, p99 +10 %",
        ("faults/test_alone.py::test_a_gate_alone_for_a_day_decides_on_and_is_judged_equal",),
        {"POLSO_ALONE_HOURS": "168", "POLSO_ALONE_GUESTS": "1500"},
    ),
    Task(
        "addresses", "+20 MB after 1,000,000", "+5 MB",
        ("hardware/ble/test_soak.py",), {"POLSO_SOAK_ADDRESSES": "1000000"},
    ),
    Task(
        "screens", "+20 MB after 100,000", "+5 MB",
        ("bench/test_screens_seen.py::test_ten_thousand_verdicts_leave_nothing_behind",),
        {"POLSO_SCREEN_PUSHES": "100000"},
    ),
    Task(
        "former", "previous release both ways", "the same", ("faults/test_former.py",),
    ),
    Task(
        "silence", "1,000,000 events exactly once", "the same",
        ("faults/test_long_silence.py::test_three_days_of_events_arrive_exactly_once",),
    ),
    Task("site", "60 ms added, 0 double greens in 1,000 races", "15 ms", verb=("bench", "site", "--json")),
    Task(
        "fleet", "100 posts/s; 120 s; 1.6 x; revocation 5 s", "1,000; 30 s; 1.3 x; 1 s",
        verb=("bench", "fleet", "--json"),
    ),
    Task("simulator", "0 broken in 1,000 seeds", f"0 in {SEEDS:,} new ones"),
)  # fmt: skip
"""Sections 7 and 8 of the handbook's page on faults, and issue 7's table."""


def seeds(day: int) -> tuple[str, ...]:
    """Return the verb that plays a night's seeds: no night has another one's."""
    first = FIRST_SEED + day * SEEDS
    return ("simulate", "--first", str(first), "--seeds", str(SEEDS))


def played(task: Task) -> bool:
    """Run one, say what it is held to and what came out."""
    print(f"\n=== {task.name}: floor {task.floor}; goal {task.goal}", flush=True)
    if not (task.verb or task.tests):
        task = task._replace(verb=seeds(wall_ms() // DAY_MS))
    began = time.monotonic()
    status = subprocess.run(
        task.command(), cwd=ROOT, env=os.environ | dict(task.sizes), check=False
    ).returncode
    print(
        f"--- {task.name} {'ok' if status == 0 else 'FAILED'}, {time.monotonic() - began:.0f} s", flush=True
    )
    return status == 0


def main(*names: str) -> int:
    """Run those that are named, else all of them; fail when one fails."""
    unknown = set(names) - {task.name for task in TASKS}
    if unknown:
        print(
            f"no such task: {', '.join(sorted(unknown))}; there are {', '.join(task.name for task in TASKS)}"
        )
        return 2
    failed = [task.name for task in TASKS if (task.name in names or not names) and not played(task)]
    print(f"\nFAILED: {', '.join(failed)}" if failed else "\nall reached")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
