"""The way to the site's nodes: an answer has its time and its size, however it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sync.client.cable import Cable
from sync.site import gateway
from sync.site.gateway import Gateway, Unanswered

ANSWER = b'{"header":{"revision":"7"},"kvs":[]}'
DRIP_S, WAIT_S = 0.03, 0.15


class Node(ThreadingHTTPServer):
    """Answers whatever comes, a piece at a time, and counts who came."""

    daemon_threads = True
    came, wrote, piece, pause_s, repeat = 0, 0, len(ANSWER), 0.0, 1


class Talk(BaseHTTPRequestHandler):
    server: Node
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.came += 1

    def do_POST(self) -> None:  # http.server's own seam
        self.rfile.read(int(self.headers["Content-Length"]))
        body = ANSWER * self.server.repeat
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for at in range(0, len(body), self.server.piece):
                self.server.wrote += self.wfile.write(body[at : at + self.server.piece])
                if self.server.pause_s:
                    threading.Event().wait(self.server.pause_s)
        except OSError:
            self.close_connection = True  # whoever asked has left

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def a_node() -> Iterator[tuple[Node, Gateway]]:
    with Node(("127.0.0.1", 0), Talk) as node:
        thread = threading.Thread(target=node.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield node, Gateway([f"http://127.0.0.1:{node.server_address[1]}"], Cable())
        finally:
            node.shutdown()
            thread.join()


def test_whole_answers_come_over_one_connection() -> None:
    with a_node() as (node, way):
        for _ in range(5):
            assert way.call("kv/range", {}, 5.0)["kvs"] == []
        assert (node.came, way.newest) == (1, 7)


def test_an_answer_that_drips_keeps_nobody_longer_than_its_time() -> None:
    """Thirty-six octets, one each thirty milliseconds: no single read would be late."""
    with a_node() as (node, way):
        node.piece, node.pause_s = 1, DRIP_S
        began = time.monotonic()
        with pytest.raises(Unanswered, match="too slowly") as told:
            way.call("kv/range", {}, WAIT_S)
        assert time.monotonic() - began < len(ANSWER) * DRIP_S / 2
        assert told.value.sent, "it may have been done"


def test_an_answer_without_an_end_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "ANSWER_BYTES_MAX", 10 * len(ANSWER))
    with a_node() as (node, way):
        node.repeat, node.piece = 1_000_000, 65_536
        with pytest.raises(Unanswered, match="too much"):
            way.call("kv/range", {}, 5.0)
        assert node.wrote < len(ANSWER) * node.repeat / 2, "who asked left long before all of it came"
