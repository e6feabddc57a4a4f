"""Walks: guests who come to a kiosk, pass it by or stand about, and what is heard of their bands."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from hardware.virtual.air import Air, Level, levels

FAR_M, NEAR_M = 12.0, 0.6
RADIUS_M = 1.5
"""Within so much of a kiosk somebody is at it."""
STAY_S = 40.0
AFTER_S = 20.0
PASSING_M = 3.0
STILL_S = 600.0


class Visit(NamedTuple):
    """What is heard of one band, when it ends, and between which moments its guest is within the radius."""

    heard: list[Level]
    ends_ms: int
    near_ms: tuple[int, int] = (0, 0)


def approach(air: Air, draw: random.Random) -> Visit:
    """Walk from afar to the kiosk, stay, and leave."""
    speed = draw.uniform(0.8, 1.4)
    there_s = (FAR_M - NEAR_M) / speed
    leaves_s = there_s + STAY_S

    def walk(at_s: float) -> float:
        gone_s = max(0.0, at_s - leaves_s)
        return min(FAR_M, max(NEAR_M, FAR_M - speed * at_s) + speed * gone_s)

    edge_s = (RADIUS_M - NEAR_M) / speed
    near_ms = (round(1_000 * (there_s - edge_s)), round(1_000 * (leaves_s + edge_s)))
    ends_s = leaves_s + there_s + AFTER_S
    return Visit(list(levels(walk, ends_s, air, draw=draw)), round(1_000 * ends_s), near_ms)


def walk_by(air: Air, draw: random.Random) -> Visit:
    """Pass the kiosk on a straight line, three metres away at the nearest."""
    speed = draw.uniform(0.8, 1.4)
    ends_s = 2 * FAR_M / speed

    def walk(at_s: float) -> float:
        return math.hypot(speed * at_s - FAR_M, PASSING_M)

    return Visit(list(levels(walk, ends_s, air, draw=draw)), round(1_000 * ends_s))


def still(metres: float, air: Air, draw: random.Random) -> Visit:
    """Stand about for ten minutes."""
    return Visit(list(levels(lambda _: metres, STILL_S, air, draw=draw)), round(1_000 * STILL_S))


def many(count: int, air: Air, seed: str) -> Iterator[tuple[Air, random.Random]]:
    """Yield what each of so many visits is drawn from; one that is added changes no other."""
    for number in range(count):
        yield air, random.Random(f"{seed}/{number}")  # noqa: S311  # the same walks for a seed, on any machine
