"""The lobby: what the screens show while a device waits for the key that central holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from edge.config import Config
from edge.errors import Offline
from edge.keys.source import Source
from edge.run.watchdog import Watchdog
from edge.run.web import Web, listen
from kiosk.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RETRY_S = 2.0
THREADS = 4
LOG = logging.getLogger("polso.keys")
HEAD = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Retry-After", "5"),
    ("Refresh", "5"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]
"""The page asks again by itself, and finds the true screen once there is one."""


def wait_for(config: Config, source: Source, watchdog: Watchdog, *, retry_s: float = RETRY_S) -> None:
    """Return when the source has handed over its key; until then every screen says what it waits for."""
    if _has(source):
        return
    LOG.warning("waiting for central: it holds this device's key")
    screens = config.screens
    web = Web(lobby(), listen(screens.host, screens.port), {"threads": THREADS})
    web.start()
    try:
        pause = threading.Event()
        while not _has(source):
            watchdog.wait("waiting for central, which holds this device's key")
            pause.wait(retry_s)
    finally:
        web.stop()


def lobby() -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Return an app that answers everything with one page: a sentence for guests, one for staff."""
    page = _page(Texts.load()).encode()

    def app(_: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("503 Service Unavailable", [*HEAD, ("Content-Length", str(len(page)))])
        return [page]

    return app


def _has(source: Source) -> bool:
    try:
        source.ring()
    except Offline:
        return False
    return True


def _page(texts: Texts) -> str:
    """Write the page; its words are our own, nothing of anybody else comes into it."""
    parts = [
        f'<section lang="{code}"><h1>{texts.get(code, "reason.device_revoked.guest")}</h1>'
        f"<p>{texts.get(code, 'staff.waits_for_key')}</p></section>"
        for code in LANGUAGES
    ]
    return f'<!doctype html><html lang="{LANGUAGES[0]}"><title>Polso</title>{"".join(parts)}</html>'
