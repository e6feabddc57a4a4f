"""The demo's cable between edge and central."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from edge.run.demo.internet import Internet

held = threading.Event()


class Central(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/held":
            held.wait(5)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"Polso")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def cable() -> Iterator[Internet]:
    held.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Central)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    internet = Internet(server.server_port)
    yield internet
    held.set()
    internet.close()
    server.shutdown()
    server.server_close()


def ask(internet: Internet, path: str = "/") -> bytes:
    return requests.get(internet.url + path, timeout=3).content


def test_bytes_pass_until_the_cable_is_cut_and_again_when_mended(cable: Internet) -> None:
    assert ask(cable) == b"Polso"
    cable.set(up=False)
    with pytest.raises(requests.ConnectionError):
        ask(cable)
    cable.set(up=True)
    assert ask(cable) == b"Polso"


def test_cut_ends_what_is_being_said(cable: Internet) -> None:
    ended = threading.Event()

    def long_poll() -> None:
        try:
            ask(cable, "/held")
        except requests.RequestException:
            ended.set()

    thread = threading.Thread(target=long_poll)
    thread.start()
    while not cable._pairs:
        threading.Event().wait(0.01)
    threading.Event().wait(0.1)  # the request is on its way to a server that answers only when told
    cable.set(up=False)
    assert ended.wait(2)
    thread.join()


def test_closing_leaves_no_thread(cable: Internet) -> None:
    before = threading.active_count()
    other = Internet(9)
    other.close()
    assert threading.active_count() == before
