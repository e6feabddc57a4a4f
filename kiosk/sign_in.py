"""Ways in: signing in with badge or name and PIN, enrolling a screen with a one-time code."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from msgspec import Meta

from edge.staff import Screen
from kiosk import guard
from kiosk.answers import json_answer
from kiosk.ask import Ask
from kiosk.desk import desk_page, name_in
from kiosk.operations import Op
from kiosk.pages import page
from kiosk.routes import SIGN_IN, Audience, Route

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Pin = Annotated[str, Meta(min_length=1, max_length=16)]
PLACES = {"kiosk": "/k/{id}", "gate": "/g/{point}", "staff": "/staff/{point}", "ops": "/ops"}
PLACES |= {"till": "/till/{point}/guest"}
"""Where a screen of each kind belongs."""


class SignInBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to work where."""

    op: Op
    who: Name
    pin: Pin
    point: Annotated[str, Meta(max_length=80)] = ""


class PinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The PIN once more, before a dangerous act."""

    op: Op
    pin: Pin


class SignOutBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the operation."""

    op: Op


class EnrolBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one-time code of a new screen."""

    op: Op
    code: Annotated[str, Meta(min_length=4, max_length=64)]


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """Who works now, and until when."""

    name: str
    roles: tuple[str, ...]
    point: str
    until_ms: int


class Refreshed(Signed, frozen=True, kw_only=True):
    """The same session under a new token, and what this page's acts carry from now on."""

    token: str


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen is from now on, and its page."""

    screen: str
    kind: str
    address: str


def front(ask: Ask) -> Response:
    """Lead whoever opens the bare address to where they belong."""
    if ask.house.demo is not None:
        return to("/demo")
    if len(ask.screens) == 1 and ask.session is None:
        return to(place_of(ask.screens[0]))
    layout = ask.house.service.layout()
    points = layout.points if layout is not None else ()
    names = {point.id: name_in(point.names, ask.language, point.id) for point in points}
    places = {screen.id: place_of(screen) for screen in ask.screens}
    return page(ask, "front.html", points=points, names=names, screens=ask.screens, places=places)


def sign_in(ask: Ask) -> Response:
    """Show the sign-in page of no gate in particular (operators)."""
    return sign_in_page(ask, point="", point_name="", after=own_path(ask.query.get("next", "")))


def sign_in_page(ask: Ask, *, point: str, point_name: str, after: str) -> Response:
    """Show name and PIN pad; at a gate's own staff screen a badge fills in the name."""
    desk = desk_page(ask, point=point, name=point_name, after=after)
    return page(ask, "sign_in.html", page=desk, point_name=point_name)


def enrol(ask: Ask) -> Response:
    """Show the page that asks for a screen's one-time code."""
    return page(ask, "enrol.html", page=desk_page(ask))


def do_sign_in(ask: Ask) -> Response:
    """Open a session and give the browser its token."""
    body = ask.want(SignInBody)
    session = ask.house.staff.sign_in(body.who, body.pin, body.point)
    response = json_answer(
        Signed(name=session.name, roles=session.roles, point=session.point, until_ms=session.until_ms)
    )
    guard.set_cookie(response, guard.STAFF_COOKIE, session.token, secure=ask.secure)
    return response


def do_refresh(ask: Ask) -> Response:
    """Open dangerous acts for five more minutes; browser and page go on with a new token."""
    session = ask.house.staff.refresh(ask.person.token, ask.want(PinBody).pin)
    response = json_answer(
        Refreshed(
            name=session.name,
            roles=session.roles,
            point=session.point,
            until_ms=session.until_ms,
            token=guard.form_token(session.token),
        )
    )
    guard.set_cookie(response, guard.STAFF_COOKIE, session.token, secure=ask.secure)
    return response


def do_sign_out(ask: Ask) -> Response:
    """End the session; its streams end within a second."""
    ask.house.staff.sign_out(ask.person.token)
    response = Response(status=204)
    guard.set_cookie(response, guard.STAFF_COOKIE, "", secure=ask.secure)
    return response


def do_enrol(ask: Ask) -> Response:
    """Spend a code and give the browser the screen's token."""
    screen, token = ask.house.staff.enrol_screen(ask.want(EnrolBody).code)
    response = json_answer(Enrolled(screen=screen.id, kind=screen.kind, address=place_of(screen)))
    guard.set_cookie(response, guard.SCREEN_COOKIE + screen.id, token, secure=ask.secure)
    return response


def place_of(screen: Screen) -> str:
    """Return the page that a screen is there to show."""
    return PLACES.get(screen.kind, "/enrol").format(id=screen.id, point=screen.point)


def own_path(address: str) -> str:
    """Return an address of this very device, or the front page: never a way out to another site."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() else "/"


def to(address: str) -> Response:
    """Send a browser on."""
    return Response(status=303, headers={"Location": address})


ROUTES = (
    Route("GET", "/", front, Audience.EITHER, "Where to go from here."),
    Route("GET", "/sign-in", sign_in, Audience.EITHER, "Sign in."),
    Route("GET", "/enrol", enrol, Audience.EITHER, "Enrol this screen."),
    Route(
        "POST",
        "/api/v1/sign-in",
        do_sign_in,
        Audience.ANYONE,
        "Sign in with a name, an id or a badge, and a PIN.",
        body=SignInBody,
        answer=Signed,
        rate=SIGN_IN,
    ),
    Route(
        "POST",
        "/api/v1/refresh",
        do_refresh,
        Audience.STAFF,
        "Prove the PIN again before a dangerous act.",
        body=PinBody,
        answer=Refreshed,
        rate=SIGN_IN,
    ),
    Route("POST", "/api/v1/sign-out", do_sign_out, Audience.STAFF, "Sign out.", body=SignOutBody),
    Route(
        "POST",
        "/api/v1/enrol",
        do_enrol,
        Audience.ANYONE,
        "Enrol this browser as a screen by a one-time code.",
        body=EnrolBody,
        answer=Enrolled,
        rate=SIGN_IN,
    ),
)
