"""Central's web app: the API for devices, the console for operators, and what a supervisor asks."""

from __future__ import annotations

import msgspec
from flask import Flask, Response, redirect

from edge.errors import StoreError
from sync.central import api
from sync.central.console.blueprint import blueprint as console
from sync.central.metrics import Meters, mount
from sync.central.settings import Settings
from sync.central.sites import sites
from sync.central.store import Store
from sync.openapi import document
from sync.routes import ROUTES
from sync.wire import BATCH_BYTES_MAX, WIRE_VERSION


def create_app(store: Store, settings: Settings | None = None) -> Flask:
    """Build the app over an open store; the caller serves it and closes the store afterwards."""
    chosen = settings or Settings()
    app = Flask("sync.central", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BATCH_BYTES_MAX
    meters = Meters()
    mount(app, store, chosen, meters=meters)
    app.register_blueprint(api.blueprint(store, chosen, meters))
    app.register_blueprint(console(store, chosen))
    described = msgspec.json.encode(document("Polso central", f"{WIRE_VERSION}", ROUTES))
    app.add_url_rule("/openapi.json", "openapi", lambda: Response(described, mimetype="application/json"))
    app.add_url_rule("/healthz", "healthz", lambda: Response("ok\n", mimetype="text/plain"))
    app.add_url_rule("/readyz", "readyz", lambda: _ready(store))
    app.add_url_rule("/", "home", lambda: redirect("/console/"))
    store.listen()
    return app


def _ready(store: Store) -> Response:
    """Whether the database answers."""
    try:
        with store.reading() as tx:
            count = len(sites(tx))
    except StoreError as error:
        return Response(f"{error} {error.hint}\n", status=503, mimetype="text/plain")
    return Response(f"ready, {count} sites\n", mimetype="text/plain")
