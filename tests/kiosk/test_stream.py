"""The stream's protocol over real sockets: what a screen hears, and when."""

from __future__ import annotations

import time

import msgspec
import pytest

from hardware.port import DeviceState, State
from kiosk.app import streams_of
from kiosk.snapshot import Snapshots, best_of
from tests.kiosk.desk_park import post
from tests.kiosk.listener import Open, wait_until
from tests.service.house import worn

pytestmark = pytest.mark.timeout(20)  # real sockets and heartbeats: seconds on a busy machine


def test_hello_comes_first_with_what_the_page_needs(open_desk: Open) -> None:
    _, screen, listener = open_desk.gate()
    hello = listener.next()
    assert hello is not None
    assert hello.type == "hello"
    assert hello.body["topics"] == ["gate-north", "devices"]
    assert hello.body["screen"]["id"] == screen
    assert hello.body["boot"] == open_desk.desk.edge.feed.boot
    assert hello.body["heartbeat_s"] == 0.2
    assert listener.response.headers["Content-Type"].startswith("text/event-stream")
    assert listener.response.headers["Cache-Control"] == "no-store"
    listener.close()


def test_a_guests_screen_hears_the_guests_form_and_never_why(open_desk: Open) -> None:
    _, _, listener = open_desk.gate()
    resync = listener.until("resync")
    assert set(resync.body) == {"help", "health", "at_ms"}
    open_desk.desk.edge.service.present(open_desk.desk.edge.tap(bytes(7)))
    decision = listener.until("decision")
    assert decision.topic == "gate-north"
    assert 0 <= decision.age_ms < 2000
    assert not {"reason", "failures", "trust", "guest", "name", "band_short"} & set(decision.body)
    listener.close()


def test_staff_hear_everything_and_counters_follow_a_tap(open_desk: Open) -> None:
    listener = open_desk.listen(open_desk.desk.signed_in(), "topics=staff-north,help,devices&page=1")
    assert set(listener.until("resync").body) == {
        "recent",
        "counters",
        "help",
        "alarms",
        "approvals",
        "health",
        "at_ms",
    }
    view = open_desk.desk.edge.service.present(open_desk.desk.edge.tap(bytes(7)))
    decision = listener.until("decision")
    assert decision.body["reason"] == view.reason
    assert decision.body["seq"] == view.seq
    while not listener.until("counters").body.get("denied", {}).get("north"):
        pass  # counted after the answer, and those of an earlier test may still be told
    listener.close()


def test_the_heartbeat_is_an_event_and_brings_health(open_desk: Open) -> None:
    _, _, listener = open_desk.gate()
    assert listener.until("hb").body["at_ms"] == open_desk.desk.edge.clock.now_ms()
    assert set(listener.until("health").body) == {"writable", "online", "reader"}
    listener.close()


def test_coming_back_replays_what_was_missed_and_nothing_else(open_desk: Open) -> None:
    client, screen, listener = open_desk.gate()
    listener.until("resync")
    open_desk.desk.edge.service.present(open_desk.desk.edge.tap(bytes(7)))
    seen = listener.until("decision")
    listener.close()
    missed = [open_desk.desk.edge.service.present(open_desk.desk.edge.tap(bytes(7))).seq for _ in range(3)]
    again = open_desk.listen(client, f"topics=gate-north&screen={screen}&after={seen.id}")
    found = [again.until("decision", "resync") for _ in range(3)]
    assert [event.body["seq"] for event in found] == missed
    again.close()


def test_last_event_id_counts_as_well_as_the_query(open_desk: Open) -> None:
    client, screen, listener = open_desk.gate()
    seen = listener.until("resync").id
    listener.close()
    view = open_desk.desk.edge.service.present(open_desk.desk.edge.tap(bytes(7)))
    again = open_desk.listen(client, f"topics=gate-north&screen={screen}", **{"Last-Event-ID": seen})
    assert again.until("decision", "resync").body.get("seq") == view.seq
    again.close()


def test_after_another_boot_there_is_a_resync(open_desk: Open) -> None:
    _, _, listener = open_desk.gate(after="deadbeef-12")
    assert listener.until("decision", "resync").type == "resync"
    listener.close()


def test_a_second_stream_of_the_same_screen_takes_over(open_desk: Open) -> None:
    client, screen, first = open_desk.gate()
    first.until("resync")
    second = open_desk.listen(client, f"topics=gate-north&screen={screen}")
    assert first.until("moved").body == {"reason": "elsewhere"}
    assert first.next() is None
    assert second.until("resync").type == "resync"
    second.close()


def test_signing_out_ends_the_stream_within_a_second(open_desk: Open) -> None:
    client = open_desk.desk.client()
    session = open_desk.desk.house.staff.sign_in("bruno", "2468", "north")
    client.set_cookie("polso-staff", session.token)
    listener = open_desk.listen(client, "topics=staff-north")
    listener.until("resync")
    began = time.monotonic()
    assert post(client, "/api/v1/sign-out").status_code == 204
    assert listener.until("reload").body == {"reason": "signed_out"}
    assert listener.next() is None
    assert time.monotonic() - began < 1


