"""Traces: the rooms that keep words of people, and how each takes away what is said of somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sync.central.store import Connection

ALSO: list[Callable[[Connection, str, Sequence[str]], None]] = []
"""Each takes away, of a site, what these words appear in; a room adds its own when it is imported."""
