"""A sitting at a kiosk: a tap, and offers that are chosen, painted and taken up, online and cut off."""

from __future__ import annotations

import time

from edge.run.bench.figures import BenchError, percentile
from edge.run.bench.office import KIOSK
from edge.run.bench.outpost import Outpost

GUESTS = 600
TURNS = 12
"""Short ones, with and without the internet: whatever else the machine does falls on both."""


def measure(edge: Outpost, worn: list[bytes]) -> dict[str, float | int]:
    """Return how long a guest sits there, cut off beside online; each of them sits there once."""
    took: dict[bool, list[float]] = {True: [], False: []}
    each = len(worn) // TURNS
    for turn in range(TURNS):
        online = turn % 2 == 0
        edge.plug(up=online)
        for number in range(turn * each, (turn + 1) * each):
            took[online].append(_sat(edge, number + 1, worn[number]))
    edge.plug(up=True)
    online_ms, offline_ms = (1_000 * percentile(took[up], 0.99) for up in (True, False))
    return {
        "sittings": len(took[True]) + len(took[False]),
        "sitting_online_p99_ms": round(online_ms, 3),
        "sitting_offline_p99_ms": round(offline_ms, 3),
        "sitting_ratio_offline_p99": round(offline_ms / online_ms, 3),
    }


def _sat(edge: Outpost, number: int, band: bytes) -> float:
    """Let the town's n-th band be read, and its guest look and take; anything else ends the measurement."""
    began, offers = time.perf_counter(), edge.service.offers
    if edge.says(number) != "entered":
        raise BenchError(f"The guest with band {number} was not let in.")
    tiles = offers.offers_for(band, KIOSK).tiles
    if not tiles:
        raise BenchError("A kiosk had nothing to offer.")
    for tile in tiles:
        offers.shown(tile.exposure)
    offers.accept(tiles[0].exposure, KIOSK)
    return time.perf_counter() - began
