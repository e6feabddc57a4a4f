"""A gate and a light in memory only: what they did can be looked at, and who passes is said by hand."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from hardware.passages import PassageWatch, must_be_journaled
from hardware.port import PassageSink, Signal

OPENINGS_KEPT_MAX = 256
"""How many past openings a virtual gate remembers for whoever looks."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One pulse of a virtual gate."""

    opening: str
    seq: int
    people: int
    at_ns: int


class VirtualGate:
    """A turnstile through which everybody passes at once (``always``), or only when ``walk`` says so."""

    def __init__(self, name: str, sink: PassageSink, *, pass_s_max: float = 6.0, always: bool = True) -> None:
        """Stand at ``name``; each opening's passage goes to ``sink``."""
        self._always = always
        self._watch = PassageWatch(name, pass_s_max, sink)
        self.opened: deque[Opened] = deque(maxlen=OPENINGS_KEPT_MAX)

    def open(self, opening: str, seq: int, people: int = 1) -> None:
        """Note the pulse; see ``port.Gate``."""
        must_be_journaled(seq)
        self.opened.append(Opened(opening, seq, people, time.monotonic_ns()))
        self._watch.opened(opening, people)
        if self._always:
            for _ in range(people):
                self._watch.passed()

    def walk(self) -> None:
        """Let one person through."""
        self._watch.passed()

    def close(self) -> None:
        """Report what still waits as not passed."""
        self._watch.close()


class VirtualLight:
    """A lamp whose present signal can be asked for."""

    def __init__(self) -> None:
        """Begin dark."""
        self._lock = threading.Lock()
        self._signal = Signal.OFF
        self._until_ns = 0

    def show(self, signal: Signal, hold_s: float) -> None:
        """Show ``signal`` for ``hold_s`` seconds; see ``port.Light``."""
        with self._lock:
            self._signal = signal
            self._until_ns = time.monotonic_ns() + int(hold_s * 1e9)

    @property
    def signal(self) -> Signal:
        """What the lamp shows now."""
        with self._lock:
            return self._signal if time.monotonic_ns() < self._until_ns else Signal.OFF
