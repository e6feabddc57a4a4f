"""A band is lost and its guest gets another one: what each gate does, with the internet and without."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.run.demo.park import load
from edge.run.demo.tray import tray
from hardware.virtual.bands import Band
from sync.central import alarms
from tests.journeys.desks import Console, Desk, pin_of
from tests.journeys.devices import SITE, Device, House, a_device
from tests.journeys.park import until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(180)]
POINT = "gate-1"
TOLD_S_MAX = 10
CONTACT_S_MAX = 60
"""A device that was cut off tries again when its back-off says so."""
USED = {"inside_already", "already_used_here", "already_used_elsewhere"}


class Site(NamedTuple):
    """Two gates with one way in, and the bands of the tray."""

    house: House
    north: Device
    south: Device
    bands: dict[str, Band]


@pytest.fixture
def site(house: House, tmp_path: Path) -> Site:
    north, south = (a_device(house, tmp_path / name, POINT) for name in ("north", "south"))
    house.publish()
    for device in (north, south):
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    return Site(house, north, south, tray(load(), house.master, written=set()))


def lost(site: Site, desk: Desk) -> str:
    """Marta hears from Luca that his band is gone."""
    band: str = desk.post("staff/look-up", text="luca")["cards"][0]["band"]
    desk.post("staff/band", band=band, act="lost", reason="lost at the lake")
    assert site.north.tap(site.bands["luca"]) == "band_lost", "at once where it was said"
    return band


def replaced(site: Site, desk: Desk, old: str) -> str:
    """Marta gives Luca the new band that lies at her gate; Dario stands for it at her screen."""
    assert site.north.tap(site.bands["nuovo"]) == "band_unlinked"
    new: str = desk.post("staff/look-up", text=desk.last(POINT)["band_short"])["cards"][0]["band"]
    asked = desk.post("staff/ask/link", band=new, source=old, reason="lost at the lake")
    assert asked["stage"] == "open"
    assert desk.ask(f"staff/approvals/{asked['id']}", granted=True).status_code == 403
    assert site.north.tap(site.bands["nuovo"]) == "band_unlinked", "nobody gives a band away alone"
    told = desk.post(f"staff/approvals/{asked['id']}/second", who="dario", pin=pin_of("dario"))
    assert told["stage"] == "spent"
    return new


def alarming(desk: Desk) -> set[str]:
    return {one["reason"] for one in desk.alarms()}


def raised(site: Site) -> Counter[str]:
    """The alarms as central has them."""
    with site.house.central.store.reading() as tx:
        return Counter(one.reason for one in alarms.alarms(tx, SITE))


def seen_at_central(site: Site, old: str, new: str) -> None:
    console = Console(site.house.central)
    before, after = (console.says(f"bands/{one}") for one in (old, new))
    assert "Replaced" in before
    assert re.findall(r"Guest (g-\w+)", before) == re.findall(r"Guest (g-\w+)", after) != []


def test_lost_band_is_shut_out_everywhere_and_the_new_one_has_its_rights(site: Site) -> None:
    marta, south = Desk(site.north, POINT, "marta"), Desk(site.south, POINT)
    old = lost(site, marta)
    until(lambda: site.south.tap(site.bands["luca"]) == "band_lost", TOLD_S_MAX)
    assert not alarming(south), "whoever found it brings it back"
    new = replaced(site, marta, old)
    assert site.north.tap(site.bands["nuovo"]) == "entered"
    assert site.north.tap(site.bands["nuovo"]) in USED, "one entry was bought"
    for gate, desk in ((site.north, marta), (site.south, south)):
        until(lambda at=gate: at.tap(site.bands["luca"]) == "band_replaced", TOLD_S_MAX)
        assert alarming(desk) == {"band_replaced"}, "nobody has to have the old one in hand"
    assert site.south.tap(site.bands["nuovo"]) in USED, "one it is at the other gate too"
    until(lambda: raised(site) == {"band_replaced": 2}, TOLD_S_MAX)
    seen_at_central(site, old, new)


def test_without_the_internet_the_other_gate_lets_the_lost_band_in_once_and_it_is_found(
    site: Site, tmp_path: Path
) -> None:
    marta, south = Desk(site.north, POINT, "marta"), Desk(site.south, POINT)
    site.house.central.stop()
    old = lost(site, marta)
    assert site.south.tap(site.bands["luca"]) == "entered", "it cannot know yet"
    new = replaced(site, marta, old)
    assert site.north.tap(site.bands["nuovo"]) == "entered", "the new band works at once where it was given"
    assert site.north.tap(site.bands["nuovo"]) in USED
    assert site.south.tap(site.bands["nuovo"]) == "band_unlinked", "and is sent to staff elsewhere"
    site.house.reopen(tmp_path / "central.db")
    for gate, desk in ((site.south, south), (site.north, marta)):
        until(lambda at=gate: at.tap(site.bands["luca"]) == "band_replaced", CONTACT_S_MAX)
        until(lambda at=desk: alarming(at) == {"band_replaced", "duplicate_offline"}, TOLD_S_MAX)
    assert site.south.tap(site.bands["nuovo"]) in USED
    until(lambda: raised(site) == {"band_replaced": 2, "duplicate_offline": 1}, TOLD_S_MAX)
    seen_at_central(site, old, new)