def test_a_revoked_screen_hears_nothing_more(open_desk: Open) -> None:
    client, screen, listener = open_desk.gate()
    listener.until("resync")
    assert post(open_desk.desk.signed_in("carla", ""), f"/api/v1/screens/{screen}/revoke").status_code == 200
    assert listener.until("reload")
    assert listener.next() is None
    assert open_desk.listen(client, f"topics=gate-north&screen={screen}").status == 403


def test_an_operator_reloads_one_screen_from_afar(open_desk: Open) -> None:
    _, screen, one = open_desk.gate()
    _, _, other = open_desk.gate()
    for listener in (one, other):
        listener.until("resync")
    assert post(open_desk.desk.signed_in("carla", ""), f"/api/v1/screens/{screen}/reload").status_code == 200
    assert one.until("reload").body == {"reason": "operator"}
    assert other.until("hb", "reload").type == "hb"
    one.close()
    other.close()


def test_a_device_that_is_lost_is_told_to_its_own_gate_at_once(open_desk: Open) -> None:
    _, _, listener = open_desk.gate()
    listener.until("resync")
    open_desk.desk.edge.service.report(DeviceState("reader-ride", State.LOST, "unplugged", 0))
    open_desk.desk.edge.service.report(DeviceState("reader-1", State.LOST, "unplugged", 0))
    lost = listener.until("devices")
    assert (lost.body["device"], lost.body["state"]) == ("reader-1", "lost")
    listener.close()


def test_a_kiosk_hears_of_its_own_help_call_and_not_who_comes(open_desk: Open) -> None:
    client, screen = open_desk.desk.screen("kiosk", "kiosk")
    listener = open_desk.listen(client, f"topics=kiosk-kiosk&screen={screen}")
    listener.until("resync")
    open_desk.desk.edge.service.call_help("castle", "operation-of-another")
    call = open_desk.desk.edge.service.call_help("kiosk", "operation-of-this-one")
    heard = listener.until("help")
    assert heard.body == {"id": call.id, "at_ms": call.at_ms, "acknowledged": False, "escalated": False}
    done = post(open_desk.desk.signed_in(), f"/api/v1/staff/help/{call.id}")
    assert done.status_code == 200
    coming = listener.until("help")
    assert coming.body["acknowledged"] is True
    assert "staff" not in coming.body
    listener.close()


def test_a_badge_at_the_gate_is_told_to_its_staff_screen_before_anybody_signed_in(open_desk: Open) -> None:
    desk = open_desk.desk
    uid = bytes.fromhex("04aabbccddeeff")
    desk.edge.tell(msgspec.structs.replace(worn(desk.edge, uid, name=""), staff="anna"))
    client, screen = desk.screen("staff")
    listener = open_desk.listen(client, f"topics=staff-north&screen={screen}")
    assert set(listener.until("resync").body) == {"help", "health", "at_ms"}
    desk.edge.service.present(desk.edge.tap(bytes(7)))
    desk.edge.service.present(desk.edge.tap(uid))
    badge = listener.until("badge", "decision")
    assert (badge.type, badge.body) == ("badge", {"who": "anna"})
    listener.close()


def test_a_band_found_is_told_to_its_gate_alone_and_is_no_state_of_health(open_desk: Open) -> None:
    edge = open_desk.desk.edge
    _, _, gate = open_desk.gate()
    staff = open_desk.listen(open_desk.desk.signed_in(), "topics=staff-north,devices&page=reading")
    for listener in (gate, staff):
        listener.until("resync")
    edge.service.report(DeviceState("reader-1", State.IDLE, "", 0))
    edge.service.report(DeviceState("reader-1", State.READING, "", 0))
    edge.service.present(edge.tap(bytes(7)))
    assert gate.until("reading", "decision").body == {"point": "north"}
    assert staff.until("reading", "decision").type == "decision"
    states = {seen.device: seen.state for seen in edge.health.view().devices}
    assert states["reader-1"] == "idle"


def test_a_closed_subscription_ends_its_stream_even_though_nobody_took_its_place(open_desk: Open) -> None:
    _, screen, listener = open_desk.gate()
    listener.until("resync")
    [seat] = [seat for seat in streams_of(open_desk.desk.app).open() if seat.key == f"screen:{screen}"]
    seat.subscription.close()
    assert [event.type for event in listener.rest() if event.type not in ("hb", "health")] == []
    wait_until(lambda: seat not in streams_of(open_desk.desk.app).open())


def test_a_point_serves_while_one_of_its_readers_does(open_desk: Open) -> None:
    snapshots = Snapshots(open_desk.desk.house)
    for name, state in (("reader-1", State.LOST), ("reader-2", State.IDLE)):
        open_desk.desk.edge.service.report(DeviceState(name, state, "", 0))
    assert snapshots.guests("north").reader == "idle"
    assert [best_of(states) for states in ([], ["lost", "closed"], ["lost", "hold"])] == ["", "lost", "hold"]
    open_desk.desk.edge.service.report(DeviceState("reader-1", State.IDLE, "", 0))
