"""The guard: who may ask, and from which page, before any view of the console sees a request."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from flask import Request, Response

from edge.core.cards import HINT, WORDS, card_in, without_trade_codes
from edge.errors import NotAllowed, Refused
from sync.central.console.operators import Operator, Role
from sync.central.console.routes import SAFE, Audience, Route
from sync.central.settings import Settings
from sync.routes import VIOLATIONS

SESSION_COOKIE = "polso-console"
LANGUAGE_COOKIE = "polso-console-language"
HOST_PREFIX = "__Host-"
TOKEN_FIELD = "token"  # noqa: S105 - the name of a form field, not a secret
TOKEN_HEADER = "X-Polso-Token"  # noqa: S105 - the name of a header, not a secret
COOKIE_AGE_S_MAX = 12 * 3600
LANGUAGE_AGE_S_MAX = 400 * 24 * 3600
OWN_PASSWORD, OWN_FACTOR = "/console/me/password", "/console/me/factor"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
NOT_TYPED = ("uid", "token", "before", "after", "at")
"""A chip's number may look like a card's, and marks of pages and moments are written by machines."""
CODES = "codes"
"""The field of goods' codes, which have a check digit of their own."""
OFF = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "serial",
    "usb",    "publickey-credentials-get", "xr-spatial-tracking",
)  # fmt: skip
POLICY = (
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    f"report-uri {VIOLATIONS}",
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": "; ".join(POLICY),
    "Permissions-Policy": ", ".join(f"{name}=()" for name in OFF),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer browsers send `Origin: null` with our own forms. Nothing leaves this origin either way.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


HTTPS_ONLY = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
"""Sent by https alone: on a plain LAN there is nothing to hold a browser to."""
LIVE_HEADER = "X-Polso-Live"
"""A page that looks again by itself says so: it is nobody's act and keeps no session awake."""
ROLES: Mapping[Audience, frozenset[Role]] = MappingProxyType(
    {
        Audience.SIGNED_IN: frozenset(Role),
        Audience.CARE: frozenset({Role.CARE, Role.OPERATOR, Role.ADMIN}),
        Audience.FIGURES: frozenset({Role.MARKETER, Role.OPERATOR, Role.ADMIN}),
        Audience.CAMPAIGNS: frozenset({Role.MARKETER, Role.OPERATOR, Role.ADMIN}),
        Audience.OPERATOR: frozenset({Role.OPERATOR, Role.ADMIN}),
        Audience.ADMIN: frozenset({Role.ADMIN}),
        Audience.GUEST: frozenset(),
    }
)
"""Which roles each audience lets in."""


class ForeignHost(Refused):
    """This address is not the console's."""

    hint = "Open the console by its own name, or start central with `--name` and this name."


class CrossSite(NotAllowed):
    """The request comes from another site."""

    hint = "Open the console from its own address and try again."


class Stale(NotAllowed):
    """This page is from before you signed in."""

    hint = "Load the page again, then repeat what you did."


class Owing(NotAllowed):
    """There is something to do first."""

    def __init__(self, to: str) -> None:
        """Name the page where it is done."""
        super().__init__("Choose a password of your own and set up your second factor first.")
        self.to = to

    hint = "Both take a minute, on your own page."


class NotSignedIn(NotAllowed):
    """Nobody is signed in here."""

    hint = "Sign in with your name and password."


def refuse_foreign_host(request: Request, settings: Settings) -> None:
    """Answer only to our own names: a name that others can point at this machine is not one (DNS rebinding).

    A literal address cannot be rebound, so it is ours wherever we listen.
    """
    name = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    if name.lower() == "localhost" or name.lower() in settings.trusted_hosts or _is_address(name.strip("[]")):
        return
    raise ForeignHost


def refuse_cross_site(route: Route, request: Request, settings: Settings) -> None:
    """Let an unsafe request pass only from our own pages; flask by itself accepts any site's POST."""
    if route.proven and not {"Origin", "Sec-Fetch-Site"} & set(request.headers.keys()):
        return
    if route.unsafe:
        refuse_foreign_page(request, settings)


def refuse_foreign_page(request: Request, settings: Settings) -> None:
    """Let pass only what a browser says to come from a page of ours."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    scheme = "https" if settings.behind_tls else request.scheme
    if origin is None and site is None:
        raise CrossSite
    if origin not in (None, f"{scheme}://{request.host}") or site not in (None, "same-origin"):
        raise CrossSite


def refuse_pages(request: Request) -> None:
    """Let nothing of a page change anything at an address that is for devices alone."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method not in SAFE and ("Origin" in request.headers or site is not None):
        raise CrossSite("This address is for devices, not for pages.")


def refuse_stale(route: Route, request: Request, session: str) -> None:
    """Let an act pass only with the token that its page carried."""
    if not route.unsafe or route.audience is Audience.ANYONE:
        return
    sent = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(sent.encode(), form_token(session).encode()):
        raise Stale


def refuse_role(route: Route, who: Operator | None) -> None:
    """Let an act pass only for whom the table names."""
    if route.audience is Audience.ANYONE:
        return
    if who is None:
        raise NotSignedIn
    if who.role not in ROLES[route.audience]:
        wanted = " or ".join(sorted(ROLES[route.audience]))
        raise NotAllowed(f"This takes the role {wanted}.", hint="Ask somebody with that role.")


def refuse_owing(route: Route, who: Operator | None, settings: Settings) -> None:
    """Let nobody further whose password somebody else chose, or who lacks the factor that is demanded."""
    if who is None or route.owing or route.audience is Audience.ANYONE:
        return
    if who.must_change:
        raise Owing(OWN_PASSWORD)
    if settings.second_factor and not who.factor:
        raise Owing(OWN_FACTOR)


def refuse_cards(request: Request, path: Iterable[str]) -> None:
    """Refuse an address or a form that holds a payment card's number; not even the form is shown again."""
    typed = request.form.to_dict(flat=False) if request.mimetype in FORMS else {}
    typed[CODES] = [without_trade_codes(text) for text in typed.get(CODES, ())]
    if card_in((tuple(path), request.args.to_dict(flat=False), typed), NOT_TYPED):
        raise Refused(WORDS, hint=HINT)


def form_token(session: str) -> str:
    """Return what a page's forms carry: bound to the session, and of no use without its cookie."""
    return hashlib.blake2b(session.encode(), digest_size=24, person=b"polso form").hexdigest()


def session_of(request: Request, settings: Settings) -> str:
    """Return the session's token that the browser holds, or nothing."""
    return request.cookies.get(_cookie(settings), "")[:128]


def set_session(reply: Response, session: str, settings: Settings) -> None:
    """Give the browser a session that no script reads and no other site sends; empty takes it away."""
    reply.set_cookie(
        _cookie(settings),
        session,
        max_age=COOKIE_AGE_S_MAX if session else 0,
        httponly=True,
        samesite="Strict",
        secure=settings.behind_tls,
        path="/",
    )


def is_secure(request: Request, settings: Settings) -> bool:
    """Say whether a browser came by https: to us, or under our own name whose TLS a proxy ends.

    The header is read as it is: a name that is none makes flask raise, and this is asked of refusals too.
    """
    own = settings.public_url.partition("://")[2].partition("/")[0]
    return request.is_secure or (
        settings.behind_tls and request.headers.get("Host", "").lower() == own.lower()
    )


def harden(reply: Response, *, secure: bool) -> Response:
    """Send the guard's headers with everything; what says nothing of being kept is kept by nobody."""
    if secure:
        reply.headers.set(*HTTPS_ONLY)
    for name, value in HEADERS.items():
        reply.headers[name] = value
    reply.headers.setdefault("Cache-Control", "no-store")
    return reply


def _cookie(settings: Settings) -> str:
    return HOST_PREFIX + SESSION_COOKIE if settings.behind_tls else SESSION_COOKIE


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and not host.endswith("]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
