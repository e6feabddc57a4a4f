"""Many streams at once: the cap, a client that never reads, and taps that go on."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from edge.feed import QUEUE_MAX, Feed
from kiosk.app import streams_of
from kiosk.streams import Seat, Streams
from tests.kiosk.listener import Open, an_open_desk, cookie_of, wait_until
from tests.service.house import UID

pytestmark = pytest.mark.timeout(20)  # real sockets and heartbeats: seconds on a busy machine


def test_streams_over_the_cap_are_sent_away_while_taps_go_on(tmp_path: Path) -> None:
    with an_open_desk(tmp_path, screens_max=6, heartbeat_s=0.1, threads=9) as opened:
        clients = [opened.desk.screen("gate") for _ in range(9)]
        listeners = [
            opened.listen(client, f"topics=gate-north&screen={screen}") for client, screen in clients
        ]
        assert [listener.status for listener in listeners] == [200] * 6 + [503] * 3
        assert listeners[-1].response.headers["Retry-After"] == "2"
        for listener in listeners[:6]:
            listener.until("resync")
        token = opened.desk.reader()
        took = [remote_tap(opened.url, token, n) for n in range(30)]
        assert sorted(took)[15] < 0.25
        heard = [sum(1 for _ in range(30) if listener.until("decision")) for listener in listeners[:6]]
        assert heard == [30] * 6
        for listener in listeners:
            listener.close()
        wait_until(lambda: not streams_of(opened.desk.app).open())
        again = opened.listen(clients[8][0], f"topics=gate-north&screen={clients[8][1]}")
        assert again.status == 200
        again.close()


def remote_tap(url: str, token: str, n: int) -> float:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=4)
    body = json.dumps({"tap_id": f"0000beef:{n}", "seq": n, "uid": f"04{n:012d}"})
    began = time.monotonic()
    connection.request(
        "POST",
        "/api/v1/taps",
        body,
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    answer = connection.getresponse()
    answer.read()
    took = time.monotonic() - began
    connection.close()
    assert answer.status == 200
    return took


def test_a_client_that_never_reads_costs_the_others_nothing(tmp_path: Path) -> None:
    with an_open_desk(tmp_path, heartbeat_s=5.0) as opened:
        stuck_client, screen = opened.desk.screen("gate")
        at = urlsplit(opened.url)
        stuck = socket.create_connection((at.hostname, at.port))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = f"GET /events?topics=gate-north&screen={screen} HTTP/1.1\r\nHost: {at.netloc}\r\n"
        stuck.sendall(f"{request}Cookie: {cookie_of(stuck_client)}\r\n\r\n".encode())
        _, _, well = opened.gate()
        well.until("resync")
        wait_until(lambda: len(streams_of(opened.desk.app).open()) == 2)
        guest = opened.desk.edge.service.present(opened.desk.edge.tap(UID))
        view = opened.desk.edge.told("gate-north")[-1].body
        assert view is not None
        told = 4 * QUEUE_MAX
        counted = threading.Thread(target=lambda: [well.until("decision") for _ in range(told + 1)])
        counted.start()
        big = msgspec.structs.replace(view, text="x" * 2000)  # type: ignore[type-var]  # a GuestView
        for n in range(told):
            opened.desk.edge.feed.publish("gate-north", "decision", big)
            if n % 50 == 49:
                wait_until(lambda: _waiting(opened, "gate", screen) == 0)
        counted.join(4)
        assert not counted.is_alive()
        assert guest.seq > 0
        stuck.close()
        well.close()


def _waiting(opened: Open, kind: str, but: str) -> int:
    """Events that wait for the streams of other screens of a kind."""
    seats = streams_of(opened.desk.app).open()
    return max(len(seat.subscription._waiting) for seat in seats if seat.kind == kind and but not in seat.key)


def test_the_device_stops_at_once_with_streams_open(tmp_path: Path) -> None:
    with an_open_desk(tmp_path, heartbeat_s=60.0, watch_s=60.0) as opened:
        streams = [opened.gate()[2] for _ in range(5)]
        for listener in streams:
            listener.until("resync")
        began = time.monotonic()
        streams_of(opened.desk.app).end()
        assert [listener.next() for listener in streams] == [None] * 5
        wait_until(lambda: not streams_of(opened.desk.app).open())
        assert time.monotonic() - began < 4  # half a second where the machine is not full of other work


def test_places_are_taken_over_left_and_counted_rightly() -> None:
    feed, streams = Feed(), Streams(2)
    seats = [Seat(key, "gate", "north", feed.subscribe(["a"])) for key in ("a", "b", "c", "a")]
    assert [streams.take(seat) for seat in seats] == [True, True, False, True]
    assert seats[0].moved.is_set()
    streams.leave(seats[0], 5)
    assert {seat.key for seat in streams.open()} == {"a", "b"}
    streams.leave(seats[3], 7)
    assert streams.last_ms("a") == 7
    assert streams.take(seats[2])
    assert not seats[1].moved.is_set()
