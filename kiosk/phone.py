"""A phone as reader: the page on which staff read bands with it, and the way its readings take."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from msgspec import Meta

from edge.errors import NotAllowed, Unknown
from edge.staff import Action, may
from kiosk.ask import Ask
from kiosk.desk import desk_page, name_in
from kiosk.gate import point_of
from kiosk.grants import may_list
from kiosk.guard import NotSignedIn
from kiosk.operations import Op
from kiosk.pages import page
from kiosk.routes import Audience, Rate, Route
from kiosk.sign_in import sign_in_page

PHONE = Rate(20, 2.0)


class PhoneBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a phone's Web NFC gave: serial number and link, as the driver reads them."""

    op: Op
    reading: msgspec.Raw
    point: Annotated[str, Meta(max_length=120)] = ""
    """Where a member of staff reads; empty: the point at which they signed in, or the screen's own."""


class PhoneHeard(msgspec.Struct, frozen=True, kw_only=True):
    """It arrived; what became of it is told on the stream, under taps of this reader."""

    heard: bool = True
    reader: str = ""


def phone(ask: Ask) -> Response:
    """Show the page on which a phone reads for a point, or the way to sign in there."""
    point = point_of(ask.house, ask.path["gate"])
    name = name_in(point.names, ask.language, point.id)
    if not may_read(ask, point.id):
        return sign_in_page(ask, point=point.id, point_name=name, after=f"/phone/{point.id}")
    return page(ask, "phone.html", page=desk_page(ask, point=point.id, name=name), point_name=name)


def read(ask: Ask) -> PhoneHeard:
    """Take what a phone read to the reader that stands for phones at its point."""
    body = ask.want(PhoneBody)
    if ask.house.webnfc is None:
        raise Unknown("No phone is configured as a reader here.")
    return PhoneHeard(reader=ask.house.webnfc(place_of(ask, body.point), bytes(body.reading)))


def place_of(ask: Ask, wanted: str) -> str:
    """Return where the phone stands: an enrolled screen's own point, or one at which this person works."""
    if ask.screen is not None:
        return ask.screen.point
    if ask.session is None:
        raise NotSignedIn
    ask.house.staff.permit(ask.session, Action.READ_BY_PHONE)
    point = wanted or ask.session.point
    if not may_list(ask.session, point):
        raise NotAllowed("You work at another point.", hint="Sign in at this one.")
    return point


def may_read(ask: Ask, point: str) -> bool:
    """Say whether whoever asks may read bands for ``point``; the post asks the action's own table."""
    session = ask.session
    return session is not None and may(session, Action.READ_BY_PHONE) and may_list(session, point)


ROUTES = (
    Route("GET", "/phone/<gate>", phone, Audience.EITHER, "A phone as reader.", kinds=("reader",)),
    Route(
        "POST",
        "/api/v1/web-nfc",
        read,
        Audience.EITHER,
        "Present what a phone read.",
        body=PhoneBody,
        answer=PhoneHeard,
        rate=PHONE,
    ),
)
