"""The stream's protocol over real sockets: what a screen hears, when, and when it is sent away."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from flask.testing import FlaskClient

from edge.errors import NotAllowed
from edge.feed import QUEUE_MAX, Feed
from hardware.port import DeviceState, State
from kiosk.app import streams_of
from kiosk.ask import Ask
from kiosk.grants import granted
from kiosk.streams import Seat, Streams
from tests.kiosk.desk_park import Desk, a_desk, post, serving
from tests.service.house import UID, worn

QUICK = {"heartbeat_s": 0.2, "watch_s": 0.1}


@dataclass
class Heard:
    """One event off the wire."""

    type: str
    id: str
    topic: str
    age_ms: int
    body: Any


class Listener:
    """A browser's end of a stream, read line by line."""

    def __init__(self, url: str, query: str, cookie: str = "", headers: dict[str, str] | None = None) -> None:
        at = urlsplit(url)
        self.connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=4)
        self.connection.request("GET", f"/events?{query}", headers={"Cookie": cookie, **(headers or {})})
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def next(self) -> Heard | None:
        """Return the next event, or None at the end of the stream."""
        fields: dict[str, str] = {}
        while (line := self.response.readline().decode()) not in ("\n", ""):
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        if not fields:
            return None
        assert "data" in fields, fields
        told = json.loads(fields["data"])
        return Heard(fields["event"], fields.get("id", ""), told["topic"], told["age_ms"], told["body"])

    def until(self, *types: str) -> Heard:
        """Return the next event of one of these types."""
        while (event := self.next()) is not None:
            if event.type in types:
                return event
        raise AssertionError(f"the stream ended before {types}")

    def rest(self) -> list[Heard]:
        return list(iter(self.next, None))

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def cookie_of(client: FlaskClient) -> str:
    cookies: list[Any] = list(client._cookies.values())  # werkzeug has no public list of them
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies)


@dataclass
class Open:
    desk: Desk
    url: str
    listeners: list[Listener] = field(default_factory=list)

    def listen(self, client: FlaskClient, query: str, **headers: str) -> Listener:
        self.listeners.append(Listener(self.url, query, cookie_of(client), headers))
        return self.listeners[-1]

    def hang_up(self) -> None:
        while self.listeners:
            self.listeners.pop().close()

    def gate(self, client: FlaskClient | None = None, after: str = "") -> tuple[FlaskClient, str, Listener]:
        """A new gate screen and its stream, past hello and resync."""
        made, screen = self.desk.screen("gate", client=client)
        listener = self.listen(made, f"topics=gate-north,devices&screen={screen}&after={after}")
        return made, screen, listener


@contextmanager
def an_open_desk(folder: Path, *, threads: int | None = None, **settings: Any) -> Iterator[Open]:
    with a_desk(folder, **(QUICK | settings)) as desk, serving(desk, threads=threads) as url:
        opened = Open(desk, url)
        try:
            yield opened
        finally:
            opened.hang_up()


@pytest.fixture(scope="module")
def whole_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with an_open_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def shared(whole_module: Open) -> Iterator[Open]:
    yield whole_module
    whole_module.hang_up()


def test_hello_comes_first_with_what_the_page_needs(shared: Open) -> None:
    _, screen, listener = shared.gate()
    hello = listener.next()
    assert hello is not None
    assert hello.type == "hello"
    assert hello.body["topics"] == ["gate-north", "devices"]
    assert hello.body["screen"]["id"] == screen
    assert hello.body["boot"] == shared.desk.edge.feed.boot
    assert hello.body["heartbeat_s"] == 0.2
    assert listener.response.headers["Content-Type"].startswith("text/event-stream")
    assert listener.response.headers["Cache-Control"] == "no-store"
    listener.close()


def test_a_guests_screen_hears_the_guests_form_and_never_why(shared: Open) -> None:
    _, _, listener = shared.gate()
    resync = listener.until("resync")
    assert set(resync.body) == {"help", "health", "at_ms"}
    shared.desk.edge.service.present(shared.desk.edge.tap(bytes(7)))
    decision = listener.until("decision")
    assert decision.topic == "gate-north"
    assert 0 <= decision.age_ms < 2000
    assert not {"reason", "failures", "trust", "guest", "name", "band_short"} & set(decision.body)
    listener.close()


