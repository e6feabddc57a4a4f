"""The demo's addresses for scripts, and that nothing of them exists outside the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from edge.feed import Feed
from kiosk import demo
from kiosk.app import create_app, routes
from kiosk.house import House
from kiosk.routes import Audience
from tests.kiosk.stage import FakePark, FakeRooms, Stage, a_stage


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    with a_stage() as stage:
        yield stage


def ask(stage: Stage, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Ask as a script does: no Origin, no cookie."""
    method = "GET" if body is None else "POST"
    answer = requests.request(method, stage.url + path, json=body, timeout=5)
    return answer.status_code, answer.json()


def test_a_script_taps_a_band_and_reads_the_decision(running: Stage) -> None:
    status, told = ask(running, "/demo/taps", {"band": "giulia", "reader": "park-reader"})
    assert status == 200
    assert (told["outcome"], told["reason"]) == ("granted", "entered")
    assert told["seq"] > 0
    assert told["took_ms"] > 0


@pytest.mark.parametrize(
    ("path", "body", "name", "value"),
    [
        ("/demo/internet", {"up": False}, "internet", False),
        ("/demo/disk", {"full": True}, "disk_full", True),
        ("/demo/crowd", {"rate": 120}, "crowd", 120),
    ],
)
def test_a_switch_is_seen_in_the_state_and_undone_by_reset(
    running: Stage, path: str, body: dict[str, Any], name: str, value: Any
) -> None:
    assert ask(running, path, body)[1][name] == value
    assert ask(running, "/demo/state")[1][name] == value
    assert ask(running, "/demo/reset", {})[1][name] != value


def test_the_next_charge_of_a_stored_card_is_chosen_and_its_debt_paid(running: Stage) -> None:
    assert ask(running, "/demo/card", {"next": "guest_needed"})[1]["card"]["next"] == "guest_needed"
    assert ask(running, "/demo/state")[1]["card"]["owes_minor"] > 0
    told = ask(running, "/demo/debt", {})[1]["card"]
    assert (told.get("owes_minor", 0), told.get("denied", False)) == (0, False)
    ask(running, "/demo/reset", {})


def test_a_reader_is_unplugged_by_name(running: Stage) -> None:
    _, told = ask(running, "/demo/reader", {"reader": "ride-reader", "plugged": False})
    assert {one["id"]: one["plugged"] for one in told["readers"]}["ride-reader"] is False
    ask(running, "/demo/reset", {})


def test_a_printer_is_unplugged_by_name_and_its_paper_is_told(running: Stage) -> None:
    _, told = ask(running, "/demo/printer", {"printer": "printer-park", "plugged": False})
    (printer,) = told["printers"]
    assert (printer["plugged"], printer["slips"][0]["rows"][0]["text"]) == (False, "Parco Aurora")
    ask(running, "/demo/reset", {})


def test_a_new_band_is_written_and_the_state_tells_how_long_it_took(running: Stage) -> None:
    _, told = ask(running, "/demo/desk", {"band": "nuovo"})
    assert told["desk"] == {"band": "nuovo", "steps": 9, "took_ms": 812}
    ask(running, "/demo/reset", {})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/demo/crowd", {"rate": demo.CROWD_MAX + 1}),
        ("/demo/crowd", {"rate": "many"}),
        ("/demo/walk", {"band": "giulia", "place": "moon"}),
        ("/demo/card", {"next": "stolen"}),
        ("/demo/tales", {"tale": "cinderella"}),
        ("/demo/taps", {"band": "giulia"}),
        ("/demo/taps", {"band": "x" * 200, "reader": "park-reader"}),
        ("/demo/desk", {"band": "giulia"}),
    ],
)
def test_what_makes_no_sense_is_refused(running: Stage, path: str, body: dict[str, Any]) -> None:
    assert 400 <= ask(running, path, body)[0] < 500


def test_an_unknown_story_is_not_found(running: Stage) -> None:
    assert ask(running, "/demo/taps/nobody")[0] == 404


def a_house(park: FakePark | None) -> House:
    rooms: Any = FakeRooms()
    return House(service=rooms, staff=rooms, feed=Feed(), health=rooms, clock=rooms, demo=park)


def test_a_story_is_asked_for_by_name_and_can_be_told_without_the_internet(running: Stage) -> None:
    for cut, told in ((False, None), (True, [{"scene": "cut"}])):
        status, tale = ask(running, "/demo/tales", {"tale": "help", "cut": cut})
        assert (status, tale["over"], tale.get("scenes")) == (200, True, told)


def test_without_the_demo_no_such_address_exists() -> None:
    house = a_house(None)
    client = create_app(house).test_client()
    for row in demo.ROUTES:
        path = row.rule.replace("<tap_id>", "1")
        assert client.open(path, method=row.method, json={}).status_code == 404, path
    assert not [row for row in routes(house) if row.audience is Audience.DEMO]


def test_every_address_of_the_demo_is_there_for_the_demo_alone() -> None:
    assert {row.audience for row in demo.ROUTES} == {Audience.DEMO}
    house = replace(a_house(None), demo=FakePark(Feed()))
    assert {row.rule for row in demo.ROUTES} <= {row.rule for row in routes(house)}


def test_another_sites_page_cannot_turn_a_switch(running: Stage) -> None:
    foreign = {"Origin": "http://evil.example"}
    answer = requests.post(running.url + "/demo/internet", json={"up": False}, headers=foreign, timeout=5)
    assert answer.status_code == 403
    assert running.park.state().internet is True
