"""The gate's two faces: the verdict towards the guest, and the page of the staff beside it."""

from __future__ import annotations

from flask import Response

from edge.core.places import Point
from edge.errors import Unknown
from kiosk.ask import Ask
from kiosk.desk import desk_page, name_in
from kiosk.grants import may_list
from kiosk.guests import guest_page
from kiosk.house import House
from kiosk.pages import page
from kiosk.routes import Audience, Route
from kiosk.sign_in import sign_in_page


def gate(ask: Ask) -> Response:
    """Show the gate's verdict screen."""
    point_of(ask.house, ask.seat.point)
    return page(ask, "gate.html", page=guest_page(ask, "gate"))


def staff(ask: Ask) -> Response:
    """Show the staff page of one gate, or the way to sign in there."""
    point = point_of(ask.house, ask.path["gate"])
    name = name_in(point.names, ask.language, point.id)
    if ask.session is None or not may_list(ask.session, point.id):
        return sign_in_page(ask, point=point.id, point_name=name, after=f"/staff/{point.id}")
    return page(ask, "staff.html", page=desk_page(ask, point=point.id, name=name), point_name=name)


def point_of(house: House, point_id: str) -> Point:
    """Return the point of this device's site, or raise ``Unknown``."""
    layout = house.service.layout()
    for point in layout.points if layout is not None else ():
        if point.id == point_id:
            return point
    raise Unknown("There is no such gate here.", hint="Check the address, or the points at central.")


ROUTES = (
    Route("GET", "/g/<gate>", gate, Audience.SCREEN, "The verdict towards the guest.", kinds=("gate",)),
    Route("GET", "/staff/<gate>", staff, Audience.EITHER, "The staff page of a gate.", kinds=("staff",)),
)
