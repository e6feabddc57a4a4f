"""Listeners: who hears of commits, in order, after the answers."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence

from edge.core.events import Event

LISTENERS_MAX = 16

Listener = Callable[[Sequence[object], Sequence[Event]], None]
LOG = logging.getLogger("polso.sequencer")


class Listeners:
    """Keeps what was committed until one thread tells it; a listener must return at once."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: list[Listener] = []
        self._untold: queue.SimpleQueue[tuple[Sequence[object], Sequence[Event]]] = queue.SimpleQueue()

    def add(self, listener: Listener) -> None:
        """Have one more hear of everything from now on."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise ValueError(f"At most {LISTENERS_MAX} listeners hear of commits.")
        self._listeners.append(listener)

    def put(self, results: Sequence[object], events: Sequence[Event]) -> bool:
        """Keep one batch's news; say whether anybody wants them."""
        if self._listeners:
            self._untold.put((results, events))
        return bool(self._listeners)

    def tell(self) -> None:
        """Tell everybody everything that is kept."""
        while not self._untold.empty():
            results, events = self._untold.get()
            for listener in self._listeners:
                try:
                    listener(results, events)
                except Exception:  # a listener's fault must not stop the gate; it is logged with its trace
                    LOG.exception("a listener of commits failed")
