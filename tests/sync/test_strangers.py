"""Whoever answers in central's place is a failure of the network, and the batch goes out whole afterwards."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from sync.central import lanes
from sync.central.store import Store
from sync.client.cable import Cable
from sync.client.line import Declined, Exchange, Line, Unreachable
from sync.packing import pack
from sync.wire import MEDIA, MEDIA_PROBLEM, PROBLEM_PREFIX, Ack, DeviceReport, Problem, ProblemDocument
from tests.faults.proxy import Faults, between
from tests.sync.ends import Edge, a_welcome, running, served, until

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


@pytest.mark.parametrize("reply", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_stranger_is_no_central(reply: bytes) -> None:
    with a_stranger(reply) as url, pytest.raises(Unreachable):
        Line(url, Cable(), device="gate").post("/v1/x", DeviceReport(device="gate", boot="b"), Ack)


def test_the_control_a_true_answer_is_believed() -> None:
    with a_stranger(a_reply("200 OK", {"Content-Type": MEDIA}, ACK)) as url:
        assert Line(url, Cable(), device="gate").get(Exchange("/v1/x"), Ack).ack == 1


def test_a_true_refusal_is_believed_with_what_it_says() -> None:
    reply = a_reply(
        "409 Conflict", {"Content-Type": MEDIA_PROBLEM, "Retry-After": "7"}, a_problem(409, ack=5)
    )
    with a_stranger(reply) as url, pytest.raises(Declined) as caught:
        Line(url, Cable(), device="gate").get(Exchange("/v1/x"), Ack)
    assert (caught.value.problem, caught.value.document.ack, caught.value.retry_after_s) == (
        Problem.GAP,
        5,
        7.0,
    )


@pytest.mark.parametrize("name", ["200 with a page", "404 with a page", "our type, another message"])
def test_the_outbox_waits_behind_a_portal_and_goes_out_whole(
    name: str, small_store: Store, tmp_path: Path
) -> None:
    with served(small_store) as central:
        welcome = a_welcome(central, small_store)
        edge = Edge(tmp_path / "edge", "", welcome)
        with a_stranger(STRANGERS[name]) as portal:
            edge.url = portal
            edge.start()
            edge.write(20)
            until(lambda: edge.client.health().alarm)
            assert edge.client.health().outbox == 20
            edge.stop()
        with running(Edge(edge.folder, central, welcome)) as again:
            until(again.drained)
        with small_store.reading() as tx:
            assert len(lanes.recent(tx, "park", limit=100)) == 20


def drained_or_kicked(edge: Edge) -> bool:
    edge.client.kick()
    return edge.drained()


@pytest.mark.timeout(30)
def test_a_fifth_of_all_replies_lost_doubles_nothing(small_store: Store, tmp_path: Path) -> None:
    faults = Faults(seed=7, lose_replies=0.2)
    with served(small_store) as central:
        welcome = a_welcome(central, small_store)
        with between(central, faults) as shaky, running(Edge(tmp_path / "edge", shaky, welcome)) as edge:
            for _ in range(12):
                edge.write(10)
                edge.client.kick()
                until(lambda: drained_or_kicked(edge), 10)
            assert faults.lost > 0
            with small_store.reading() as tx:
                found = [arrived.event.seq for arrived in lanes.recent(tx, "park", limit=500)]
    assert sorted(found) == list(range(1, 121))
