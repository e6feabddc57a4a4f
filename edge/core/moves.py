"""Moves: how a band's memory and the zones' counts change when somebody passes."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from edge.core.calendar import last_reset
from edge.core.held import Held, Location
from edge.core.places import Layout

Deltas = tuple[tuple[str, int], ...]


def awake(held: Held, layout: Layout, timezone: dt.tzinfo, *, at_ms: int) -> Held:
    """Return a band's memory at a moment: the nightly reset has put outside whoever came in before it."""
    location, reset_min = held.location, layout.reset_min
    if location is None or location.zone is None or reset_min is None:
        return held
    if location.since_ms > last_reset(timezone, reset_min, at_ms):
        return held
    return replace(held, location=replace(location, zone=None), last=location, entries=())


def enter(held: Held, layout: Layout, there: Location) -> tuple[Held, Deltas]:
    """Return the memory of a band that came in ``there``, and how that moves people between zones.

    Each zone's count stays the sum of those remembered inside it: whoever is moved without a tap (a missed
    exit) leaves the old zones in the same change.
    """
    entries = _entries(held, layout, there)
    entries[-1:] = [replace(there, people=entry.people) for entry in entries[-1:]]
    return _move(held, layout, there, entries=entries)


def leave(held: Held, layout: Layout, there: Location) -> tuple[Held, Deltas]:
    """Return the memory of a band that went out to ``there``, and how that moves people between zones."""
    return _move(held, layout, there, entries=_entries(held, layout, there))


def differences(before: Held, after: Held, layout: Layout) -> Deltas:
    """Return how many people came into each zone, by what was and what is remembered of one band."""
    was, now = _people(before, layout), _people(after, layout)
    changed = {zone: now.get(zone, 0) - was.get(zone, 0) for zone in was | now}
    return tuple(sorted((zone, people) for zone, people in changed.items() if people))


def _entries(held: Held, layout: Layout, there: Location) -> list[Location]:
    """The way in to ``there``, outermost zone first: entries that still hold, and new ones for the rest."""
    known = _known(held, layout)
    zones = reversed(layout.lineage(there.zone))
    return [known.get(zone) or replace(there, zone=zone) for zone in zones]


def _move(held: Held, layout: Layout, there: Location, *, entries: list[Location]) -> tuple[Held, Deltas]:
    was = held.location
    after = replace(
        held,
        location=replace(there, people=entries[-1].people) if entries else there,
        last=was if was is not None and was.zone is not None else held.last,
        entries=tuple(entries),
    )
    return after, differences(held, after, layout)


def _known(held: Held, layout: Layout) -> dict[str, Location]:
    """The entry into each zone that the band is in; where none is remembered, its location stands for it."""
    location = held.location
    if location is None or location.zone is None:
        return {}
    entries = {entry.zone: entry for entry in held.entries}
    return {zone: entries.get(zone) or replace(location, zone=zone) for zone in layout.lineage(location.zone)}


def _people(held: Held, layout: Layout) -> dict[str, int]:
    return {zone: entry.people for zone, entry in _known(held, layout).items()}
