"""Openings that wait for their passage: whose a "passed" contact is, and which one nobody used."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from hardware.port import Passage, PassageSink

OPENINGS_MAX = 32
"""Openings that may wait at one gate; the oldest is reported as not passed when a further one comes."""


def must_be_journaled(seq: int) -> None:
    """Refuse to act on a decision without a journal number (checked in pairs: the service checks it too)."""
    if seq <= 0:
        raise ValueError("a gate opens only for a committed decision: its journal number must be above 0")


@dataclass(slots=True)
class Opening:
    """One opening: how many people it lets in, how many passed, and until when (monotonic ns) it waits."""

    id: str
    people: int
    until_ns: int
    passed: int = 0


class Openings:
    """The waiting openings of one gate in order; no thread, no clock of its own."""

    def __init__(self, gate: str, pass_s_max: float) -> None:
        """Wait ``pass_s_max`` seconds a person for each opening of ``gate``."""
        self._gate = gate
        self._pass_ns = int(pass_s_max * 1e9)
        self._waiting: deque[Opening] = deque()

    def opened(self, opening: str, people: int, now_ns: int) -> list[Passage]:
        """Add an opening; returns the passages that had to be given up for it (bounded queue)."""
        dropped = [self._end(self._waiting.popleft(), now_ns)] if len(self._waiting) >= OPENINGS_MAX else []
        self._waiting.append(Opening(opening, people, now_ns + self._pass_ns * people))
        return dropped

    def passed(self, now_ns: int) -> list[Passage]:
        """Count one person through the oldest opening; returns its passage once all its people passed."""
        if not self._waiting:
            return []
        oldest = self._waiting[0]
        oldest.passed += 1
        return [self._end(self._waiting.popleft(), now_ns)] if oldest.passed >= oldest.people else []

    def expired(self, now_ns: int) -> list[Passage]:
        """Return and forget the openings whose time is over."""
        over: list[Passage] = []
        while self._waiting and self._waiting[0].until_ns <= now_ns:
            over.append(self._end(self._waiting.popleft(), now_ns))
        return over

    def drained(self, now_ns: int) -> list[Passage]:
        """Return and forget every opening: the gate closes."""
        return [self._end(self._waiting.popleft(), now_ns) for _ in range(len(self._waiting))]

    def next_ns(self) -> int | None:
        """Return when the next opening runs out, monotonic ns; None while nothing waits."""
        return self._waiting[0].until_ns if self._waiting else None

    def _end(self, opening: Opening, now_ns: int) -> Passage:
        return Passage(self._gate, opening.id, opening.passed > 0, now_ns, opening.passed)


class PassageWatch:
    """Runs the openings of one gate: a thread that reports each passage exactly once."""

    def __init__(self, gate: str, pass_s_max: float, sink: PassageSink) -> None:
        """Start watching; every passage goes to ``sink`` from this watch's own thread."""
        self._openings = Openings(gate, pass_s_max)
        self._sink = sink
        self._ready: deque[Passage] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"passages-{gate}", daemon=True)
        self._thread.start()

    def opened(self, opening: str, people: int) -> None:
        """Begin to wait for the passage of ``people`` persons."""
        with self._wake:
            self._ready.extend(self._openings.opened(opening, people, time.monotonic_ns()))
            self._wake.notify()

    def passed(self) -> None:
        """Take one "passed" contact."""
        with self._wake:
            self._ready.extend(self._openings.passed(time.monotonic_ns()))
            self._wake.notify()

    def close(self) -> None:
        """Report what still waits as not passed, then end the thread."""
        with self._wake:
            self._closing = True
            self._ready.extend(self._openings.drained(time.monotonic_ns()))
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=1)

    def _run(self) -> None:
        while True:
            with self._wake:
                # Any wake-up looks again: a new opening shortens the pause without being a report itself.
                if not self._ready and not self._closing:
                    self._wake.wait(self._pause_s())
                self._ready.extend(self._openings.expired(time.monotonic_ns()))
                reports, closing = list(self._ready), self._closing
                self._ready.clear()
            for passage in reports:
                self._sink(passage)
            if closing:
                return

    def _pause_s(self) -> float | None:
        until_ns = self._openings.next_ns()
        return None if until_ns is None else max(0.0, (until_ns - time.monotonic_ns()) / 1e9)
