"""All readers of one device: started, watched and stopped together, heard through one bounded queue."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Mapping

from hardware.port import TAP_QUEUE_MAX, DeviceState, Reader, Report, Sink, State
from hardware.supervisor.course import Health
from hardware.supervisor.loop import STOP_S_MAX, Supervisor

_log = logging.getLogger(__name__)

_WATCH_S = 0.5
_FULL_S_MAX = 1.0


class Fleet:
    """Supervises readers by name and hands their reports to one sink, in order, from one thread.

    A sink that decides in 20 ms never slows the readers down. When the queue stays full for a second, the
    report is dropped and counted: the guest taps again, and operators see that decisions do not keep up.
    """

    def __init__(self, readers: Mapping[str, Reader], sink: Sink) -> None:
        """Name the readers and who hears of them."""
        self._queue: queue.Queue[Report | None] = queue.Queue(TAP_QUEUE_MAX)
        self._sink = sink
        self._supervisors = {name: Supervisor(name, reader, self._put) for name, reader in readers.items()}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._deliver, name="reports", daemon=True),
            threading.Thread(target=self._watch, name="watchdog", daemon=True),
        ]
        self.dropped = 0

    def start(self) -> None:
        """Start delivery, watchdog and every reader."""
        for thread in self._threads:
            thread.start()
        for supervisor in self._supervisors.values():
            supervisor.start()

    def stop(self) -> None:
        """Stop all readers, deliver what they had to say, and join; about a second at the most."""
        self._stopping.set()
        stoppers = [threading.Thread(target=one.stop, daemon=True) for one in self._supervisors.values()]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join(timeout=STOP_S_MAX)
        self._put(None)
        for thread in self._threads:
            thread.join(timeout=STOP_S_MAX)

    def health(self) -> dict[str, Health]:
        """Return every reader's numbers by its name."""
        return {name: supervisor.health for name, supervisor in self._supervisors.items()}

    def _put(self, report: Report | None) -> None:
        """Queue a report, waiting for room a second at the most; that a band is being read never waits."""
        if isinstance(report, DeviceState) and report.state is State.READING:
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(report)
            return
        try:
            self._queue.put(report, timeout=_FULL_S_MAX)
        except queue.Full:
            self.dropped += 1
            _log.error("a report was dropped: decisions do not keep up")

    def _deliver(self) -> None:
        """Hand on one report after the other."""
        while (report := self._queue.get()) is not None:
            try:
                self._sink(report)
            except Exception:  # one report that fails must not silence all readers
                _log.exception("a report was not taken")

    def _watch(self) -> None:
        """Look twice a second for a reader that hangs."""
        while not self._stopping.wait(_WATCH_S):
            for supervisor in self._supervisors.values():
                supervisor.watch(time.monotonic_ns())
