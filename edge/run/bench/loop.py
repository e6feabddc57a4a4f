"""The loop from what guests do to what is done with it: how long each turn of it takes."""

from __future__ import annotations

import json

from edge.run.bench import care, crowd, letters, live
from sync.central.analysis.wanted import insist


def measure(purchases: int, entries: int, events: int) -> str:
    """Return the figures as JSON; a further turn adds its keys here."""
    figures = _analysis(purchases, entries) | letters.measure(events)
    return json.dumps(figures | care.measure() | live.measure() | crowd.measure())


def _analysis(purchases: int, entries: int) -> dict[str, float | int]:
    """Time all segments of so many purchases and every figure of so many entries of the diary."""
    insist()
    from sync.central.analysis.trial import figures, segments  # seconds, and only where it is installed

    bought, told = segments(purchases), figures(entries)
    return {
        "purchases": purchases,
        "segments_1m_s": round(bought.seconds, 2),
        "members": bought.rows,
        "entries": entries,
        "analysis_10m_s": round(told.seconds, 2),
        "rows": told.rows,
    }
