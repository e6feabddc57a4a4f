"""Whoever may answer in central's place: captive portals, proxies, liars and broken lines."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from sync.packing import pack
from sync.wire import MEDIA, MEDIA_PROBLEM, PROBLEM_PREFIX, Ack, ProblemDocument

HTML = b"<html><h1>Please log in to MallWiFi</h1></html>"
ACK = msgspec.msgpack.encode(Ack(device="gate", lane=0, ack=1, time_ms=1))


def a_reply(status: str, headers: dict[str, str], body: bytes = HTML, *, cut: int = 0) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(body) + cut}", "Connection: close", "", ""])
    return head.encode() + body


def a_problem(status: int, **changes: object) -> bytes:
    document = ProblemDocument(
        type=f"{PROBLEM_PREFIX}gap", title="Gap", status=status, time_ms=1, device="gate", lane=0, ack=0
    )
    return msgspec.json.encode(msgspec.structs.replace(document, **changes))


STRANGERS = {
    "200 with a page": a_reply("200 OK", {"Content-Type": "text/html"}),
    "302 to a login page": a_reply("302 Found", {"Location": "http://login.example/"}),
    "403 with a page": a_reply("403 Forbidden", {"Content-Type": "text/html"}),
    "404 with a page": a_reply("404 Not Found", {"Content-Type": "text/html"}),
    "511": a_reply("511 Network Authentication Required", {"Content-Type": "text/html"}),
    "JSON of another kind": a_reply("200 OK", {"Content-Type": "application/json"}, b'{"ack": 900}'),
    "our type, another body": a_reply("200 OK", {"Content-Type": MEDIA}, HTML),
    "our type, another message": a_reply("200 OK", {"Content-Type": MEDIA}, b"\x81\xa3ack\x01"),
    "a body cut short": a_reply("200 OK", {"Content-Type": MEDIA}, ACK, cut=20),
    "a reset after the headers": a_reply("200 OK", {"Content-Type": MEDIA}, b"", cut=50),
    "nothing at all": b"",
    "a problem for another device": a_reply(
        "409 Conflict", {"Content-Type": MEDIA_PROBLEM}, a_problem(409, device="other")
    ),
    "a problem of another type": a_reply(
        "409 Conflict", {"Content-Type": MEDIA_PROBLEM}, a_problem(409, type="about:blank")
    ),
    "a problem with another status": a_reply(
        "404 Not Found", {"Content-Type": MEDIA_PROBLEM}, a_problem(409)
    ),
    "a problem that is no JSON": a_reply("409 Conflict", {"Content-Type": MEDIA_PROBLEM}),
    "a flood": a_reply(
        "200 OK", {"Content-Type": MEDIA, "Content-Encoding": "zstd"}, pack(bytes(40_000_000))[0]
    ),
}


@contextmanager
def a_stranger(reply: bytes) -> Iterator[str]:
    """A server that says the same to everybody."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(reply)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
