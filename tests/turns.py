"""Turns: two workers share the house file by file; what measures comes last and alone."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from os import sched_getaffinity

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WORKERS_MAX = 2
"""More would start more browsers and servers than a contributor's machine likes."""
ALONE = (
    "tests/bench/test_floors.py",
    "tests/bench/test_screens_seen.py",
    "tests/faults/test_islands.py::test_batches_that_a_slow_line_",
    "tests/faults/test_killed_gate.py",
    "tests/faults/test_snapshot_swap.py::test_taps_go_on_while_",
    "tests/faults/test_wire.py::test_a_line_that_fails_keeps_no_tap_waiting_",
    "tests/hardware/test_pcsc_lines.py",
    "tests/journeys/test_remote_reader.py",
    "tests/sync/money/test_debt_paid.py::test_cash_at_a_till_",
    "tests/sync/test_revocation.py",
    "tests/security/test_signed_requests.py::test_a_refused_request_costs_little_",
    "tests/journeys/test_park.py::test_every_band_of_the_tray_",
    "tests/journeys/test_park.py::test_killed_park_remembers_who_is_inside_and_stops_in_two_seconds",
)
"""What times taps, news, stops, refusals and slow lines: a neighbour would make it slower, and red."""
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
    return min(WORKERS_MAX, len(sched_getaffinity(0))) if whole and not narrowed else 0


class Turns(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist brings no types
    """Hands out whole files, so that what a file shares is made once.

    When only what wants to be alone is left, one worker stays and waits until the others have ended. A third
    worker begins at the other end, with what only computes: two browsers or parks at a time are what two
    processors carry.
    """

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Note one test as run; who waits for this worker's end may begin."""
        super().mark_test_complete(node, item_index, duration)
        if node.shutting_down:
            self._go_on()

    def remove_node(self, node: WorkerController) -> str | None:
        """Let a worker go; answer the test that it died of, which has failed and is not run again.

        pytest-xdist puts back all files that the worker was ever given. Of one that has been run there is no
        test to give, and who gets none asks for no more: after one death the others stood still, one by one.
        """
        tests = [
            (unit, test)
            for unit in self.assigned_work.pop(node).values()
            for test, done in unit.items()
            if not done
        ]
        if not tests:
            return None
        unit, died_of = tests[0]
        unit[died_of] = True
        for left, test in tests[1:]:
            self.workqueue.setdefault(self._split_scope(test), left)
        self._go_on()
        return died_of

    def schedule(self) -> None:
        """Begin; who takes the place of one that died begins as well: it wants two tests to run one."""
        super().schedule()
        self._go_on()

    def _go_on(self) -> None:
        for node in self.nodes:
            if node in self.registered_collections:
                self._reschedule(node)

    def _split_scope(self, nodeid: str) -> str:
        return LAST if nodeid.startswith(ALONE) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        near = self.nodes.index(node) >= WORKERS_MAX
        self.workqueue = OrderedDict(sorted(self.workqueue.items(), key=partial(_rank, near=near)))
        if next(iter(self.workqueue)) == LAST:
            others = [other for other in self.nodes if other is not node]
            if not all(other.shutting_down for other in others):
                node.shutdown()
                return
            if any(self._pending_of(self.assigned_work[other]) for other in others):
                return
        super()._assign_work_unit(node)


def _rank(unit: tuple[str, dict[str, bool]], *, near: bool) -> tuple[bool, int, int]:
    """The order of files: the long ones, then the others by their number of tests, then what measures.

    For who begins with what is near, the others come before the long ones.
    """
    file, tests = unit
    place = LONGEST.index(file) if file in LONGEST else len(LONGEST) + (not file.startswith(LONG))
    return file == LAST, -place if near else place, -len(tests)
