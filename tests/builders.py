"""Valid things in one line, so that a test states only what matters; changes go by keyword."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec

from edge.core.bands import Band, Presented, Trust
from edge.core.entitlements import Entitlement, Hours, Party, Product, Reentry, Terms, TimeSlot, Use
from edge.core.entry import Facts, Moment
from edge.core.held import Held, Location
from edge.core.places import Direction, Layout, Passback, Point, PointKind, Zone
from edge.core.profiles import Profile, in_words

ROME = ZoneInfo("Europe/Rome")
SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DEVICE = "edge-1"


def at(text: str, zone: dt.tzinfo = ROME) -> int:
    """UTC milliseconds of a site-local time such as ``2026-07-15 10:00``."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


NOW_MS = at("2026-07-15 10:00")
"""A Wednesday morning in Rome: the park has been open for an hour."""


def a_band_id(number: int = 1) -> bytes:
    """BandId of the n-th band."""
    return number.to_bytes(16, "big")


def a_band(**changes: object) -> Band:
    """An active band that proves itself by SUN at least."""
    return msgspec.structs.replace(Band(id=a_band_id(), trust_min=Trust.SUN), **changes)


def a_tap(**changes: object) -> Presented:
    """A tap of the first band that proved itself by SUN, its counter new."""
    tap = Presented(tap_id="tap-1", reader="reader-1", band=a_band_id(), trust=Trust.SUN, counter=10)
    return msgspec.structs.replace(tap, **changes)


def a_product(id: str = "day", **terms: object) -> Product:
    """A product with these terms."""
    return Product(id=id, terms=some_terms(**terms))


def some_terms(**changes: object) -> Terms:
    """Terms that forbid nothing but what is said."""
    return msgspec.structs.replace(Terms(), **changes)


def a_day_ticket(id: str = "ticket-1", **changes: object) -> Entitlement:
    """One entry into the park, re-entry after exit; changes are of the entitlement or of its terms."""
    terms = some_terms(zones=("park",), uses_max=1, reentry=Reentry.AFTER_EXIT)
    ticket = Entitlement(id=id, product="day", terms=terms)
    return _changed_right(ticket, changes)


def a_slot_right(
    id: str = "slot-1", start_ms: int = NOW_MS, minutes: int = 30, **changes: object
) -> Entitlement:
    """One ride at the castle in a slot from ``start_ms``, 5 minutes early and 10 minutes late allowed."""
    terms = some_terms(points=("castle",), uses_max=1, early_s_max=300, late_s_max=600)
    slot = TimeSlot(start_ms=start_ms, end_ms=start_ms + minutes * MINUTE_MS, point="castle")
    return _changed_right(Entitlement(id=id, product="ride", slot=slot, terms=terms), changes)


def a_stay(id: str = "stay-1", door: str = "room-12", **changes: object) -> Entitlement:
    """A room of the hotel from yesterday 15:00 till tomorrow 11:00, local time."""
    right = Entitlement(
        id=id,
        product="stay",
        valid_from_ms=at("2026-07-14 15:00"),
        valid_until_ms=at("2026-07-16 11:00"),
        terms=some_terms(points=(door,)),
    )
    return _changed_right(right, changes)


def a_party(**changes: object) -> Party:
    """A family of four."""
    return msgspec.structs.replace(Party(id="family-1", size=4), **changes)


def a_profile(*entitlements: Entitlement, language: str = "it", **changes: object) -> Profile:
    """A guest with a band and a day ticket (or the rights that are given), spoken to in a language."""
    profile = Profile(band=a_band(), rev=1, guest="guest-1", entitlements=entitlements or (a_day_ticket(),))
    changed = msgspec.structs.replace(profile, **changes)
    return msgspec.structs.replace(changed, tags=(*changed.tags, *in_words(language)))


def a_stock_band(**changes: object) -> Profile:
    """A band that nobody wears yet."""
    return msgspec.structs.replace(Profile(band=a_band(), rev=1), **changes)


def some_uses(*scan_ms: int, entitlement: str = "ticket-1", point: str = "north") -> tuple[Use, ...]:
    """Earlier uses of one right, at these times."""
    return tuple(
        Use(
            entitlement=entitlement,
            ordinal=n,
            scan_ms=when,
            device=DEVICE,
            point=point,
            tap_id=f"used-{n}",
            seq=n,
        )
        for n, when in enumerate(scan_ms, start=1)
    )


def inside(zone: str = "park", since_ms: int = NOW_MS - HOUR_MS, point: str = "north") -> Location:
    """A band's location after it passed ``point``."""
    return Location(zone=zone, since_ms=since_ms, point=point, device=DEVICE)


def outside(since_ms: int = NOW_MS - HOUR_MS, point: str = "south") -> Location:
    """A band's location after it left."""
    return Location(zone=None, since_ms=since_ms, point=point, device=DEVICE)


