"""Moves: how a band's memory and the zones' counts change when somebody passes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec.structs import replace

from edge.core.calendar import last_reset
from edge.core.entitlements import Redemption, Use
from edge.core.held import Held, Location
from edge.core.places import Layout

Deltas = tuple[tuple[str, int], ...]
Entries = dict[str, Location]
"""The entry into each zone that a band is in."""


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
    known = _known(held, layout)
    entries = _entries(known, layout, there)
    anew = {zone: _with(there, entries[zone].people) for zone in entries if zone == there.zone}
    return _move(held, known, there, entries=entries | anew)


def leave(held: Held, layout: Layout, there: Location) -> tuple[Held, Deltas]:
    """Return the memory of a band that went out to ``there``, and how that moves people between zones."""
    known = _known(held, layout)
    return _move(held, known, there, entries=_entries(known, layout, there))


def differences(before: Held, after: Held, layout: Layout) -> Deltas:
    """Return how many people came into each zone, by what was and what is remembered of one band."""
    return _differences(_known(before, layout), _known(after, layout))


def places_taken(before: Iterable[Use], changed: Iterable[Use]) -> Deltas:
    """Return how many places of each booked time a change of uses takes, or gives back.

    A use that is held for staff's word has its place already; nobody else can be given it meanwhile.
    """
    known = {(use.entitlement, use.device, use.ordinal): use for use in before}
    taken: dict[str, int] = {}
    for use in changed:
        for one, sign in ((use, 1), (known.get((use.entitlement, use.device, use.ordinal)), -1)):
            if one is not None and one.slot and one.redemption <= Redemption.PENDING:
                taken[one.slot] = taken.get(one.slot, 0) + sign
    return tuple(sorted([one for one in taken.items() if one[1]]))


def _differences(before: Entries, after: Entries) -> Deltas:
    changed = {zone: entry.people for zone, entry in after.items()}
    for zone, entry in before.items():
        changed[zone] = changed.get(zone, 0) - entry.people
    return tuple(sorted([change for change in changed.items() if change[1]]))


def _entries(known: Entries, layout: Layout, there: Location) -> Entries:
    """The way in to ``there``, outermost zone first: entries that still hold, and new ones for the rest."""
    zones = reversed(layout.lineage(there.zone))
    return {
        zone: known.get(zone) or (there if zone == there.zone else replace(there, zone=zone))
        for zone in zones
    }


def _with(there: Location, people: int) -> Location:
    return there if there.people == people else replace(there, people=people)


def _move(held: Held, known: Entries, there: Location, *, entries: Entries) -> tuple[Held, Deltas]:
    was, passed = held.location, tuple(entries.values())
    after = replace(
        held,
        location=_with(there, passed[-1].people) if passed else there,
        last=was if was is not None and was.zone is not None else held.last,
        entries=passed,
    )
    return after, _differences(known, entries)


def _known(held: Held, layout: Layout) -> Entries:
    """The entry into each zone that the band is in; where none is remembered, its location stands for it."""
    location = held.location
    if location is None or location.zone is None:
        return {}
    entries = {entry.zone: entry for entry in held.entries}
    return {zone: entries.get(zone) or replace(location, zone=zone) for zone in layout.lineage(location.zone)}
