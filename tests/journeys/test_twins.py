"""One band in two hands: no gate can know, central does, and the staff of both gates hear it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.virtual.field import Field
from sync.central import alarms
from sync.central.machines.devices import devices
from sync.central.registry import layout
from tests.journeys.desks import Desk
from tests.journeys.devices import SITE, Device, House, a_device
from tests.journeys.park import until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
POINTS = ("gate-1", "volo-1")
TOLD_S_MAX = 10


@pytest.fixture
def gates(house: House, tmp_path: Path) -> list[Device]:
    made = [a_device(house, tmp_path / point, point) for point in POINTS]
    with house.central.store.transaction() as tx:
        for point in layout.layout(tx, SITE).points:
            layout.put_thing(tx, SITE, msgspec.structs.replace(point, walk_s_min=600))
        layout.publish_layout(tx, SITE, [one.id for one in devices(tx, SITE)])
    for device in made:
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    return made


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
