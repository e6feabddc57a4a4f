"""The gate's two faces: the verdict towards the guest, and the page of the staff beside it."""

from __future__ import annotations

from flask import Response

from edge.core.places import Point
from edge.errors import Unknown
from edge.staff import Action, may
from kiosk.ask import Ask
from kiosk.grants import may_list
from kiosk.guests import guest_page
from kiosk.guests import guest_page
from kiosk.house import House
from kiosk.pages import page
from kiosk.routes import Audience, Route
from kiosk.sign_in import sign_in_page


def gate(ask: Ask) -> Response:
    """Show the gate's verdict screen."""
    point_of(ask.house, ask.seat.point)
    return page(ask, "gate.html", page=guest_page(ask))


def staff(ask: Ask) -> Response:
    """Show the staff page of one gate, or the way to sign in there."""
    point = point_of(ask.house, ask.path["gate"])
    name = named(point, ask.language)
    if ask.session is None or not may_list(ask.session, point.id):
        return sign_in_page(ask, point=point.id, point_name=name, after=f"/staff/{point.id}")
    layout = ask.house.service.layout()
    return page(
        ask,
        "staff.html",
        point=point,
        point_name=name,
        point_names={} if layout is None else {p.id: named(p, ask.language) for p in layout.points},
        zone_names={} if layout is None else {z.id: z.names.get(ask.language, z.id) for z in layout.zones},
        timezone="" if layout is None else layout.timezone,
        actions=[action for action in Action if may(ask.person, action)],
    )


def point_of(house: House, point_id: str) -> Point:
    """Return the point of this device's site, or raise ``Unknown``."""
    layout = house.service.layout()
    for point in layout.points if layout is not None else ():
        if point.id == point_id:
            return point
    raise Unknown("There is no such gate here.", hint="Check the address, or the points at central.")


def named(point: Point, language: str) -> str:
    """Return the point's name in a language, in Italian, or its id."""
    return point.names.get(language) or point.names.get("it") or point.id


ROUTES = (
    Route("GET", "/g/<gate>", gate, Audience.SCREEN, "The verdict towards the guest.", kinds=("gate",)),
    Route("GET", "/staff/<gate>", staff, Audience.EITHER, "The staff page of a gate.", kinds=("staff",)),
)
