"""Queues: who changes one site stands in line within a worker, without a connection in hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import StoreError


class Queues:
    """One line for each name; a line that nobody stands in takes no room.

    In the database everybody would wait for the site's row as well, but there each holds a connection
    meanwhile: one busy site would hold them all, and no other site were answered.
    """

    def __init__(self, wait_s_max: float) -> None:
        """Let nobody wait longer than this many seconds."""
        self._wait_s_max = wait_s_max
        self.count_max: int | None = None
        """So many may be in one line, whose turn it is among them; None: all. Set by who has threads."""
        self._guard = threading.Lock()
        self._lines: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for one's turn and have it until the end, or raise ``StoreError``: ask again."""
        with self._guard:
            line, count = self._lines.get(name, (threading.Lock(), 0))
            if self.count_max is not None and count >= self.count_max:
                raise StoreError(f"Too many wait for {name}.", hint="Ask again.")
            self._lines[name] = line, count + 1
        try:
            if not line.acquire(timeout=self._wait_s_max):
                raise StoreError(f"Too many wait for {name}.", hint="Ask again.")
            try:
                yield
            finally:
                line.release()
        finally:
            self._leave(name)

    def _leave(self, name: str) -> None:
        with self._guard:
            line, count = self._lines[name]
            if count > 1:
                self._lines[name] = line, count - 1
            else:
                del self._lines[name]
