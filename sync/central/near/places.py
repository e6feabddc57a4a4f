"""Places: how many each gate may let in at a booked time, lent so that no order of messages overfills it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from edge.core.places import PlaceLease, Zone
from edge.core.slots import Slot
from sync.central.machines.devices import ACTIVE, Device, devices
from sync.central.registry.layout import gates_among, leases, published
from sync.central.registry.shares import Bound, Kept, Key, keep, split
from sync.central.store import Connection
from sync.wire import Cursor


class Lent(Slot, frozen=True, kw_only=True, omit_defaults=True):
    """A time as central keeps it: devices are told all of it but ``kept``."""

    kept: dict[str, int] = msgspec.field(default_factory=dict)
    """What a device that was not heard since may still act by, of all that it was lent before."""

    @property
    def plain(self) -> Lent:
        """The same as it is told: its encoding is that of a ``Slot``."""
        return msgspec.structs.replace(self, kept={})


class Gates(msgspec.Struct, frozen=True):
    """The devices of a site, and what each last said of the places that it gave."""

    known: Mapping[str, Device]
    everywhere: tuple[str, ...]
    """Devices at whose points people pass: who lets in at a time that is of no one point."""
    epoch: int

    def at(self, point: str) -> tuple[str, ...]:
        """Return the devices in force that decide at a point; one without points may stand anywhere."""
        active = [one for one in self.known.values() if one.state == ACTIVE]
        if not point:
            return tuple(one.id for one in active if one.id in self.everywhere)
        return tuple(sorted(one.id for one in active if not one.points or point in one.points))

    def said(self, device: str, slot: Slot, told: int) -> int | None:
        """Return how many a device let in by its present share or a later one; None: it has not said so."""
        one = self.known.get(device)
        report = None if one is None or one.state != ACTIVE else one.report
        if report is None or report.taken is None or report.cursor.epoch != self.epoch:
            return None
        return max(0, report.taken.get(slot.key, 0)) if report.cursor.seq >= told else None


def gates_of(tx: Connection, site: str, *, at: Cursor) -> Gates:
    """Return a site's devices as they are known now; ``at`` is where its feed stands."""
    known = {one.id: one for one in devices(tx, site)}
    layout = published(tx, site)
    everywhere = gates_among(tx, site, sorted(known), points=() if layout is None else layout.points)
    return Gates(known, everywhere, at.epoch)


def shared(slot: Lent, gates: Gates, *, told: int) -> Lent:
    """Return a time with its places lent anew, the same where nobody is short of them.

    ``told`` is the number in the feed by which its present shares were told. A place that was taken is never
    given back but where a passage is undone, so a gate that has heard of its share can have let in no more
    than that, or than it says.
    """
    if slot.capacity_max is None:
        return msgspec.structs.replace(slot, gates={}, kept={})
    bounds = _bounds(slot, gates, told=told)
    wanted = _wanted(slot.capacity_max, slot, gates.at(slot.point), bounds=bounds)
    if wanted is None:
        return slot
    lent = split(
        [Zone(id=slot.key, capacity_max=slot.capacity_max)],
        [PlaceLease(slot.key, *one) for one in wanted.items()],
        [PlaceLease(slot.key, *one) for one in slot.gates.items()],
        bounds=bounds,
    )
    if {one.device: one.places for one in lent} == slot.gates:
        return slot
    kept: Sequence[Kept] = keep(lent, bounds)
    return msgspec.structs.replace(
        slot,
        gates={one.device: one.places for one in lent},
        kept={one.device: one.places for one in kept},
    )


def _bounds(slot: Lent, gates: Gates, *, told: int) -> dict[Key, Bound]:
    found: dict[Key, Bound] = {}
    for device in {*slot.gates, *slot.kept}:
        lent, said = slot.gates.get(device, 0), gates.said(device, slot, told)
        most = max(lent, slot.kept.get(device, 0))
        found[slot.key, device] = Bound(most, None) if said is None else Bound(max(lent, said), said)
    return found


def _wanted(
    ceiling: int, slot: Slot, active: Sequence[str], *, bounds: Mapping[Key, Bound]
) -> dict[str, int] | None:
    """Return what each gate should have: what it gave and its part of what is left; None: all are well."""
    own = {device: bounds.get((slot.key, device), Bound(0, 0)) for device in active}
    heard = sorted(device for device, bound in own.items() if bound.inside is not None)
    spent = sum(bound.may if bound.inside is None else bound.inside for bound in bounds.values())
    if sum(slot.gates.values()) > ceiling or not set(slot.gates) <= set(active):
        zone = Zone(id=slot.key, capacity_max=ceiling)
        return {one.device: one.places for one in leases([zone], active)}
    if not heard or spent >= ceiling:
        return None
    part, more = divmod(ceiling - spent, len(heard))
    short = any(2 * (slot.gates.get(one, 0) - (own[one].inside or 0)) < part for one in heard)
    if not short and set(active) <= set(slot.gates):
        return None
    parts = {one: (own[one].inside or 0) + part + (at < more) for at, one in enumerate(heard)}
    return {device: parts.get(device, slot.gates.get(device, 0)) for device in active}
