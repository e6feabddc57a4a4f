"""One band in two hands: no gate can know, central does, and the staff of both gates hear it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from edge.run.demo.park import load
from hardware.virtual.field import Field
from kiosk.guard import STAFF_COOKIE, TOKEN_HEADER, form_token
from sync.central import alarms
from sync.central.devices import devices
from sync.central.enrolment import Invitation, invite
from sync.central.registry import layout
from tests.journeys.devices import SITE, Device, House
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
POINTS = ("gate-1", "volo-1")
TOLD_S_MAX = 10


class Desk:
    """A supervisor's browser at one device."""

    def __init__(self, device: Device, point: str) -> None:
        self.screens, self.browser, self.seq = device.screens, requests.Session(), 0
        self.browser.headers["Origin"] = device.screens
        pin = next(one.pin for one in load().staff if one.id == "dario")
        self.post("sign-in", who="dario", pin=pin, point=point)
        self.browser.headers[TOKEN_HEADER] = form_token(self.browser.cookies[STAFF_COOKIE])

    def post(self, act: str, **body: Any) -> dict[str, Any]:
        self.seq += 1
        answer = self.browser.post(
            f"{self.screens}/api/v1/{act}", json={"op": f"{act[:5]}-{self.seq:012d}", **body}, timeout=10
        )
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def alarms(self) -> list[dict[str, Any]]:
        """What a page that is opened now shows: the snapshot with which its stream begins."""
        address = f"{self.screens}/events?topics=alarms&page={self.seq}"
        self.seq += 1
        with self.browser.get(address, stream=True, timeout=10) as stream:
            kind = ""
            for line in stream.iter_lines(decode_unicode=True):
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind == "resync":
                    found: list[dict[str, Any]] = json.loads(line.removeprefix("data: "))["body"]["alarms"]
                    return found
        raise AssertionError("a stream without a snapshot")


def a_device(house: House, folder: Path, point: str) -> Device:
    folder.mkdir()
    device = Device(folder)
    device.config.write_text(device.config.read_text().replace("gate-1", point))
    with house.central.store.transaction() as tx:
        code = invite(tx, Invitation(site=SITE, name=point, points=(point,)))
    done = polso("enrol", house.central.url, "--code", code, "--config", str(device.config))
    assert done.returncode == 0, done.stderr
    return device


@pytest.fixture
def gates(house: House, tmp_path: Path) -> Iterator[list[Device]]:
    made = [a_device(house, tmp_path / point, point) for point in POINTS]
    with house.central.store.transaction() as tx:
        for point in layout.layout(tx, SITE).points:
            layout.put_thing(tx, SITE, msgspec.structs.replace(point, walk_s_min=600))
        layout.publish_layout(tx, SITE, [one.id for one in devices(tx, SITE)])
    for device in made:
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    yield made
    for device in made:
        device.stop()
        device.radio.close()


def present(device: Device, band: Any) -> None:
    before = device.figure("polso_taps_total")
    field: Field = device.radio
    field.place(band)
    until(lambda: device.figure("polso_taps_total") > before, 10)
    field.remove()


def test_twins_at_two_gates_are_on_both_gates_screens_until_one_supervisor_looks(
    house: House,
    gates: list[Device],
) -> None:
    desks = [Desk(device, point) for device, point in zip(gates, POINTS, strict=True)]
    assert [desk.alarms() for desk in desks] == [[], []], "the control: nothing is wrong yet"
    for device in gates:
        present(device, house.band("giulia"))
    took = until(lambda: all(desk.alarms() for desk in desks), TOLD_S_MAX)
    for desk in desks:
        [alarm] = desk.alarms()
        assert {alarm["point"], alarm["elsewhere"]} == set(POINTS)
        assert alarm["reason"] == "band_clone_suspected"
    print(f"\nboth gates' staff heard {took:.1f} s after the second tap")
    seen = desks[0].post(f"staff/alarm/{alarm['id']}")
    assert seen["acknowledged_ms"]
    until(lambda: not any(desk.alarms() for desk in desks), TOLD_S_MAX)
    with house.central.store.reading() as tx:
        [told] = alarms.alarms(tx, SITE)
    assert (told.device, told.seen_by) == ("central", "dario")
