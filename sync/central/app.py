"""Central's web app: the API for devices, the console for operators, and what a supervisor asks."""

from __future__ import annotations

import msgspec
from flask import Flask, Response, redirect, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from edge.core.known import ANSWERS, RULE, judged
from edge.errors import PolsoError, StoreError
from edge.rules import rule_or_broken
from sync.central import api, notices, violations
from sync.central.answers import describe, problem
from sync.central.channels import api as channels
from sync.central.console import guard
from sync.central.console.blueprint import Console
from sync.central.console.blueprint import blueprint as console
from sync.central.metrics import Meters, mount
from sync.central.own.blueprint import PREFIX as OWN
from sync.central.own.blueprint import blueprint as own
from sync.central.own.blueprint import excuse as excuse_own
from sync.central.psp.saga import saga_of
from sync.central.settings import Settings
from sync.central.sites import sites
from sync.central.store import Store
from sync.openapi import document
from sync.routes import ROUTES, VIOLATIONS
from sync.wire import BATCH_BYTES_MAX, WIRE_VERSION, Problem

PAGES = ("/console/", f"{OWN}/")
"""Where people's browsers are answered; the rest is for machines."""


def create_app(store: Store, settings: Settings | None = None) -> Flask:
    """Build the app over an open store; the caller serves it and closes the store afterwards."""
    chosen = settings or Settings()
    app = Flask("sync.central", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BATCH_BYTES_MAX
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.before_request(lambda: _refuse_pages_of_others(store, chosen))
    app.after_request(lambda reply: guard.harden(reply, secure=guard.is_secure(request, chosen)))
    meters = Meters()
    mount(app, store, chosen, meters=meters)
    app.register_blueprint(api.blueprint(store, chosen, meters))
    app.register_blueprint(channels.blueprint(store, chosen))
    pages = Console(store, chosen)
    app.register_blueprint(console(pages))
    app.register_blueprint(own(store, chosen))
    for fault in (NotFound, MethodNotAllowed, InternalServerError):
        app.register_error_handler(fault, lambda error: _excuse(pages, error))
    app.register_blueprint(violations.blueprint(store, chosen, meters))
    saga = saga_of(store, chosen.psp, chosen.seals)
    sagas = {saga.psp.name: saga} if saga else {}
    app.register_blueprint(notices.blueprint(store, sagas, meters, retry_after_s=chosen.retry_after_s))
    described = msgspec.json.encode(document("Polso central", f"{WIRE_VERSION}", ROUTES))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(described, mimetype="application/json"))
    app.add_url_rule("/healthz", "healthz", _alive)
    app.add_url_rule("/readyz", "readyz", lambda: _ready(store))
    app.add_url_rule("/", "home", lambda: redirect("/console/"))
    store.listen()
    return app


def _alive() -> Response:
    """Say that this process answers, and what known cases come to by its rulebook."""
    decides = judged({RULE.cel: rule_or_broken(RULE.cel)})
    body = msgspec.json.encode({"ok": decides == ANSWERS, "decides": decides})
    return Response(body, status=200 if decides == ANSWERS else 503, mimetype="application/json")


def _refuse_pages_of_others(store: Store, settings: Settings) -> Response | None:
    """Answer devices and supervisors under our own names only, and no page of another site.

    Console and guests' own pages say so in pages of theirs; what browsers report comes from pages alone.
    What a device sends needs no browser, so that whatever says it comes from a page (Fetch Metadata, Origin)
    has no business at its API.
    """
    if request.path.startswith(PAGES) or request.path == VIOLATIONS:
        return None
    try:
        guard.refuse_foreign_host(request, settings)
        guard.refuse_pages(request)
    except PolsoError as error:
        what = f"{error} {error.hint}"
        return problem(describe(Problem.MALFORMED, time_ms=store.now_ms(), detail=what))
    return None


def _excuse(pages: Console, error: HTTPException) -> Response | HTTPException:
    """Answer a browser with a page that says what to do, where there is nothing or a fault of ours."""
    if not request.accept_mimetypes.accept_html or request.accept_mimetypes.best == "*/*":
        return error  # machines read the status
    status = error.code or 500
    reply = excuse_own(status) if request.path.startswith(OWN) else pages.excuse(status)
    if isinstance(error, MethodNotAllowed):  # a form's own address, opened anew
        reply.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return reply


def _ready(store: Store) -> Response:
    """Whether the database answers."""
    try:
        with store.reading() as tx:
            count = len(sites(tx))
    except StoreError as error:
        return Response(f"{error} {error.hint}\n", status=503, mimetype="text/plain")
    return Response(f"ready, {count} sites\n", mimetype="text/plain")
