"""The guard: who may ask, and what no request may carry, before any view sees it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping

import msgspec
from flask import Request, Response

from edge.core.cards import HINT, WORDS, card_in
from edge.errors import NotAllowed, Refused
from edge.staff import Screen, Session
from kiosk.house import House
from kiosk.routes import Audience, Route

STAFF_COOKIE = "polso-staff"
SCREEN_COOKIE = "polso-screen-"
LANGUAGE_COOKIE = "polso-language"
HOST_PREFIX = "__Host-"
TOKEN_HEADER = "X-Polso-Token"  # noqa: S105 - the name of a header, not a secret
SCREENS_PER_BROWSER_MAX = 16
"""One browser is one screen; under the demo seven tabs in one browser are normal."""
COOKIE_AGE_S_MAX = 400 * 24 * 3600
"""The longest that browsers keep a cookie (RFC 6265bis)."""
NEVER_TYPED = ("op", "tap_id", "after", "digest", "page", "v")
"""Fields of bodies and addresses that pages and readers write by themselves."""
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
REPORTS = "/api/v1/csp-reports"
"""Where browsers report what this policy kept out; ``report-to`` beside it would silence them on a LAN."""
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
            f"report-uri {REPORTS}",
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


HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
"""Sent by https alone: on a plain LAN there is nothing to hold a browser to."""


class CrossSite(NotAllowed):
    """The request comes from another site."""

    why = ""
    hint = "Open the page from this device's own address."


class Stale(NotAllowed):
    """This page is from before you signed in, or from before this screen was enrolled."""

    why = ""
    hint = "Load the page again, then repeat what you did."


class NotSignedIn(NotAllowed):
    """Nobody is signed in here."""

    why = "shift_over"  # where it is known whose session it was, which only time has ended
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


def form_token(credential: str) -> str:
    """Return what a page's acts carry: bound to a credential that no script reads, useless without it."""
    return hashlib.blake2b(credential.encode(), digest_size=24, person=b"polso form").hexdigest()


def is_secure(house: House, request: Request) -> bool:
    """Say whether a browser came by https: to us, or under a name whose TLS a proxy of ours ends.

    The header is read as it is: a name that is none makes flask raise, and this is asked of refusals too.
    """
    return request.is_secure or f"https://{request.headers.get('Host', '')}" in house.settings.origins


def form_tokens(house: House, request: Request, fresh: Iterable[str] = ()) -> str:
    """Return one token per credential that this browser holds, for the page that is drawn for it."""
    secure = is_secure(house, request)
    staff, screen = (cookie_name(name, secure=secure) for name in (STAFF_COOKIE, SCREEN_COOKIE))
    held = [token for name, token in request.cookies.items() if name == staff or name.startswith(screen)]
    return " ".join(map(form_token, [*held[: SCREENS_PER_BROWSER_MAX + 1], *fresh]))


def refuse_stale(request: Request, credential: str) -> None:
    """Let an act pass only with the token that its page was given: the cookie alone is not enough."""
    wanted = form_token(credential).encode()
    sent = request.headers.get(TOKEN_HEADER, "").split()[: SCREENS_PER_BROWSER_MAX + 2]
    if not any(hmac.compare_digest(token.encode(), wanted) for token in sent):
        raise Stale


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
    token = request.cookies.get(cookie_name(STAFF_COOKIE, secure=is_secure(house, request)))
    return house.staff.session(token, active=active) if token else None


def late_session_of(house: House, request: Request) -> Session | None:
    """Return whose session at this browser was ended by time alone: nobody may act by it."""
    token = request.cookies.get(cookie_name(STAFF_COOKIE, secure=is_secure(house, request)))
    return house.staff.late_session(token) if token else None


def screens_of(house: House, request: Request, *, only: str | None = None) -> tuple[tuple[Screen, str], ...]:
    """Return the screens that this browser is, with their tokens; ``only`` names the one asked for."""
    prefix = cookie_name(SCREEN_COOKIE, secure=is_secure(house, request))
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
    place = path.get("screen") or path.get("gate") or path.get("till")
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
    """Refuse a body that holds a payment card's number, however deep: Polso must never keep one.

    A body names in ``NOT_TYPED`` what only machines write: a UID of decimal digits may look like a card.
    """
    if card_in(body, (*NEVER_TYPED, *getattr(body, "NOT_TYPED", ()))):
        raise Refused(WORDS, hint=HINT)


def refuse_cards_asked(path: Mapping[str, str], query: Mapping[str, str]) -> None:
    """Refuse an address that holds one: addresses are remembered by browsers and proxies."""
    if card_in(path, NEVER_TYPED) or card_in(query, NEVER_TYPED):
        raise Refused(WORDS, hint=HINT)
