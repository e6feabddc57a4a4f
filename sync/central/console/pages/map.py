"""Map: a site's zones with who is inside, and at each point how the device is that keeps it, as it is now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from edge.core.places import Layout, Point, Zone
from sync.central.console.answers import Answer, Cell, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import names_of
from sync.central.console.pages.devices import Seen, bad_readers, seen
from sync.central.console.routes import Route, read
from sync.central.machines import devices
from sync.central.machines.devices import Device

HERE = "/sites/<site>/map"
COLUMNS = ("zone", "inside", "capacity", "filled", "well", "unwell")
PERMILLE, PERCENT = 1_000, 100
FULL_PERMILLE = 900
"""From so full on a zone is marked: whoever stands at its gate will soon be asked to wait."""
WELL, ILL, OFFLINE, NOBODY = "well", "ill", "offline", "nobody"
WORST = (NOBODY, WELL, ILL, OFFLINE)
"""How a point is, the later the worse: of several devices the worst is shown."""


class Spot(NamedTuple):
    """One point, where it leads, and how the devices are that keep it."""

    name: str
    kind: str
    leads: str
    state: str
    keepers: str


class Room(NamedTuple):
    """One zone with its points and the zones in it; ``inside`` None: no device has said so yet."""

    id: str
    name: str
    inside: int | None
    capacity: int | None
    spots: tuple[Spot, ...]
    rooms: tuple[Room, ...]

    @property
    def permille(self) -> int:
        """How full it is, where it has a limit."""
        return min(PERMILLE, PERMILLE * (self.inside or 0) // self.capacity) if self.capacity else 0

    @property
    def full(self) -> bool:
        """Whether it is as good as full."""
        return self.permille >= FULL_PERMILLE


class Now(NamedTuple):
    """A site as it is: its devices as they were last heard, and who is where."""

    layout: Layout
    keepers: tuple[Seen, ...]
    inside: Mapping[str, int] | None
    oldest_ms: int
    """How old the oldest event is that some device still has to send."""


def _now(ask: Ask) -> Now:
    layout = ask.layout
    with ask.store.reading() as tx:
        found = [one for one in devices.devices(tx, ask.site) if one.state == devices.ACTIVE]
    return Now(layout, tuple(seen(ask, one) for one in found), inside_of(found), oldest_of(found))


def oldest_of(found: Iterable[Device]) -> int:
    """Return how old the oldest event is that one of these devices had still to send; 0: none."""
    said = (one.report for one in found)
    return max((one.outbox_age_ms for one in said if one is not None and one.outbox), default=0)


def inside_of(found: Iterable[Device]) -> dict[str, int] | None:
    """Return the people in each zone as all devices together say; None: none of them has said so."""
    told = [one.report.inside for one in found if one.report is not None and one.report.inside is not None]
    if not told:
        return None
    zones = {zone for one in told for zone in one}
    # Who came in by one device may leave by another, which then has fewer people inside than none.
    return {zone: max(0, sum(one.get(zone, 0) for one in told)) for zone in zones}


def rooms_of(ask: Ask, now: Now, parent: str | None = None) -> tuple[Room, ...]:
    """Return the zones below one, each with its points; in a zone that is not there is in none."""
    known = {zone.id for zone in now.layout.zones}
    mine = [one for one in now.layout.zones if (one.parent if one.parent in known else None) == parent]
    return tuple(_room(ask, now, zone) for zone in mine)


def _room(ask: Ask, now: Now, zone: Zone) -> Room:
    here = [point for point in now.layout.points if point.zone == zone.id]
    return Room(
        id=zone.id,
        name=_name(ask, zone),
        inside=None if now.inside is None else now.inside.get(zone.id, 0),
        capacity=zone.capacity_max,
        spots=tuple(_spot(ask, now, point) for point in here),
        rooms=rooms_of(ask, now, zone.id),
    )


def _spot(ask: Ask, now: Now, point: Point) -> Spot:
    keepers = [one for one in now.keepers if point.id in one.points]
    states = [_state(one, point.id) for one in keepers]
    leads = next((_name(ask, zone) for zone in now.layout.zones if zone.id == point.to_zone), "")
    return Spot(
        name=names_of(point.names, ask.words.language, point.id),
        kind=ask.words(f"point.{point.kind.value}"),
        leads=leads if point.to_zone != point.zone else "",
        state=max(states, key=WORST.index, default=NOBODY),
        keepers=", ".join(one.name for one in keepers),
    )


def _state(one: Seen, point: str) -> str:
    """Return how a device is at one of its points: what ails the reader of another one is no matter here."""
    here = any(bad.point in (None, point) for bad in bad_readers(one.readers))
    return OFFLINE if not one.online else ILL if one.ills_itself or here else WELL


def _name(ask: Ask, zone: Zone) -> str:
    return names_of(zone.names, ask.words.language, zone.id)


def _flat(rooms: Sequence[Room]) -> Iterable[Room]:
    for room in rooms:
        yield room
        yield from _flat(room.rooms)


def _zones(ask: Ask, rooms: Sequence[Room]) -> Sheet:
    rows = []
    for room in _flat(rooms):
        count = Counter(spot.state for spot in room.spots)
        share = f"{room.permille * PERCENT // PERMILLE} %" if room.capacity else ""
        full = Cell(share, mark="warned") if room.full else share
        unwell = count[ILL] + count[OFFLINE]
        rows.append((room.name, room.inside, room.capacity, full, count[WELL], unwell))
    return Sheet(name="map", columns=COLUMNS, rows=rows)


def _show(ask: Ask) -> Answer:
    now = _now(ask)
    rooms = rooms_of(ask, now)
    values = {
        "rooms": rooms,
        "zones": _zones(ask, rooms),
        "total": sum(room.inside or 0 for room in rooms) if now.inside is not None else None,
        "keepers": now.keepers,
        "online": sum(one.online for one in now.keepers),
        "ill": sum(bool(one.ills) for one in now.keepers),
        "oldest": ask.ago(ask.store.now_ms() - now.oldest_ms) if now.oldest_ms else "",
    }
    return Page("map.html", values)


ROUTES: tuple[Route, ...] = (
    read(HERE, _show, "Zones with who is inside, and how each point's device is, as it is now."),
)
