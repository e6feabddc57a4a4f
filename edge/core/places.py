"""A site: its zones, the points between them and the clock that its day follows."""

from __future__ import annotations

import enum
from functools import cached_property

import msgspec
from msgspec.structs import replace

from edge.core.bands import Trust
from edge.core.entitlements import Hours, Product, RuleText


class PointKind(enum.StrEnum):
    """What stands at a point; defaults follow the kind (see ``DEFAULTS``)."""

    GATE = "gate"
    DOOR = "door"
    ATTRACTION = "attraction"
    LOUNGE = "lounge"
    TILL = "till"
    KIOSK = "kiosk"


TRUST_BY_KIND: dict[PointKind, Trust] = {
    PointKind.GATE: Trust.SUN,
    PointKind.DOOR: Trust.LIVE,
    PointKind.ATTRACTION: Trust.SUN,
    PointKind.LOUNGE: Trust.SUN,
    PointKind.TILL: Trust.LIVE,
    PointKind.KIOSK: Trust.UID,
}
"""What a band must prove at a point of each kind: whoever copies a UID gets offers, never a room or money."""


class Direction(enum.StrEnum):
    """Which way a passage goes."""

    IN = "in"
    OUT = "out"
    BOTH = "both"
    """A point that lets both ways pass without telling which: judged as in, and as out if already inside."""


class Passback(enum.StrEnum):
    """What a second entry without an exit means."""

    NONE = "none"
    SOFT = "soft"
    HARD = "hard"
    TIMED = "timed"


class Zone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place guests can be inside; zones form a tree, and being in a child is being in its parents."""

    id: str
    parent: str | None = None
    names: dict[str, str] = {}
    capacity_max: int | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An edge between two zones at which bands are presented; unset rules do not apply."""

    id: str
    kind: PointKind
    names: dict[str, str] = {}
    zone: str
    """Where the point stands; a passage leads from ``from_zone`` (None = outside) to ``to_zone``."""
    from_zone: str | None = None
    to_zone: str | None = None
    direction: Direction = Direction.IN
    trust_min: Trust | None = None
    """What a band must prove here; None: what the kind of point asks for (see ``demands``)."""
    passback: Passback = Passback.NONE
    passback_s_min: int = 0
    location_age_ms_max: int | None = None
    refer_unconfirmed: bool = False
    """Refer to staff, where SOFT with ``unconfirmed_offline`` would let pass."""
    profile_age_ms_max: int | None = None
    demand_fresh: bool = False
    """Refer (``profile_stale``) instead of noting that the profile is older than its limit."""
    age_min: int | None = None
    height_cm_min: int | None = None
    confirm: bool = False
    """Staff confirm each passage in person (photo) before it counts."""
    reserve: bool = False
    """Only rights with a time slot open this point."""
    companion: bool = False
    companion_s_max: int = 300
    hours: Hours | None = None
    rules: tuple[RuleText, ...] = ()
    choose: bool = False
    """The guest chooses among several fitting rights."""
    products: tuple[str, ...] = ()
    """The point's own products, preferred among fitting rights."""
    walk_s_min: int = 0
    """The least time it takes to walk here from any other point; 0 = not known."""

    @property
    def demands(self) -> Trust:
        """What a band must prove here at the least."""
        return TRUST_BY_KIND[self.kind] if self.trust_min is None else self.trust_min

    @property
    def is_lax(self) -> bool:
        """Whether the operator asks for less proof here than this kind of point should: a warning."""
        return self.demands < TRUST_BY_KIND[self.kind]


class PlaceLease(msgspec.Struct, frozen=True):
    """Places of a zone set aside for one device: the sum over devices never exceeds the ceiling."""

    zone: str
    device: str
    places: int


class Layout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """Everything about a site that is the same for every guest, numbered: a Decided carries ``version``."""

    site: str
    version: int
    timezone: str
    """IANA name."""
    currency: str = "EUR"
    languages: tuple[str, ...] = ("it", "en", "fr", "de", "es")
    day_starts_min: int = 0
    reset_min: int | None = None
    """Local minute of the day after which nobody is inside any more unless they entered since."""
    names: dict[str, str] = {}
    zones: tuple[Zone, ...] = ()
    points: tuple[Point, ...] = ()
    products: tuple[Product, ...] = ()
    place_leases: tuple[PlaceLease, ...] = ()
    gates: tuple[str, ...] = ()
    """Devices at whose points people pass: where there are several, none sees every passage itself."""

    def has_others(self, device: str) -> bool:
        """Whether people pass at other devices of the site than this one."""
        return any(gate != device for gate in self.gates)

    @cached_property
    def points_by_id(self) -> dict[str, Point]:
        """Each point under its id."""
        return {point.id: point for point in self.points}

    @cached_property
    def products_by_id(self) -> dict[str, Product]:
        """Each product under its id."""
        return {product.id: product for product in self.products}

    @cached_property
    def asked(self) -> dict[tuple[str, str, bool], tuple[Point, tuple[int, ...]]]:
        """Which checks a product asks for at a point, with or without a slot, as far as that is known."""
        return {}

    @cached_property
    def paced(self) -> bool:
        """Whether the site knows how far its points are apart."""
        return any(point.walk_s_min for point in self.points)

    @cached_property
    def limited(self) -> frozenset[str]:
        """Zones with a ceiling: without a free place in hand nobody is let in."""
        return frozenset(zone.id for zone in self.zones if zone.capacity_max is not None)

    @cached_property
    def _lineages(self) -> dict[str, tuple[str, ...]]:
        parents = {zone.id: zone.parent for zone in self.zones}
        return {zone: tuple(_climb(zone, parents)) for zone in parents}

    def lineage(self, zone: str | None) -> tuple[str, ...]:
        """Return ``zone`` and the zones around it, innermost first: in a child is in its parents."""
        if zone is None:
            return ()
        return self._lineages.get(zone) or (zone,)

    def within(self, zone: str | None, around: str) -> bool:
        """Return whether who is in ``zone`` is in ``around``."""
        return around in self.lineage(zone)


def _climb(zone: str, parents: dict[str, str | None]) -> list[str]:
    """Follow parents upwards; a circle, which no honest layout has, ends where it began."""
    path: list[str] = []
    here: str | None = zone
    while here is not None and here not in path:
        path.append(here)
        here = parents.get(here)
    return path


_HERE = Point(id="", kind=PointKind.GATE, zone="")
DEFAULTS: dict[PointKind, Point] = {
    PointKind.GATE: replace(_HERE, passback=Passback.HARD, location_age_ms_max=900_000),
    PointKind.DOOR: replace(_HERE, kind=PointKind.DOOR),
    PointKind.ATTRACTION: replace(
        _HERE, kind=PointKind.ATTRACTION, passback=Passback.TIMED, passback_s_min=600
    ),
    PointKind.LOUNGE: replace(_HERE, kind=PointKind.LOUNGE, passback=Passback.SOFT),
    PointKind.TILL: replace(_HERE, kind=PointKind.TILL),
    PointKind.KIOSK: replace(_HERE, kind=PointKind.KIOSK),
}
"""What a point of each kind asks for unless the operator says otherwise."""


def point_of(kind: PointKind, id: str, zone: str, **changes: object) -> Point:
    """Return a point of a kind with its kind's defaults and these changes."""
    return replace(DEFAULTS[kind], id=id, zone=zone, **changes)


def unplaced(id: str) -> Point:
    """Return what stands in for a point that the site does not have, or not yet: nobody may decide there."""
    return replace(_HERE, id=id, zone=id)
