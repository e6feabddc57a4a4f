"""A sitting at a kiosk: a tap, and offers that are chosen, painted and taken up, online and cut off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from edge.run.bench.figures import BenchError, percentile
from edge.run.bench.office import KIOSK
from edge.run.bench.outpost import Outpost

TURNS, EACH = 60, 10
"""Short ones: whatever else the machine does falls on both."""
ONLINE = (True, False, False, True)
"""Neither is always the first: a machine that grows slower slows both."""
GUESTS = EACH * (1 + len(ONLINE) * (TURNS // len(ONLINE)))


def measure(edge: Outpost, worn: list[bytes]) -> dict[str, float | int]:
    """Return how long a guest sits there, cut off beside online; each of them sits there once.

    Those of one turn before are not counted: what is done for the first time is slow, online or not.
    """
    took: dict[bool, list[float]] = {True: [], False: []}
    sat = iter(enumerate(worn, 1))
    _turn(edge, sat, up=True)
    for turn in range(TURNS):
        online = ONLINE[turn % len(ONLINE)]
        took[online] += _turn(edge, sat, up=online)
    edge.plug(up=True)
    told: dict[str, float | int] = {"sittings": len(took[True]) + len(took[False])}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        online_ms, offline_ms = (1_000 * percentile(took[up], share) for up in (True, False))
        told[f"sitting_online_{name}_ms"] = round(online_ms, 3)
        told[f"sitting_offline_{name}_ms"] = round(offline_ms, 3)
        told[f"sitting_ratio_offline_{name}"] = round(offline_ms / online_ms, 3)
    return told


def _turn(edge: Outpost, sat: Iterator[tuple[int, bytes]], *, up: bool) -> list[float]:
    """Let the next few sit there, with the internet or without; return how long each took, in seconds."""
    edge.plug(up=up)
    return [_sat(edge, number, band) for number, band in islice(sat, EACH)]


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