def test_staff_hear_everything_and_counters_follow_a_tap(shared: Open) -> None:
    listener = shared.listen(shared.desk.signed_in(), "topics=staff-north,help,devices&page=1")
    assert set(listener.until("resync").body) == {"recent", "counters", "help", "health", "at_ms"}
    view = shared.desk.edge.service.present(shared.desk.edge.tap(bytes(7)))
    decision = listener.until("decision")
    assert decision.body["reason"] == view.reason
    assert decision.body["seq"] == view.seq
    counters = listener.until("counters")
    assert counters.body["denied"]["north"] >= 1
    listener.close()


def test_the_heartbeat_is_an_event_and_brings_health(shared: Open) -> None:
    _, _, listener = shared.gate()
    assert listener.until("hb").body["at_ms"] == shared.desk.edge.clock.now_ms()
    assert set(listener.until("health").body) == {"writable", "online", "reader"}
    listener.close()


def test_coming_back_replays_what_was_missed_and_nothing_else(shared: Open) -> None:
    client, screen, listener = shared.gate()
    listener.until("resync")
    shared.desk.edge.service.present(shared.desk.edge.tap(bytes(7)))
    seen = listener.until("decision")
    listener.close()
    missed = [shared.desk.edge.service.present(shared.desk.edge.tap(bytes(7))).seq for _ in range(3)]
    again = shared.listen(client, f"topics=gate-north&screen={screen}&after={seen.id}")
    found = [again.until("decision", "resync") for _ in range(3)]
    assert [event.body["seq"] for event in found] == missed
    again.close()


def test_last_event_id_counts_as_well_as_the_query(shared: Open) -> None:
    client, screen, listener = shared.gate()
    seen = listener.until("resync").id
    listener.close()
    view = shared.desk.edge.service.present(shared.desk.edge.tap(bytes(7)))
    again = shared.listen(client, f"topics=gate-north&screen={screen}", **{"Last-Event-ID": seen})
    assert again.until("decision", "resync").body.get("seq") == view.seq
    again.close()


def test_after_another_boot_there_is_a_resync(shared: Open) -> None:
    _, _, listener = shared.gate(after="deadbeef-12")
    assert listener.until("decision", "resync").type == "resync"
    listener.close()


def test_a_second_stream_of_the_same_screen_takes_over(shared: Open) -> None:
    client, screen, first = shared.gate()
    first.until("resync")
    second = shared.listen(client, f"topics=gate-north&screen={screen}")
    assert first.until("moved").body == {"reason": "elsewhere"}
    assert first.next() is None
    assert second.until("resync").type == "resync"
    second.close()


def test_signing_out_ends_the_stream_within_a_second(shared: Open) -> None:
    client = shared.desk.client()
    session = shared.desk.house.staff.sign_in("bruno", "2468", "north")
    client.set_cookie("polso-staff", session.token)
    listener = shared.listen(client, "topics=staff-north")
    listener.until("resync")
    began = time.monotonic()
    assert post(client, "/api/v1/sign-out").status_code == 204
    assert listener.until("reload").body == {"reason": "signed_out"}
    assert listener.next() is None
    assert time.monotonic() - began < 1


def test_a_revoked_screen_hears_nothing_more(shared: Open) -> None:
    client, screen, listener = shared.gate()
    listener.until("resync")
    assert post(shared.desk.signed_in("carla", ""), f"/api/v1/screens/{screen}/revoke").status_code == 200
    assert listener.until("reload")
    assert listener.next() is None
    assert shared.listen(client, f"topics=gate-north&screen={screen}").status == 403


def test_an_operator_reloads_one_screen_from_afar(shared: Open) -> None:
    _, screen, one = shared.gate()
    _, _, other = shared.gate()
    for listener in (one, other):
        listener.until("resync")
    assert post(shared.desk.signed_in("carla", ""), f"/api/v1/screens/{screen}/reload").status_code == 200
    assert one.until("reload").body == {"reason": "operator"}
    assert other.until("hb", "reload").type == "hb"
    one.close()
    other.close()


def test_a_device_that_is_lost_is_told_to_its_own_gate_at_once(shared: Open) -> None:
    _, _, listener = shared.gate()
    listener.until("resync")
    shared.desk.edge.service.report(DeviceState("reader-ride", State.LOST, "unplugged", 0))
    shared.desk.edge.service.report(DeviceState("reader-1", State.LOST, "unplugged", 0))
    lost = listener.until("devices")
    assert (lost.body["device"], lost.body["state"]) == ("reader-1", "lost")
    listener.close()


