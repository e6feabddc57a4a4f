"""The test provider on the wire: answers, silence, delays and cuts as each test card says."""

from __future__ import annotations

import datetime as dt
import html
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from edge.clock import wall_ms
from sync.central.psp.sandbox.api import Api, Asked
from sync.central.psp.sandbox.book import Thing, Wrong, refused
from sync.central.psp.sandbox.cards import Card
from sync.central.psp.sandbox.forms import nested
from sync.central.psp.sandbox.notices import Notices
from sync.central.psp.sandbox.shelf import Shelf

BODY_BYTES_MAX = 64 * 1024
SOCKET_S_MAX = 30
POLL = dt.timedelta(milliseconds=20)
API_KEY = "sk_test_polso"
SECRET = "whsec_polso_sandbox"  # noqa: S105 - of the test provider alone, which takes no money
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Test payment provider</title>
<main><h1>Test payment provider</h1><p>No real card, no real money. Choose how charges to this card go.</p>
<form method="post"><p><label>Test card <select name="card">{options}</select></label></p>
<p><button>Store this card</button> <a href="{back}">Go back without</a></p></form></main></html>
"""


class Reply(NamedTuple):
    """What is written to the socket; ``cut`` says to hang up instead, ``wait_ms`` to be slow."""

    status: int
    body: bytes
    media: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    wait_ms: int = 0


class Sandbox:
    """The provider as a server in this process: ``start`` returns when it answers."""

    def __init__(
        self, *, host: str = "127.0.0.1", late_ms: int = 20_000, slow_ms: int = 200, kept: Path | None = None
    ) -> None:
        """Listen; ``late_ms`` is how late a late answer comes, ``slow_ms`` how long a charge is pending.

        With a file ``kept`` the book outlives the process.
        """
        self._shelf = Shelf(kept)
        self.book = self._shelf.book()
        self.notices = Notices(self.book, SECRET)
        self.requests: list[Asked] = []
        self._late_ms, self._slow_ms = late_ms, slow_ms
        self._stopping = threading.Event()
        self._server = _Server((host, 0), _handler(self))
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self.pages_url = self.url
        """Where guests' browsers find the pages; ``url``, or the name by which others reach us."""
        self._api = Api(self.book, lambda session: f"{self.pages_url}/pay/{session}", self.notices.tell)
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(POLL.total_seconds()), name="sandbox", daemon=True
        )

    def start(self, notices_to: str = "") -> None:
        """Begin to answer, and to send notices to this address."""
        self.notices.url = notices_to
        self.notices.start()
        self._thread.start()

    def stop(self) -> None:
        """Hang up on everybody."""
        self._stopping.set()
        self.notices.stop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def store(self, session: str, card: Card) -> None:
        """Do what a guest does at the page."""
        self._api.store(session, card, _now_s())
        self._shelf.put_back(self.book)

    def reply(self, method: str, target: str, key: str, *, body: str, allowed: bool) -> Reply:
        """Answer one request of anybody."""
        path = urlsplit(target)
        parts = tuple(part for part in path.path.split("/") if part)
        try:
            if parts[:1] == ("pay",) and len(parts) == 2:
                return self._page(method, parts[1], body)
            if parts == ("book",):
                return _json(200, {"taken": self.book.taken()})
            if not allowed:
                raise Wrong(401, "invalid_request_error", "api_key_invalid")
            asked = Asked(method, parts[1:], nested(body or path.query), key, _now_s())
            self.requests.append(asked)
            if method != "POST":
                return _json(200, self._api.answer(asked))
            told = self._keyed(asked) if key else _json(200, self._api.answer(asked))
            self._shelf.put_back(self.book)
            return told
        except Wrong as error:
            return _json(error.status, {"error": error.error})

    def _keyed(self, asked: Asked) -> Reply:
        """Answer a key for ever as it was answered first; the same key for something else is refused."""
        meant = msgspec.json.encode((asked.parts, asked.fields), order="sorted").decode()
        with self.book.lock:
            early = self._before(asked)
            if early is not None:
                return early
            if asked.key not in self.book.keys:
                self.book.keys[asked.key] = (meant, self._done(asked))
                return self._how(asked, fresh=True)
            first, _ = self.book.keys[asked.key]
        if first != meant:
            raise Wrong(400, "idempotency_error", "idempotency_key_in_use")
        return self._how(asked, fresh=False)

    def _done(self, asked: Asked) -> Thing | Wrong:
        try:
            return self._api.answer(asked)
        except Wrong as error:
            return error

    def _before(self, asked: Asked) -> Reply | None:
        """Return what happens before anything is booked; the first time a key is seen only."""
        card, book = self._card(asked), self.book
        if card is Card.SILENT:
            return Reply(0, b"", cut=True, wait_ms=self._late_ms)
        if card in (Card.ERROR, Card.LIMITED) and f"seen {asked.key}" not in book.keys:
            book.keys[f"seen {asked.key}"] = ("", None)
            if card is Card.LIMITED:
                raise Wrong(429, "invalid_request_error", "rate_limit")
            raise Wrong(500, "api_error", "api_error")
        if card is Card.TAKEN and asked.key not in book.keys:
            other = asked._replace(fields={**asked.fields, "amount": str(int(asked.fields["amount"]) + 100)})
            meant = msgspec.json.encode((other.parts, other.fields), order="sorted").decode()
            book.keys[asked.key] = (meant, self._api.answer(other))
        return None

    def _how(self, asked: Asked, *, fresh: bool) -> Reply:
        """Return the answer that a key has, in the way of its card; a booking is told once."""
        card = self._card(asked)
        told = self.book.keys[asked.key][1]
        if fresh and card not in (None, Card.LOST):
            self._tell(card, told)
        if card is Card.CUT and fresh:
            return Reply(0, b"", cut=True)
        wait_ms = self._late_ms if card in (Card.LATE, Card.LOST) and fresh else 0
        if isinstance(told, Wrong):
            return _json(told.status, {"error": told.error})._replace(wait_ms=wait_ms)
        return _json(200, told)._replace(wait_ms=wait_ms)

    def _tell(self, card: Card, told: Thing | Wrong) -> None:
        if isinstance(told, Wrong):
            intent = told.error.get("payment_intent")
            if intent:
                self.notices.tell("payment_intent.payment_failed", intent)
            return
        seen = dict(told)
        match card:
            case Card.SLOW_PAID | Card.SLOW_FAILED:
                self.notices.tell("payment_intent.processing", seen)
                self.notices.later(self._slow_ms, lambda: self._api.end(told, card))
            case Card.EARLY:
                self.notices.tell_now("payment_intent.succeeded", seen)
            case Card.TURNED:
                self.notices.tell("payment_intent.succeeded", seen)
                self.notices.tell("payment_intent.processing", {**seen, "status": "processing"})
            case _:
                times = 2 if card is Card.TWICE else 1
                self.notices.tell("payment_intent.succeeded", seen, forged=card is Card.FORGED, times=times)

    def _card(self, asked: Asked) -> Card | None:
        """Return the card of a charge; other requests have none."""
        if asked.parts != ("payment_intents",) or asked.method != "POST":
            return None
        return self.book.card_for(str(asked.fields.get("payment_method", "")), asked.key)

    def _page(self, method: str, session: str, body: str) -> Reply:
        open_ = self.book.get(session, "checkout.session")
        if method == "POST":
            word = str(nested(body).get("card", ""))
            if word not in set(Card):
                raise refused("parameter_invalid", "card")
            self.store(session, Card(word))
            return Reply(303, b"", headers=(("Location", open_["success_url"]),))
        options = "".join(f'<option value="{card}">{card.replace("_", " ")}</option>' for card in Card)
        page = PAGE.format(options=options, back=html.escape(open_["cancel_url"], quote=True))
        return Reply(200, page.encode(), "text/html; charset=utf-8")

    def wait(self, wait_ms: int) -> None:
        """Be slow, but not when stopped."""
        self._stopping.wait(dt.timedelta(milliseconds=wait_ms).total_seconds())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the library's own signature
        """Say nothing of a caller that went away: many cards are there to try just that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"
        timeout = SOCKET_S_MAX

        def _serve(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
                self.send_error(413)
                return
            body = self.rfile.read(int(length)).decode("utf-8", "replace")
            allowed = self.headers.get("Authorization", "") == f"Bearer {API_KEY}"
            key = self.headers.get("Idempotency-Key", "")
            self._write(sandbox.reply(self.command, self.path, key, body=body, allowed=allowed))

        do_GET = do_POST = _serve  # noqa: N815  # the library looks for these names

        def _write(self, told: Reply) -> None:
            if told.wait_ms:
                sandbox.wait(told.wait_ms)
            if told.cut:
                self.close_connection = True
                return
            self.send_response(told.status)
            self.send_header("Content-Type", told.media)
            self.send_header("Content-Length", str(len(told.body)))
            for name, value in told.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: requests are in ``Sandbox.requests``."""

    return Handler


def _json(status: int, thing: Thing) -> Reply:
    return Reply(status, msgspec.json.encode(thing))


def _now_s() -> int:
    return wall_ms() // 1000
