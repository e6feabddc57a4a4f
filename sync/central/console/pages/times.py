"""Times: those that can be booked, how many may come at each, and opening more of them."""

from __future__ import annotations

from typing import Any

from edge.core.places import PointKind, Zone
from edge.core.slots import Slot
from sync.central.channels import book as channels
from sync.central.channels.book import May
from sync.central.console import desk, listing
from sync.central.console.answers import Answer, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.bars import Bar, filled
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped, names_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Route
from sync.central.machines import devices
from sync.central.machines.devices import Device
from sync.central.near import slots
from sync.central.registry import layout
from sync.central.store import Connection

HERE = "/sites/<site>/times"
COLUMNS = ("point", "product", "begins", "ends", "capacity", "let_in", "at_kiosks", "for_channels")
PAGE_MAX = 100
MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
TIMES_MAX = 200
"""Times that one form opens: more than fit into a day of any ride."""
PLACES_MAX = 100_000


def _page(ask: Ask, after: str) -> Sheet:
    begins_ms, _, past = after.partition("/")
    mark = (int(begins_ms), past) if begins_ms.isdecimal() else (0, "")
    with ask.store.reading() as tx:
        known = sorted(slots.slots(tx, ask.site), key=_place)
        told = devices.devices(tx, ask.site)
    left = [one for one in known if one.end_ms > ask.store.now_ms() and _place(one) > mark]
    rows = [_row(ask, one, told) for one in left[:PAGE_MAX]]
    following = "/".join(map(str, _place(left[PAGE_MAX - 1]))) if len(left) > PAGE_MAX else ""
    return Sheet(name="times", columns=COLUMNS, rows=rows, after=following)


def _place(slot: Slot) -> tuple[int, str]:
    return slot.start_ms, slot.point


def _row(ask: Ask, slot: Slot, told: tuple[Device, ...]) -> tuple[str, ...]:
    language = ask.words.language
    points = {one.id: names_of(one.names, language, one.id) for one in ask.layout.points}
    products = {one.id: names_of(one.names, language, one.id) for one in ask.layout.products}
    reports = (one.report.taken or {} for one in told if one.report is not None)
    come = sum(max(0, taken.get(slot.key, 0)) for taken in reports)
    return (
        points.get(slot.point, slot.point),
        products.get(slot.product, slot.product),
        ask.time(slot.start_ms),
        ask.time(slot.end_ms),
        "" if slot.capacity_max is None else str(slot.capacity_max),
        str(come),
        str(sum(slot.shares.values())),
        str(sum(slot.outside.values())),
    )


def _pictured(_: Ask, sheet: Sheet) -> list[Bar]:
    """Return how many were let in of the places of each time; one without an end of places has no bar."""
    begins, places, let_in = (COLUMNS.index(name) for name in ("begins", "capacity", "let_in"))
    return filled(
        (f"{row[0]} · {row[begins]}", int(str(row[let_in])), int(str(row[places]) or 0)) for row in sheet.rows
    )


def _new(ask: Ask) -> Form:
    language = ask.words.language
    points = [(one.id, names_of(one.names, language, one.id)) for one in ask.layout.points]
    products = [(one.id, names_of(one.names, language, one.id)) for one in ask.layout.products]
    fields = (
        Field(name="point", kind=Kind.CHOICE, choices=points, required=True),
        Field(name="product", kind=Kind.CHOICE, choices=products, required=True),
        Field(name="first_time", kind=Kind.MOMENT, required=True),
        Field(name="minutes", kind=Kind.NUMBER, low=1, high=DAY_MINUTES, required=True),
        Field(name="times", kind=Kind.NUMBER, low=1, high=TIMES_MAX, required=True),
        Field(name="places", kind=Kind.NUMBER, high=PLACES_MAX),
        Field(name="at_kiosks", kind=Kind.NUMBER, high=PLACES_MAX),
        Field(name="for_channels", kind=Kind.NUMBER, high=PLACES_MAX),
    )
    return Form(
        name="times_new", fields=fields, values={"times": "1"}, back=f"{ask.home}/times", act="open_times"
    )


def _open(ask: Ask, said: dict[str, Any]) -> Answer:
    places, given = said["places"], said["at_kiosks"] or 0
    if said["first_time"] is None:
        raise Mistyped("first_time", "wrong.empty")
    outside = said["for_channels"] or 0
    if places is not None and given > places:
        raise Mistyped("at_kiosks", "wrong.number", low=0, high=places)
    if places is not None and given + outside > places:
        raise Mistyped("for_channels", "wrong.number", low=0, high=places - given)
    with ask.changing() as tx:
        shares, booked = _shares(ask, tx, given), _outside(ask, tx, outside)
        opened = [
            Slot(
                point=said["point"],
                product=said["product"],
                start_ms=said["first_time"] + at * said["minutes"] * MINUTE_MS,
                end_ms=said["first_time"] + (at + 1) * said["minutes"] * MINUTE_MS,
                shares=shares,
                outside=booked,
                capacity_max=places,
            )
            for at in range(said["times"])
        ]
        slots.put(tx, ask.site, opened)
        ask.record(tx, "times_opened", said["point"], after=f"{len(opened)} {ask.time(said['first_time'])}")
    return Moved(f"{ask.home}/times", "times_opened")


def _shares(ask: Ask, tx: Connection, given: int) -> dict[str, int]:
    """Split places over the devices at whose kiosks guests change a time."""
    there = {point.id for point in ask.layout.points if point.kind is PointKind.KIOSK}
    kiosks = layout.standing_at(tx, ask.site, ask.devices_in_force(tx), points=there)
    if given and not kiosks:
        raise Mistyped("at_kiosks", "wrong.no_kiosk")
    return {one.device: one.places for one in layout.leases([Zone(id="", capacity_max=given)], kiosks)}


def _outside(ask: Ask, tx: Connection, given: int) -> dict[str, int]:
    """Split places over the channels outside that may book."""
    known = channels.channels(tx, ask.site)
    there = [one.id for one in known if May.RESERVATIONS in one.routes and not one.closed]
    if given and not there:
        raise Mistyped("for_channels", "wrong.no_channel")
    found = layout.leases([Zone(id="", capacity_max=given)], there)
    return {one.device: one.places for one in found}


TIMES = Listing(name="times", page=_page, add="new", picture=_pictured)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, TIMES),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _open), "open times that can be booked."),
)
