"""Crowd: how soon who came in at a gate is known at the edges by a live segment."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edge.run.bench.figures import percentile
from edge.run.bench.office import Park, settled
from edge.run.bench.outpost import Outpost, once
from edge.run.bench.sync import central_at

CROWD = 12
"""Of fewer than ten nobody is in a segment."""
CODE = "behaviour:here-today"


def measure() -> dict[str, float | int]:
    """Return how long after a passage its guest's code lies at the edge, in seconds."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        database = str(folder / "central.db")
        park = settled(database, devices=1, people={}, crowd=CROWD)
        with central_at(database) as central:
            gate = Outpost(folder / "edge", central.url, park.codes[0])
            try:
                took = _timed(gate, park)
            finally:
                gate.close()
    return {"live_codes": len(took), "event_to_segment_p99_s": round(percentile(took, 0.99), 3)}


def _timed(gate: Outpost, park: Park) -> list[float]:
    once(lambda: gate.says() == "entered", "the band may enter")
    came = [(band, _entered(gate, number)) for number, band in enumerate(park.worn, 1)]
    return [_known(gate, band) - at for band, at in came]


def _entered(gate: Outpost, number: int) -> float:
    """Let the town's n-th band in; return when that was."""
    return once(lambda: gate.says(number) == "entered", "everybody may enter")


def _known(gate: Outpost, band: bytes) -> float:
    """Return when the code of a band's wearer lay at the edge."""
    return once(lambda: CODE in gate.codes(band), CODE)