def a_gate(id: str = "north", **changes: object) -> Point:
    """The park's entry: from outside into the park."""
    gate = Point(id=id, kind=PointKind.GATE, zone="park", to_zone="park", names={"en": id.title()})
    return msgspec.structs.replace(gate, **changes)


def an_exit(id: str = "south", **changes: object) -> Point:
    """The park's exit."""
    gate = Point(id=id, kind=PointKind.GATE, zone="park", from_zone="park", direction=Direction.OUT)
    return msgspec.structs.replace(gate, **changes)


def an_attraction(id: str = "castle", **changes: object) -> Point:
    """A ride inside the park, with a zone of its own."""
    ride = Point(
        id=id,
        kind=PointKind.ATTRACTION,
        zone="castle",
        from_zone="park",
        to_zone="castle",
        passback=Passback.TIMED,
        passback_s_min=600,
    )
    return msgspec.structs.replace(ride, **changes)


def a_door(id: str = "room-12", **changes: object) -> Point:
    """A hotel room's door."""
    door = Point(id=id, kind=PointKind.DOOR, zone="hotel", to_zone=id)
    return msgspec.structs.replace(door, **changes)


def a_lounge(id: str = "lounge", **changes: object) -> Point:
    """A lounge inside the park."""
    lounge = Point(id=id, kind=PointKind.LOUNGE, zone="lounge", from_zone="park", to_zone="lounge")
    return msgspec.structs.replace(lounge, **changes)


def a_till(id: str = "till", **changes: object) -> Point:
    """A till in the park's shop."""
    return msgspec.structs.replace(Point(id=id, kind=PointKind.TILL, zone="park"), **changes)


def a_kiosk(id: str = "kiosk", **changes: object) -> Point:
    """A kiosk where a guest sees the day's plan."""
    return msgspec.structs.replace(Point(id=id, kind=PointKind.KIOSK, zone="park"), **changes)


ZONES = (
    Zone(id="park"),
    Zone(id="castle", parent="park"),
    Zone(id="lounge", parent="park"),
    Zone(id="hotel"),
    Zone(id="room-12", parent="hotel"),
)


def a_layout(*more: Point, **changes: object) -> Layout:
    """A park with gate, exit, ride and lounge beside a hotel in Rome; ``more`` replace points of equal id."""
    points = {
        point.id: point
        for point in (
            a_gate(), an_exit(), an_attraction(),
            an_exit("castle-exit", zone="castle", from_zone="castle", to_zone="park"),
            a_lounge(), a_door(), a_till(), a_kiosk(), *more,
        )
    }  # fmt: skip
    layout = Layout(
        site="site-1",
        version=1,
        timezone="Europe/Rome",
        zones=ZONES,
        points=tuple(points.values()),
        products=(a_product("day"), a_product("ride"), a_product("stay")),
    )
    return msgspec.structs.replace(layout, **changes)


a_site = a_layout


def all_week(start: str = "09:00", end: str = "22:00", **changes: object) -> Hours:
    """Open every day between two local times."""
    opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    intervals: tuple[tuple[int, int], ...] = ((opens, closes),)
    return msgspec.structs.replace(Hours(weekdays=dict.fromkeys(range(7), intervals)), **changes)


def a_moment(now_ms: int = NOW_MS, uncertainty_ms: int = 0, trusted: bool = True) -> Moment:
    """A moment of a clock that is right."""
    return Moment(now_ms=now_ms, uncertainty_ms=uncertainty_ms, trusted=trusted)


def facts_for(profile: Profile | None = None, point: Point | None = None, **changes: object) -> Facts:
    """All facts of one tap: by default a day ticket at the park's gate, first entry, everything well.

    ``now_ms`` sets the moment, ``uses`` and ``location`` the site's memory; the rest are fields of ``Facts``.
    """
    where = point or a_gate()
    now_ms = changes.pop("now_ms", NOW_MS)
    assert isinstance(now_ms, int)
    memory = {name: changes.pop(name) for name in ("uses", "location", "last") if name in changes}
    fields: dict[str, object] = {
        "moment": a_moment(now_ms),
        "presented": a_tap(),
        "point": where,
        "layout": a_layout(where),
        "timezone": ROME,
        "device": DEVICE,
        "profile": profile or a_profile(),
        "held": msgspec.structs.replace(Held(), **memory),
    }
    return Facts(**(fields | changes))  # type: ignore[arg-type]  # the caller names fields of Facts


def facts_of_nobody(point: Point | None = None, **changes: object) -> Facts:
    """All facts of a tap of which nothing is known here."""
    return msgspec.structs.replace(facts_for(None, point, **changes), profile=None)


def _changed_right(right: Entitlement, changes: dict[str, object]) -> Entitlement:
    own = {name: value for name, value in changes.items() if name in Entitlement.__struct_fields__}
    of_terms = {name: value for name, value in changes.items() if name not in own}
    terms = msgspec.structs.replace(right.terms or Terms(), **of_terms)
    return msgspec.structs.replace(right, **({"terms": terms} | own))
