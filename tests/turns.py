"""Turns: two workers share the house file by file; what measures comes last and alone."""

from __future__ import annotations

import os
from collections import OrderedDict
from functools import partial

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WORKERS_MAX = 2
"""More would start more browsers and servers than a contributor's machine likes."""
ALONE = (
    "tests/bench/test_floors.py",
    "tests/bench/test_screens_seen.py",
    "tests/faults/test_killed_gate.py",
    "tests/faults/test_snapshot_swap.py::test_taps_go_on_while_",
    "tests/faults/test_wire.py::test_a_line_that_fails_keeps_no_tap_waiting_",
    "tests/hardware/test_pcsc_lines.py",
    "tests/journeys/test_remote_reader.py",
    "tests/sync/test_revocation.py",
    "tests/journeys/test_park.py::test_killed_park_remembers_who_is_inside_and_stops_in_two_seconds",
)
"""What times taps, news, stops and a band's own answer: a neighbour would make it slower, and red."""
LAST = "alone"
LONGEST = (
    "tests/faults/test_simulator.py",
    "tests/faults/test_kill_sale.py",
    "tests/faults/test_alone.py",
    "tests/journeys/test_readme.py",
    "tests/bench/test_worlds.py",
    "tests/bench/test_loose_floors.py",
    "tests/journeys/test_operator.py",
    "tests/journeys/test_stored_card.py",
    "tests/faults/test_power_cut_sale.py",
    "tests/core/test_till_days.py",
)
"""Minutes each, and most of them few tests: these begin before all others."""
BESIDE = (
    "tests/faults/test_kill_sale.py",
    "tests/faults/test_power_cut_sale.py",
    "tests/core/test_till_days.py",
    "tests/core/test_passing.py",
)
"""What only computes, writes into memory and asks no clock: it may use what those who measure leave over."""
LONG = (
    "tests/bench/",
    "tests/journeys/",
    "tests/packaging/",
    "tests/security/",
    "tests/kiosk/",
    "tests/faults/",
)
"""Files that take longest begin first, so that the last ones handed out are short."""


def workers(config: pytest.Config) -> int:
    """Two for the whole house where there are two processors; none for whoever names a part of it."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    narrowed = config.option.keyword or config.option.collectonly or getattr(config.option, "lf", False)
    return min(WORKERS_MAX, len(os.sched_getaffinity(0))) if whole and not narrowed else 0


class Turns(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist brings no types
    """Hands out whole files, so that what a file shares is made once.

    When only what wants to be alone is left, one worker stays and waits until the others have ended. A third
    worker begins at the other end, with what only computes: two browsers or parks at a time are what two
    processors carry. It ends with what is named in ``BESIDE``: those who measure leave a processor idle for
    minutes, and give way to nobody for it (``step_back``).
    """

    _near: frozenset[WorkerController] = frozenset()
    """Who begins at the other end; nobody where there are but two."""

    def schedule(self) -> None:
        """Say who is who before anything is handed out: workers that have ended are named no more."""
        if self.collection is None:
            self._near = frozenset(self.nodes[WORKERS_MAX:])
        super().schedule()

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Note one test as run; who waits for this worker, or for its last file but these, may begin."""
        super().mark_test_complete(node, item_index, duration)
        late = self.workqueue.keys() <= {LAST, *BESIDE}
        if node.shutting_down or (late and node in self._near):
            for other in self.nodes:
                if not other.shutting_down and other is not node:
                    self._reschedule(other)

    def _split_scope(self, nodeid: str) -> str:
        return LAST if nodeid.startswith(ALONE) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        near = node in self._near
        rank = partial(_rank, near=near, crowded=bool(self._near))
        self.workqueue = OrderedDict(sorted(self.workqueue.items(), key=rank))
        if next(iter(self.workqueue)) == LAST:
            others = [other for other in self.nodes if other is not node]
            if near or not all(other.shutting_down or other in self._near for other in others):
                node.shutdown()
                return
            if any(self._is_busy(other) for other in others):
                return
        super()._assign_work_unit(node)

    def _is_busy(self, node: WorkerController) -> bool:
        """Say whether a worker has anything before it that would disturb who measures."""
        beside = BESIDE if node in self._near else ()
        work = self.assigned_work[node]
        return bool(self._pending_of({scope: tests for scope, tests in work.items() if scope not in beside}))


def step_back(nodeid: str, workers: int) -> bool:
    """Give way to everybody from here on, if this test is one that runs beside those who measure.

    Such a process and all that it begins run where nobody else wants to (sched(7), SCHED_IDLE). There is no
    way back without privileges: the worker that comes to these has nothing else before it.
    """
    if workers <= WORKERS_MAX or not nodeid.startswith(BESIDE):
        return False
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return True


def _rank(unit: tuple[str, dict[str, bool]], *, near: bool, crowded: bool) -> tuple[int, int, int]:
    """The order of files: the long ones, then the others by their number of tests, then what measures.

    For who begins with what is near, the others come before the long ones, and what may run beside those who
    measure comes last: nobody else takes it before.
    """
    file, tests = unit
    place = LONGEST.index(file) if file in LONGEST else len(LONGEST) + (not file.startswith(LONG))
    late = 0
    if file == LAST:
        late = 2
    elif crowded and file in BESIDE:
        late = 1 if near else 3
    return late, -place if near and not late else place, -len(tests)
