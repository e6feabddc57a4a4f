"""An integrator's system as it might be: behind TLS, agreeing or not, forgetful, slow, or gone."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import trustme

from sync.central.hooks import outward
from sync.signing import Message

Answer = tuple[int, dict[str, str]]
TAKEN: Answer = (204, {})


@dataclass
class Receiver:
    """What came in, and what it answers to the next post."""

    url: str = ""
    ca: str = ""
    agrees: dict[str, str] = field(default_factory=lambda: {"WebHook-Allowed-Origin": "central.example"})
    answers: Callable[[int], Answer | None] = lambda _number: TAKEN
    """The answer to the n-th post; None: none at all, though all was taken in."""
    asked: list[dict[str, str]] = field(default_factory=list)
    posts: list[Message] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def letters(self) -> list[dict[str, Any]]:
        """All that was taken in, repeats too."""
        return [one for post in self.posts for one in json.loads(post.body)]

    @property
    def fresh(self) -> list[dict[str, Any]]:
        """What a receiver makes of it that knows letters by source and id."""
        return list({(one["source"], one["id"]): one for one in reversed(self.letters)}.values())[::-1]

    def session(self) -> requests.Session:
        """A line out of central that believes this receiver, and may come to this machine."""
        return outward.session(ca=self.ca, reaches=lambda _address: True)


@contextmanager
def listening(folder: Path) -> Iterator[Receiver]:
    """A receiver on the loopback, under a certificate of an authority made for it."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    receiver = Receiver(ca=str(folder / "ca.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.url = f"https://127.0.0.1:{server.server_port}/letters"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            receiver.connections += 1
            try:
                super().handle()
            except OSError:
                self.close_connection = True  # whoever came has left

        def do_OPTIONS(self) -> None:  # http.server's own seam
            receiver.asked.append(dict(self.headers))
            self.answer((200, receiver.agrees))

        def do_GET(self) -> None:  # as above
            receiver.paths.append(self.path)
            self.answer(TAKEN)

        def do_POST(self) -> None:  # as above
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append(Message(method="POST", url=receiver.url, headers=self.headers, body=body))
            told = receiver.answers(len(receiver.posts))
            if told is None:
                self.close_connection = True
                self.connection.shutdown(2)
                return
            self.answer(told)

        def answer(self, told: Answer) -> None:
            self.send_response(told[0])
            for name, value in told[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
