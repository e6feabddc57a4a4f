"""Nearness: how far points of a site are from each other, by the borders of zones that somebody crosses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from edge.core.orders import Shelf
from edge.core.places import Layout

OUTSIDE = ""
FAR = 1_000
"""Of a point to which no way is known, or from one that is none."""


def away(layout: Layout | None, near: str) -> Mapping[str, int]:
    """Return of each point how many borders lie between it and another one; from nowhere: of none."""
    start = layout.points_by_id.get(near) if layout is not None else None
    if layout is None or start is None:
        return {}
    steps = _steps(dict(_borders(layout)), start.zone)
    return {point.id: steps.get(point.zone, FAR) for point in layout.points}


def rank(word: Shelf, store: str, steps: Mapping[str, int]) -> tuple[bool, int, str]:
    """Return by what stores are put in order: who has it first, the nearest of them first."""
    return word is Shelf.NONE, steps.get(store, FAR), store


def _borders(layout: Layout) -> Iterator[tuple[str, set[str]]]:
    """Yield of each zone what it borders on: its parent or the outside, its children, and by passages."""
    pairs = [(zone.id, zone.parent or OUTSIDE) for zone in layout.zones]
    pairs += [
        (point.from_zone or OUTSIDE, point.to_zone or OUTSIDE)
        for point in layout.points
        if point.from_zone != point.to_zone
    ]
    both = [*pairs, *((other, one) for one, other in pairs)]
    for zone in (OUTSIDE, *(one.id for one in layout.zones)):
        yield zone, {other for one, other in both if one == zone}


def _steps(borders: Mapping[str, set[str]], start: str) -> dict[str, int]:
    found, waiting = {start: 0}, deque([start])
    while waiting:
        zone = waiting.popleft()
        for other in sorted(borders.get(zone, set()) - found.keys()):
            found[other] = found[zone] + 1
            waiting.append(other)
    return found
