"""The screens' web application: the route table, mounted behind the guard."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, current_app, redirect, request
from werkzeug.exceptions import HTTPException

from edge.errors import PolsoError
from kiosk import (
    api,
    approvals,
    assets,
    demo,
    gate,
    guard,
    near,
    offers,
    ops,
    phone,
    receipt,
    sign_in,
    staff_acts,
    stream,
    till,
    till_acts,
    till_holds,
    violations,
    visitor,
)
from kiosk.admission import language_of
from kiosk.ask import Ask
from kiosk.door import Door
from kiosk.house import BODY_BYTES_MAX, House, Settings
from kiosk.limits import Limits, TooOften
from kiosk.pages import page
from kiosk.refusals import Problem, after_s, as_json, problem_of
from kiosk.routes import Audience, Rate, Route
from kiosk.snapshot import Snapshots
from kiosk.streams import Streams

__all__ = ["House", "Settings", "create_app", "routes", "serve_options", "streams_of"]

ROOMS = (
    *(assets, sign_in, visitor, near, offers, gate, staff_acts, approvals, phone, ops, api, stream, demo),
    *(till, till_acts, till_holds, receipt, violations),
)
THREADS_BESIDE_STREAMS = 30
REFUSALS = Rate(60, 5.0)
"""Pages of refusal drawn for one address: a page costs what a hundred words cost."""
IDLE_S_MAX, CLEAN_EVERY_S = 30, 5
"""A connection that asks for nothing so long is closed; open streams are being answered and stay."""
OUTBUF_BYTES_MAX = 64 * 1024


def routes(house: House) -> tuple[Route, ...]:
    """Return the whole table: every address there is, those of the demo only under the demo."""
    rows = tuple(row for room in ROOMS for row in room.ROUTES)
    return tuple(row for row in rows if house.demo is not None or row.audience is not Audience.DEMO)


def create_app(house: House) -> Flask:
    """Build the application; nothing is asked of ``house`` before the first request."""
    app = Flask("kiosk", static_folder=None)
    app.config["TRUSTED_HOSTS"] = list(house.settings.hosts)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.extensions["polso-streams"] = Streams(house.settings.screens_max)
    app.extensions["polso-snapshots"] = Snapshots(house)
    table = {row.endpoint: row for row in routes(house)}
    app.extensions["polso-routes"] = table
    door = Door(house)
    for row in table.values():
        app.add_url_rule(row.rule, row.endpoint, door.view_of(row), methods=[row.method])
    app.extensions["polso-refusals"] = Limits()
    app.register_error_handler(PolsoError, lambda error: refused(house, table, error))
    app.register_error_handler(HTTPException, lambda error: no_such(house, table, error))
    app.after_request(lambda response: with_headers(response, secure=guard.is_secure(house, request)))
    return app


def streams_of(app: Flask) -> Streams:
    """Return the open streams of an app: to count them for health, and to end them when the device stops."""
    streams = app.extensions["polso-streams"]
    if not isinstance(streams, Streams):
        raise TypeError("this app was not made by create_app")
    return streams


def with_headers(response: Response, *, secure: bool) -> Response:
    """Send the guard's headers with everything; what says nothing of being kept is kept by nobody."""
    if secure:
        response.headers.setdefault(*guard.HTTPS_ONLY)
    for name, value in guard.HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def refused(house: House, table: dict[str, Route], error: PolsoError) -> Response:
    """Say what cannot be done; a person who only needs to sign in or enrol is led there."""
    row = table.get(request.endpoint or "")
    if row is None or not row.page:
        return as_json(problem_of(error), after_s=after_s(error))
    way = {"next": request.full_path.rstrip("?")}
    if isinstance(error, guard.NotSignedIn):
        return _to("/sign-in?" + urlencode(way))
    if isinstance(error, guard.NotEnrolled):
        return _to("/enrol?" + urlencode(way))
    response = _shown(house, problem_of(error))
    if error.retryable:
        response.headers["Retry-After"] = str(after_s(error))
    return response


def no_such(house: House, table: dict[str, Route], error: HTTPException) -> Response:
    """Answer flask's own refusals (no such address, foreign host, body too large) in our words."""
    problem = Problem(status=error.code or 500, title=error.name, kind=type(error).__name__)
    row = table.get(request.endpoint or "") if request.url_rule is not None else None
    machine = row is not None and not row.page
    if machine or error.code == 400 or request.path.startswith("/api/"):
        return as_json(problem)
    return _shown(house, problem)


def _shown(house: House, problem: Problem) -> Response:
    """Draw a refusal for a person; one address that is refused without end gets a word and no page."""
    limits: Limits = current_app.extensions["polso-refusals"]
    try:
        limits.take(f"address:{request.remote_addr}", "refusal", REFUSALS)
    except TooOften as error:
        return as_json(problem_of(error), after_s=error.after_s)
    ask = Ask(house=house)
    return page(
        Ask(house=house, language=language_of(ask, request)),
        "refusal.html",
        status=problem.status,
        problem=problem,
    )


def _to(address: str) -> Response:
    response = redirect(address, code=303)
    if not isinstance(response, Response):
        raise TypeError("flask redirects by a flask response")
    return response


def serve_options(screens_max: int) -> dict[str, int]:
    """Return waitress's options: more threads than streams, or screens would starve everything else."""
    return {
        "threads": screens_max + THREADS_BESIDE_STREAMS,
        "channel_request_lookahead": 1,
        "outbuf_high_watermark": OUTBUF_BYTES_MAX,
        "max_request_body_size": BODY_BYTES_MAX * 2,
        "connection_limit": 4 * (screens_max + THREADS_BESIDE_STREAMS),
        "channel_timeout": IDLE_S_MAX,
        "cleanup_interval": CLEAN_EVERY_S,
    }
