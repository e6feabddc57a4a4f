"""A one-time code for a screen, made at the device itself: how the first operator's screen gets in."""

from __future__ import annotations

from pathlib import Path

from edge.run.app import Edge
from edge.run.device import opened


def code(config: Path | None, kind: str, point: str) -> str:
    """Return a code that enrols one screen within a quarter of an hour; refused while the device runs."""
    edge = Edge(*opened(config))
    edge.sequencer.start()
    try:
        return edge.staff.new_screen(kind, point)
    finally:
        edge.sequencer.stop()
