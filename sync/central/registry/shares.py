"""Shares: the places of a limited zone lent to gates, never more than are left, whoever is cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.core.places import Layout, PlaceLease, Zone
from sync.central.machines.devices import ACTIVE, Device, devices
from sync.central.store import Connection, now_of

LINGER_MS = 24 * 3600 * 1000
"""So long the people whom a revoked device let in are taken to be inside."""
Key = tuple[str, str]
"""A zone and a device."""


class Bound(NamedTuple):
    """What one device may have inside a zone at the most, and how many of them are there for certain."""

    may: int
    inside: int | None
    """None: it has not said so since it was told its share."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What a device that was not heard since may still act by, of all that it was told."""

    zone: str
    device: str
    places: int


def bounds(tx: Connection, site: str, told: Layout | None, *, kept: Sequence[Kept]) -> dict[Key, Bound]:
    """Return what each device may have let in by now: as it last said, or the most that it was ever lent."""
    if told is None:
        return {}
    lent = {(one.zone, one.device): one.places for one in told.place_leases}
    before = {(one.zone, one.device): one.places for one in kept}
    known = {one.id: one for one in devices(tx, site)}
    found: dict[Key, Bound] = {}
    for key in {*lent, *before}:
        one, most = known.get(key[1]), max(lent.get(key, 0), before.get(key, 0))
        found[key] = _bound(key, told, one, most=most, now_ms=now_of(tx))
    return found


def split(
    zones: Sequence[Zone],
    wanted: Sequence[PlaceLease],
    told: Sequence[PlaceLease],
    *,
    bounds: Mapping[Key, Bound],
) -> tuple[PlaceLease, ...]:
    """Return what each gate is lent on the way to what is ``wanted``: less at once, more once it is free."""
    aims = {(one.zone, one.device): one.places for one in wanted}
    has = {(one.zone, one.device): one.places for one in told}
    made: list[PlaceLease] = []
    for zone in zones:
        if zone.capacity_max is not None:
            own = {key[1]: bound for key, bound in bounds.items() if key[0] == zone.id}
            goals = {key[1]: places for key, places in aims.items() if key[0] == zone.id}
            now = {device: has.get((zone.id, device), 0) for device in goals}
            lent = _lend(zone.capacity_max, goals, has=now, own=own)
            made += [PlaceLease(zone.id, device, places) for device, places in sorted(lent.items())]
    return tuple(made)


def keep(told: Sequence[PlaceLease], bounds: Mapping[Key, Bound]) -> tuple[Kept, ...]:
    """Return what is to be remembered beside a layout that is told now."""
    lent = {(one.zone, one.device): one.places for one in told}
    most = {key: max(bound.may, lent.get(key, 0)) for key, bound in bounds.items()}
    return tuple(Kept(*key, places) for key, places in sorted(most.items()) if places > 0)


def _bound(key: Key, told: Layout, one: Device | None, *, most: int, now_ms: int) -> Bound:
    report = None if one is None else one.report
    said = None if report is None or report.inside is None else report.inside.get(key[0], 0)
    if one is not None and one.state != ACTIVE:
        left = most if said is None else max(said, 0)
        return Bound(left if now_ms - one.seen_ms < LINGER_MS else 0, None)
    if said is None or report is None or report.layout < told.version:
        return Bound(most, None)
    lent = sum(one.places for one in told.place_leases if (one.zone, one.device) == key)
    return Bound(max(lent, said), said)


def _lend(
    ceiling: int, aims: Mapping[str, int], *, has: Mapping[str, int], own: Mapping[str, Bound]
) -> dict[str, int]:
    room = ceiling - sum(bound.may for bound in own.values())
    made: dict[str, int] = {}
    for device in sorted(aims, key=lambda one: (has[one], one)):
        low = min(has[device], aims[device])
        free = max(0, own[device].may - low) if device in own else 0
        more = min(aims[device] - low, free + max(0, room))
        room -= max(0, more - free)
        made[device] = low + more
    return _lessened(ceiling, made, own)


def _lessened(ceiling: int, made: dict[str, int], own: Mapping[str, Bound]) -> dict[str, int]:
    """Take places back from who does not need them, while others hold more people than their share."""
    floors = {device: bound.may if bound.inside is None else bound.inside for device, bound in own.items()}
    held = {one: max(made.get(one, 0), floors.get(one, 0)) for one in {*made, *floors}}
    over = sum(held.values()) - ceiling
    for device in sorted(made, key=lambda one: (-made[one], one)):
        slack = made[device] - max(floors.get(device, 0), 0)
        cut = min(max(over, 0), max(slack, 0))
        made[device] -= cut
        over -= cut
    return made
