"""A key in memory alone: gone with the process, and with it all that it sealed."""

from __future__ import annotations

from edge.keys.ring import Ring
from edge.keys.source import NoKey


class MemoryKey:
    """For a demo that forgets, for measuring and for tests."""

    name = "memory"
    worth = "gone with this process: nothing that it sealed opens ever again"

    def __init__(self, ring: Ring | None = None) -> None:
        """Hold ``ring``, or nothing yet."""
        self._ring = ring

    def ring(self) -> Ring:
        """Return the ring."""
        if self._ring is None:
            raise NoKey
        return self._ring

    def has_ring(self) -> bool:
        """Say whether there is one."""
        return self._ring is not None

    def put(self, ring: Ring) -> None:
        """Keep another ring until the process ends."""
        self._ring = ring
