"""A passage: which way a tap leads, from which zone to which, and where its band is now."""

from __future__ import annotations

import msgspec

from edge.core.facts import Facts
from edge.core.held import Location
from edge.core.moves import awake
from edge.core.places import Direction, Point, PointKind

IDENTIFYING = frozenset({PointKind.TILL, PointKind.KIOSK})
"""Points where a tap says who somebody is; nobody passes."""
_WAYS = frozenset({Direction.IN.value, Direction.OUT.value})


class Passage(msgspec.Struct, frozen=True):
    """One way through one point."""

    direction: Direction
    from_zone: str | None
    to_zone: str | None


def passage_of(facts: Facts) -> Passage:
    """Return the passage that a tap asks for: as the turnstile reports, else as the point says."""
    return through(facts.point, _way(facts))


def through(point: Point, way: Direction) -> Passage:
    """Return the passage through a point one way; against its own direction the zones change places."""
    if (way is Direction.OUT) is (point.direction is Direction.OUT):
        return Passage(way, point.from_zone, point.to_zone)
    return Passage(way, point.to_zone, point.from_zone)


def _way(facts: Facts) -> Direction:
    if facts.direction in _WAYS:
        return Direction(facts.direction)
    if facts.point.direction is not Direction.BOTH:
        return facts.point.direction
    to_zone = facts.point.to_zone
    here = whereabouts(facts, facts.moment.now_ms)
    return Direction.OUT if to_zone is not None and facts.layout.within(here, to_zone) else Direction.IN


def moves(point: Point) -> bool:
    """Return whether passing changes where a band is; a door is opened from inside without a tap."""
    return point.kind is not PointKind.DOOR and not (point.from_zone is None and point.to_zone is None)


def whereabouts(facts: Facts, at_ms: int) -> str | None:
    """Return the zone that the band is in at a moment, None = outside: the nightly reset is computed here."""
    location = awake(facts.held, facts.layout, facts.timezone, at_ms=at_ms).location
    return location.zone if location is not None else None


def is_inside(facts: Facts, zone: str | None) -> bool:
    """Return whether the band is in a zone now, or with None in any."""
    here = whereabouts(facts, facts.moment.now_ms)
    return here is not None if zone is None else facts.layout.within(here, zone)


def entry_into(facts: Facts, zone: str) -> Location | None:
    """Return when and where the band entered a zone that it is in, as far as that is remembered."""
    for entry in facts.held.entries:
        if entry.zone == zone:
            return entry
    return facts.held.location