def test_a_kiosk_hears_of_its_own_help_call_and_not_who_comes(shared: Open) -> None:
    client, screen = shared.desk.screen("kiosk", "kiosk")
    listener = shared.listen(client, f"topics=kiosk-kiosk&screen={screen}")
    listener.until("resync")
    shared.desk.edge.service.call_help("castle", "operation-of-another")
    call = shared.desk.edge.service.call_help("kiosk", "operation-of-this-one")
    heard = listener.until("help")
    assert heard.body == {"id": call.id, "at_ms": call.at_ms, "acknowledged": False, "escalated": False}
    done = post(shared.desk.signed_in(), f"/api/v1/staff/help/{call.id}")
    assert done.status_code == 200
    coming = listener.until("help")
    assert coming.body["acknowledged"] is True
    assert "staff" not in coming.body
    listener.close()


def test_a_badge_at_the_gate_is_told_to_its_staff_screen_before_anybody_signed_in(shared: Open) -> None:
    desk = shared.desk
    uid = bytes.fromhex("04aabbccddeeff")
    desk.edge.tell(msgspec.structs.replace(worn(desk.edge, uid, name=""), staff="anna"))
    client, screen = desk.screen("staff")
    listener = shared.listen(client, f"topics=staff-north&screen={screen}")
    assert set(listener.until("resync").body) == {"help", "health", "at_ms"}
    desk.edge.service.present(desk.edge.tap(bytes(7)))
    desk.edge.service.present(desk.edge.tap(uid))
    badge = listener.until("badge", "decision")
    assert (badge.type, badge.body) == ("badge", {"who": "anna"})
    listener.close()


GRANTS = [
    ("gate", "north", ["gate-north", "help", "devices"]),
    ("kiosk", "kiosk", ["kiosk-kiosk", "help", "devices"]),
    ("staff", "north", ["staff-north"]),
    ("ops", "north", ["help", "devices"]),
]
ALL = [
    *("gate-north", "gate-castle", "kiosk-kiosk", "kiosk-hall", "staff-north", "staff-castle"),
    *("ops", "help", "devices", "demo", "screen-gate-1", "nothing", ""),
]


@pytest.mark.parametrize(("kind", "point", "heard"), GRANTS)
def test_a_screen_hears_only_what_its_record_grants(
    shared: Open, kind: str, point: str, heard: list[str]
) -> None:
    _, screen = shared.desk.screen(kind, point)
    own = next(one for one in shared.desk.house.staff.screens() if one.id == screen)
    found = granted(Ask(house=shared.desk.house, screen=own), ALL)
    assert sorted(found) == sorted([*heard, f"screen-{screen}"])


@pytest.mark.parametrize(
    ("roles", "heard"),
    [
        (["gate"], ["staff-north", "help", "devices"]),
        (["till"], ["staff-north", "help", "devices"]),
        (["supervisor"], ["staff-north", "staff-castle", "ops", "help", "devices"]),
        (["operator"], ["staff-north", "staff-castle", "ops", "help", "devices"]),
        ([], []),
    ],
)
def test_a_person_hears_only_what_their_roles_grant(shared: Open, roles: list[str], heard: list[str]) -> None:
    session = msgspec.structs.replace(shared.desk.edge.session("gate"), roles=tuple(roles))
    assert granted(Ask(house=shared.desk.house, session=session), ALL) == tuple(
        topic for topic in ALL if topic in heard
    )


@pytest.mark.parametrize(
    "query", ["", "topics=", "topics=gate-castle", "topics=ops,staff-north", "as=demo&topics=demo"]
)
def test_nothing_granted_is_refused(shared: Open, query: str) -> None:
    client, screen = shared.desk.screen("gate")
    assert shared.listen(client, f"{query}&screen={screen}").status == 403
    assert shared.listen(shared.desk.client(), query).status == 403
    assert granted(Ask(house=shared.desk.house), ["gate-north"]) == ()


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


def wait_until(true: Any, limit_s: float = 4.0) -> None:
    ends = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < ends, "it did not come true"
        threading.Event().wait(0.01)


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
        assert time.monotonic() - began < 2


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


def test_a_view_without_a_person_or_screen_says_what_is_missing(shared: Open) -> None:
    ask = Ask(house=shared.desk.house)
    with pytest.raises(NotAllowed, match="signed in"):
        _ = ask.person
    with pytest.raises(NotAllowed, match="enrolled"):
        _ = ask.seat
