"""The thread that owns one reader and keeps it alive."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from hardware.nfc.budget import READ_MS_MAX
from hardware.port import Announcer, Reader, Report, Sink, State
from hardware.supervisor.course import POLL_PAUSE_S, SILENT_MS_MAX, Act, Course, Health

_log = logging.getLogger(__name__)

STOP_S_MAX = 1.0
_NS_PER_MS = 1_000_000
_STUCK = "the reader does not come back from a call; take its cable out and put it back"


class Supervisor:
    """Polls one reader, reports what happens in order to ``sink``, reopens it when it is lost.

    Nothing that a band or a cable does leaves this thread: a band's fault is a tap without trust, the
    device's own fault is the state LOST. ``sink`` is called from this thread and from ``watch``.
    """

    def __init__(self, name: str, reader: Reader, sink: Sink) -> None:
        """Name the reader; ``start`` begins."""
        self.name = name
        self._reader, self._sink = reader, sink
        self._course = Course(name, secrets.token_hex(4))
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy_since_ns: int | None = None
        self._given_up = False
        if isinstance(reader, Announcer):
            reader.on_found = self._found

    @property
    def health(self) -> Health:
        """Return the reader's numbers as they are now."""
        return self._course.health

    def start(self) -> None:
        """Begin to poll in a thread of its own."""
        if self._thread is not None:
            raise RuntimeError(f"reader {self.name!r} was started before")
        self._thread = threading.Thread(target=self._run, name=f"reader-{self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop polling and close the reader; returns within a second even if the device hangs."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S_MAX)

    def watch(self, now_ns: int) -> None:
        """Take the reader for lost if a call has not come back for two seconds; called twice a second."""
        with self._lock:
            since = self._busy_since_ns
            if since is None or self._given_up or now_ns - since < SILENT_MS_MAX * _NS_PER_MS:
                return
            self._given_up = True
            reports = self._course.lost(_STUCK, now_ns)
        self._report(reports)

    def _run(self) -> None:
        """Do one act after another until it is over."""
        while not self._stopping.is_set():
            act = self._course.act(time.monotonic_ns())
            if act is Act.WAIT:
                self._stopping.wait(self._course.wait_s(time.monotonic_ns()))
                continue
            self._attempt(act)
            # A band that is not where it was: look at once who is there instead.
            if self._course.act(time.monotonic_ns()) is not Act.LOOK or self._course.state is not State.HOLD:
                self._stopping.wait(POLL_PAUSE_S)
        self._reader.close()
        self._report(self._course.closed(time.monotonic_ns()))

    def _attempt(self, act: Act) -> None:
        """Do one act with the reader; whatever it raises ends here."""
        with self._lock:
            self._busy_since_ns = time.monotonic_ns()
            self._given_up = False
        try:
            reports = self._open() if act is Act.OPEN else self._poll(act)
        except Exception as error:  # bands and cables raise anything at all out of drivers
            reports = self._failed(error)
        with self._lock:
            self._busy_since_ns = None
        self._report(reports)

    def _open(self) -> list[Report]:
        """Open the device."""
        self._report(self._course.opening(time.monotonic_ns()))
        with self._lock:
            # Opening has its own time-outs, longer than a poll's on a slow cable: it is not watched.
            self._busy_since_ns = None
        self._reader.open()
        return self._course.opened(time.monotonic_ns())

    def _poll(self, act: Act) -> list[Report]:
        """Look into the field, or ask for the held band."""
        began_ns = time.monotonic_ns()
        deadline_ns = began_ns + READ_MS_MAX * _NS_PER_MS
        if act is Act.CHECK:
            present = self._reader.still_there(self._course.held_uid, deadline_ns)
            return self._settle(lambda now_ns: self._course.checked(present, now_ns))
        presented = self._reader.read(deadline_ns)
        return self._settle(lambda now_ns: self._course.saw(presented, began_ns=began_ns, now_ns=now_ns))

    def _found(self) -> None:
        """Tell that a band is being read, at once; the reader's own thread calls this inside ``read``."""
        self._report(self._course.found(time.monotonic_ns()))

    def _failed(self, error: Exception) -> list[Report]:
        """Count an error, and close the reader if that was one too many."""
        reports = self._settle(lambda now_ns: self._course.stumbled(error, now_ns))
        if self._course.state is State.LOST:
            _log.warning("reader %s lost: %s", self.name, self._course.health.reason)
            self._reader.close()
        return reports

    def _settle(self, step: Callable[[int], list[Report]]) -> list[Report]:
        """Take one step of the course, unless the watchdog gave this call up meanwhile: then it is closed."""
        with self._lock:
            if not self._given_up:
                return step(time.monotonic_ns())
        self._reader.close()
        return []

    def _report(self, reports: list[Report]) -> None:
        """Hand reports on; a sink that fails costs its report and not the reader."""
        for report in reports:
            try:
                self._sink(report)
            except Exception:  # the reader must outlive whatever is behind the sink
                _log.exception("a report of reader %s was not taken", self.name)
