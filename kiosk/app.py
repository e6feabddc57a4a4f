"""The screens' web application: the route table, mounted behind the guard."""

from __future__ import annotations

import socket
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import HTTPException

from edge.errors import PolsoError
from kiosk import api, assets, demo, gate, guard, ops, phone, sign_in, staff_acts, stream, visitor
from kiosk.admission import language_of
from kiosk.ask import Ask
from kiosk.door import Door
from kiosk.house import BODY_BYTES_MAX, House, Settings
from kiosk.pages import page
from kiosk.refusals import Problem, as_json, problem_of
from kiosk.routes import Audience, Route
from kiosk.snapshot import Snapshots
from kiosk.streams import Streams

__all__ = ["House", "Settings", "create_app", "listening_socket", "routes", "serve_options", "streams_of"]

ROOMS = (assets, sign_in, visitor, gate, staff_acts, phone, ops, api, stream, demo)
THREADS_BESIDE_STREAMS = 30
OUTBUF_BYTES_MAX = 64 * 1024
UNACKNOWLEDGED_MS_MAX = 20_000
"""A client that takes nothing for so long is cut off by the kernel, else it would hold its thread."""


def routes(house: House) -> tuple[Route, ...]:
    """Return the whole table: every address there is, those of the demo only under the demo."""
    rows = tuple(row for room in ROOMS for row in room.ROUTES)
    return tuple(row for row in rows if house.demo is not None or row.audience is not Audience.DEMO)


def create_app(house: House) -> Flask:
    """Build the application; nothing is asked of ``house`` before the first request."""
    app = Flask("kiosk", static_folder=None)
    app.config["TRUSTED_HOSTS"] = list(house.settings.hosts)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.extensions["polso-streams"] = Streams(house.settings.screens_max)
    app.extensions["polso-snapshots"] = Snapshots(house)
    table = {row.endpoint: row for row in routes(house)}
    app.extensions["polso-routes"] = table
    door = Door(house)
    for row in table.values():
        app.add_url_rule(row.rule, row.endpoint, door.view_of(row), methods=[row.method])
    app.register_error_handler(PolsoError, lambda error: refused(house, table, error))
    app.register_error_handler(HTTPException, lambda error: no_such(house, table, error))
    app.after_request(with_headers)
    return app


def streams_of(app: Flask) -> Streams:
    """Return the open streams of an app: to count them for health, and to end them when the device stops."""
    streams = app.extensions["polso-streams"]
    if not isinstance(streams, Streams):
        raise TypeError("this app was not made by create_app")
    return streams


def with_headers(response: Response) -> Response:
    """Send the guard's headers with everything."""
    for name, value in guard.HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def refused(house: House, table: dict[str, Route], error: PolsoError) -> Response:
    """Say what cannot be done; a person who only needs to sign in or enrol is led there."""
    row = table.get(request.endpoint or "")
    if row is None or not row.page:
        return as_json(problem_of(error))
    way = {"next": request.full_path.rstrip("?")}
    if isinstance(error, guard.NotSignedIn):
        return _to("/sign-in?" + urlencode(way))
    if isinstance(error, guard.NotEnrolled):
        return _to("/enrol?" + urlencode(way))
    return _shown(house, problem_of(error))


def no_such(house: House, table: dict[str, Route], error: HTTPException) -> Response:
    """Answer flask's own refusals (no such address, foreign host, body too large) in our words."""
    problem = Problem(status=error.code or 500, title=error.name, kind=type(error).__name__)
    row = table.get(request.endpoint or "") if request.url_rule is not None else None
    machine = row is not None and not row.page
    if machine or error.code == 400 or request.path.startswith("/api/"):
        return as_json(problem)
    return _shown(house, problem)


def _shown(house: House, problem: Problem) -> Response:
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
    }


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a bound socket for waitress's ``sockets``; connections inherit its limit on silent clients."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
    bound.bind((host, port))
    return bound
