"""What stands at both ends of a supervisor in tests: a sink to wait upon, and a reader that obeys."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import TypeVar

from hardware.port import DeviceState, Presented, Reader, Removed, Report, Tap
from hardware.supervisor import Supervisor

Kind = TypeVar("Kind", Tap, Removed, DeviceState)
WAIT_S = 10.0


class Ear:
    """A sink that can be waited upon."""

    def __init__(self) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self.all: list[Report] = []

    def __call__(self, report: Report) -> None:
        self.all.append(report)
        self.reports.put(report)

    def next(self, kind: type[Kind], **wanted: object) -> Kind:
        """Wait for the next report of this kind and these fields."""
        until = time.monotonic() + WAIT_S
        while True:
            report = self.reports.get(timeout=max(0.01, until - time.monotonic()))
            if isinstance(report, kind) and all(
                getattr(report, name) == value for name, value in wanted.items()
            ):
                return report


class Scripted:
    """A reader that does what its test says."""

    def __init__(self, look: Callable[[], Presented | None]) -> None:
        self.look = look
        self.opened = self.closed = 0

    def open(self) -> None:
        self.opened += 1

    def read(self, deadline_ns: int) -> Presented | None:
        return self.look()

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        found = self.look()
        return found is not None and found.uid == uid

    def close(self) -> None:
        self.closed += 1


class House:
    """Starts supervisors and stops them when a test ends."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._started: list[Supervisor] = []

    def __call__(self, reader: Reader) -> Supervisor:
        supervisor = Supervisor("gate", reader, self._ear)
        self._started.append(supervisor)
        supervisor.start()
        return supervisor

    def stop(self) -> None:
        for supervisor in self._started:
            supervisor.stop()
