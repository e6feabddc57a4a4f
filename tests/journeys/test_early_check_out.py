"""A guest checks out before the stay ends: the room's door is closed to her, her day in the park is not."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.clock import wall_ms
from edge.run.demo.park import load
from edge.run.demo.tray import tray
from sync.central.console.fields import moment
from sync.central.registry import rights
from tests.journeys.desks import Console
from tests.journeys.devices import SITE, House, a_device
from tests.journeys.park import until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(90)]
DOOR, GATE = "door-214", "gate-1"
MINUTE_MS = 60_000
CLOSED_S_MAX = 10


def test_door_closes_at_an_early_check_out_and_the_gate_stays_open(house: House, tmp_path: Path) -> None:
    door, gate = (a_device(house, tmp_path / point, point) for point in (DOOR, GATE))
    house.publish()
    for device in (door, gate):
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    sofia = tray(load(), house.master, written=set())["sofia"]
    assert door.tap(sofia) == "entered"

    console, zone = Console(house.central), ZoneInfo(load().site.timezone)
    who = next(one.pseudonym for one in load().guests if one.id == "sofia")
    with house.central.store.reading() as tx:
        (stay,) = [one for one in rights.rights_of(tx, SITE, [who])[who] if one.product == "camera"]
    since, left = moment(stay.valid_from_ms, zone), moment(wall_ms() - MINUTE_MS, zone)
    console.post(
        f"entitlements/{stay.id}", product="camera", status="valid", valid_from=since, valid_until=left
    )
    took_s = until(lambda: door.tap(sofia) == "too_late", CLOSED_S_MAX)
    print(f"\nthe door was closed {took_s:.1f} s after the desk said so")
    assert gate.tap(sofia) == "entered", "her day ticket is another right"
