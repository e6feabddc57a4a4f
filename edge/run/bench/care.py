"""Care: how soon what is done at the console holds at a gate, and what a gate saw is in a diary."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from edge.clock import wall_ms
from edge.run.bench.figures import percentile
from edge.run.bench.office import GUEST, Desk, settled
from edge.run.bench.outpost import Outpost, once
from edge.run.bench.sync import central_at
from sync.central.console.operators import Role
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import What
from sync.central.store import Store, select

TURNS = 20
"""Times that a band is blocked and let go; each is one passage, too."""
WHO = "bench"


def measure() -> dict[str, float | int]:
    """Return how soon a block or its end holds at the gate, and a passage is in the diary, in seconds."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        database = str(folder / "central.db")
        park = settled(database, devices=1, people={WHO: Role.CARE})
        with central_at(database) as central:
            gate = Outpost(folder / "edge", central.url, park.codes[0])
            try:
                to_gate = _timed(gate, Desk(central.url, WHO, park.word), park.band)
            finally:
                gate.close()
        return {
            "care_acts": len(to_gate),
            "care_to_gate_p99_s": round(percentile(to_gate, 0.99), 3),
            "event_to_diary_p99_s": round(percentile(_to_diary(database), 0.99), 3),
        }


def _timed(gate: Outpost, desk: Desk, band: str) -> list[float]:
    """Block a band and let it go, again and again; return how long each took to hold at the gate."""
    once(lambda: gate.says() == "entered", "the band may enter")
    case = desk.post("/care/new", subject="band", via="phone", guest=GUEST, op="bench")
    number = case.rpartition("/")[2].partition("?")[0]
    to_gate = []
    for turn in range(TURNS):
        lost, began = turn % 2 == 0, time.monotonic()
        desk.post(f"/bands/{band}/state?case={number}", act="lost" if lost else "found")
        to_gate.append(_said(gate, lost=lost) - began)
    once(lambda: "Came in" in desk.says(f"/guests/{GUEST}/diary?purpose=check"), "a passage in a diary")
    return to_gate


def _said(gate: Outpost, *, lost: bool) -> float:
    """Return when the gate said of the band that it is lost, or no more."""
    return once(lambda: (gate.says() == "band_lost") is lost, "what care did holds at the gate")


def _to_diary(database: str) -> list[float]:
    """Return how long each passage took to the guest's diary."""
    store, own = Store(database, now_ms=wall_ms), diary_table.c
    with store.reading() as tx:
        rows = tx.execute(select(own.told_ms, own.hlc).where(own.what == What.ENTERED.value)).all()
    store.close()
    return [(row.told_ms - (row.hlc >> 16)) / 1_000 for row in rows]
