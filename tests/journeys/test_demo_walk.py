"""A band of the demo's tray carried past its radios: heard by the real bleak, where its guest said yes."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests

from edge.run.demo.air import EARS
from edge.run.demo.open import Choices, DemoPark
from kiosk.park import Place
from tests.journeys.park import Park, a_park, until

pytestmark = [pytest.mark.journey, pytest.mark.real("dbus-daemon"), pytest.mark.timeout(90)]

HEARD_S_MAX = 15.0
GREETED_S_MAX = 30.0


def heard(park: Park) -> int:
    """How often the park's radios heard somebody."""
    return int(park.state()["walk"]["heard"])


def states(park: Park) -> Counter[str]:
    """How the radios stand, as Prometheus reads it."""
    text = requests.get(f"{park.edge}/metrics", timeout=5).text
    rows = [line for line in text.splitlines() if line.startswith('polso_device_up{device="radio-')]
    return Counter(row.split('state="')[1].split('"')[0] for row in rows)


def walk(park: Park, band: str, place: str) -> dict[str, Any]:
    return park.answer(park.post("walk", band=band, place=place))


def test_band_is_heard_where_it_is_carried_and_nobody_who_did_not_agree(tmp_path: Path) -> None:
    with a_park(tmp_path / "kept") as park:
        walk(park, "hans", "kiosk")
        walk(park, "clone", "kiosk")
        assert walk(park, "nuovo", "bar")["walk"]["at"] == {"hans": "kiosk", "clone": "kiosk", "nuovo": "bar"}
        walk(park, "giulia", "kiosk")
        until(lambda: heard(park) >= 3, HEARD_S_MAX)
        walk(park, "giulia", "away")
        walk(park, "giulia", "away")
        before = settled(park)
        walk(park, "hans", "bar")
        until(lambda: park.tap("hans")["outcome"] == "granted", 5)

        assert heard(park) == before, "Hans never said yes, the clone is nobody"
        assert park.answer(park.post("reset"))["walk"]["at"] == {}
        assert states(park) == {"idle": len(EARS)}


def test_guest_who_is_carried_to_the_kiosk_is_greeted_there_and_gone_within_seconds(tmp_path: Path) -> None:
    with a_park(tmp_path / "kept") as park:
        walk(park, "giulia", "kiosk")
        assert told_near(park, people=1)["name"] == "Giulia"
        walk(park, "giulia", "away")
        assert told_near(park, people=0).get("name", "") == ""


def told_near(park: Park, *, people: int) -> dict[str, Any]:
    """What the kiosk is told once so many stand before it."""
    address = f"{park.edge}/events?as=demo&topics=kiosk-kiosk-1&page={people}"
    ends = time.monotonic() + GREETED_S_MAX
    with requests.get(address, stream=True, timeout=GREETED_S_MAX) as stream:
        event = ""
        for line in stream.iter_lines(decode_unicode=True):
            assert time.monotonic() < ends
            event = line.removeprefix("event: ") if line.startswith("event: ") else event
            if event == "near" and line.startswith("data: "):
                body: dict[str, Any] = json.loads(line.removeprefix("data: "))["body"]
                if body["people"] == people:
                    return body
    raise AssertionError("the stream ended")


def settled(park: Park) -> float:
    """How much was heard, once nothing is on its way any more."""
    told = [-1.0]

    def quiet() -> bool:
        told.append(heard(park))
        return told[-1] == told[-2]

    until(quiet, 5)
    return told[-1]


def test_guest_is_told_at_the_kiosk_once_carried_there_and_nothing_opens(tmp_path: Path) -> None:
    park = DemoPark(Choices(headless=True), tmp_path)
    park.start()
    try:
        nearby, before = park.edge.service.nearby, park.edge.service.counters().entered
        park.keeper.walk("giulia", Place.BAR)
        until(
            lambda: [(one.zone, one.place) for one in nearby.expected()] == [("in_area", "bar")], HEARD_S_MAX
        )
        assert nearby.at("kiosk-1") == ()
        park.keeper.walk("giulia", Place.KIOSK)
        until(lambda: [one.name for one in nearby.at("kiosk-1")] == ["Giulia"], HEARD_S_MAX)
        park.keeper.walk("giulia", Place.AWAY)
        until(lambda: nearby.at("kiosk-1") == (), HEARD_S_MAX)
        assert park.edge.service.counters().entered == before, "what is heard opens nothing"
    finally:
        park.stop()
