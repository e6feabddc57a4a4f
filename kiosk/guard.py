"""The guard: who may ask, and what no request may carry, before any view sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from flask import Request, Response

from edge.errors import NotAllowed, Refused
from edge.staff import Screen, Session
from kiosk.house import House
from kiosk.routes import Audience, Route

STAFF_COOKIE = "polso-staff"
SCREEN_COOKIE = "polso-screen-"
LANGUAGE_COOKIE = "polso-language"
HOST_PREFIX = "__Host-"
SCREENS_PER_BROWSER_MAX = 16
"""One browser is one screen; under the demo seven tabs in one browser are normal."""
COOKIE_AGE_S_MAX = 400 * 24 * 3600
"""The longest that browsers keep a cookie (RFC 6265bis)."""
CARD_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){11,18}(?![0-9A-Za-z])")
OFF = (
    *(
        "accelerometer",
        "camera",
        "display-capture",
        "encrypted-media",
        "geolocation",
        "gyroscope",
    ),
    *("hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "serial", "usb"),
    *("publickey-credentials-get", "xr-spatial-tracking"),
)
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "media-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Permissions-Policy": ", ".join(
        [*(f"{name}=()" for name in OFF), "autoplay=(self)", "fullscreen=(self)"]
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class CrossSite(NotAllowed):
    """The request comes from another site."""

    hint = "Open the page from this device's own address."


class NotSignedIn(NotAllowed):
    """Nobody is signed in here."""

    hint = "Sign in with your badge or your name, and your PIN."


class NotEnrolled(NotAllowed):
    """This screen is not enrolled."""

    hint = "Enrol it with a one-time code from the ops page or from `polso screen`."


class NotALocalAddress(NotAllowed):
    """These figures are for this machine and for machines with a token."""

    hint = "Ask from the device itself, or send the token of a machine."


def refuse_cross_site(route: Route, request: Request, origins: Iterable[str]) -> None:
    """Let an unsafe request pass only from our own pages; flask by itself accepts any site's POST.

    Browsers send Fetch Metadata to https and localhost alone, so that Origin must stand by itself on a plain
    LAN. A request with neither header is no browser's: only machines (and the demo's scripts) may go on.
    """
    if not route.unsafe:
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    ours = {f"{request.scheme}://{request.host}", *origins}
    if (origin is not None and origin not in ours) or site not in (None, "same-origin"):
        raise CrossSite
    if origin is None and site is None and route.audience not in (Audience.MACHINE, Audience.DEMO):
        raise CrossSite


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name under which a credential travels: bound to host and path where the way is https."""
    return f"{HOST_PREFIX}{name}" if secure else name


def set_cookie(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Give the browser a credential that no script reads and no other site sends; empty takes it away."""
    response.set_cookie(
        cookie_name(name, secure=secure),
        value,
        max_age=COOKIE_AGE_S_MAX if value else 0,
        httponly=True,
        samesite="Strict",
        secure=secure,
        path="/",
    )


def session_of(house: House, request: Request, *, active: bool = False) -> Session | None:
    """Return the person who signed in at this browser, if the session still stands."""
    token = request.cookies.get(cookie_name(STAFF_COOKIE, secure=request.is_secure))
    return house.staff.session(token, active=active) if token else None


def screens_of(house: House, request: Request, *, only: str | None = None) -> tuple[tuple[Screen, str], ...]:
    """Return the screens that this browser is, with their tokens; ``only`` names the one asked for."""
    prefix = cookie_name(SCREEN_COOKIE, secure=request.is_secure)
    tokens = [
        token
        for name, token in request.cookies.items()
        if name.startswith(prefix) and (only is None or name == prefix + only)
    ]
    found = ((house.staff.screen(token), token) for token in tokens[:SCREENS_PER_BROWSER_MAX])
    return tuple((screen, token) for screen, token in found if screen is not None)


def machine_of(house: House, request: Request) -> Screen | None:
    """Return the remote reader whose bearer token this is."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    machine = house.staff.screen(token)
    return machine if machine is not None and machine.kind == "reader" else None


def matching(
    route: Route, screens: Iterable[tuple[Screen, str]], path: Mapping[str, str]
) -> tuple[Screen, str] | None:
    """Return the screen that a path speaks of: by its id, or by the point at which it stands."""
    place = path.get("screen") or path.get("gate")
    for screen, token in screens:
        if place in (None, screen.id, screen.point) and (not route.kinds or screen.kind in route.kinds):
            return screen, token
    return None


def permitted(house: House, route: Route, session: Session | None) -> Session:
    """Return the session of a person who may do the route's action now."""
    if session is None:
        raise NotSignedIn
    if route.action is not None:
        house.staff.permit(session, route.action)
    return session


def refuse_card_numbers(body: msgspec.Struct | None) -> None:
    """Refuse a text that holds a payment card's number: Polso must never keep one.

    A body names in ``NOT_TYPED`` what only machines write: a UID of decimal digits may look like a card.
    """
    not_typed = getattr(body, "NOT_TYPED", ())
    for name in body.__struct_fields__ if body is not None else ():
        text = getattr(body, name) if name not in not_typed else None
        if isinstance(text, str) and holds_card_number(text):
            raise Refused(
                "That looks like the number of a payment card.", hint="Never type card numbers here."
            )


def holds_card_number(text: str) -> bool:
    """Say whether ``text`` holds 12 to 19 digits that pass the check of ISO/IEC 7812-1."""
    return any(luhn(re.sub(r"\D", "", found[0])) for found in CARD_NUMBER.finditer(text))


def luhn(digits: str) -> bool:
    """Say whether the last digit of ``digits`` is the check digit of the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0
