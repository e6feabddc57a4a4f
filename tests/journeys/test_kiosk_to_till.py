"""An offer's way: taken up at the kiosk, honoured at its till, and each step told once at central."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from edge.run.demo.offers import open_offers
from edge.run.demo.park import load
from edge.run.demo.tray import tray
from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from sync.central.machines.devices import devices
from sync.central.money import placed
from tests.journeys.desks import Console, Desk, screened
from tests.journeys.devices import SITE, Device, House, a_device
from tests.journeys.park import until
from tests.kiosk.conftest import chromium

__all__ = ["chromium"]
pytestmark = [
    pytest.mark.journey,
    pytest.mark.real("nfcpy"),
    pytest.mark.browser,
    pytest.mark.timeout(150),
]
KIOSK, TILL = "kiosk-1", "bar-1"
CAMPAIGN, OFFER = "gift:caffe", "il-solito"
BAND_COLUMN = 6
PRICE, OFF = 220, 40
"""A cappuccino, and what the usual one is less."""
LENT_S_MAX, TOLD_S_MAX = 40, 20


class Lake(NamedTuple):
    """A device with the kiosk and the till of one place, and another till of the site."""

    house: House
    here: Device
    there: Device
    counter: Field
    """What lies on the reader of the till here."""
    marco: Band


@pytest.fixture
def lake(house: House, tmp_path: Path) -> Iterator[Lake]:
    kiosk, other = (a_device(house, tmp_path / point, point) for point in (KIOSK, TILL))
    counter = Field()
    second = (
        f'name = "{TILL}"\ndriver = "nfcpy"\npoint = "{TILL}"\nsettings = {{ path = "{counter.path}" }}\n'
    )
    kiosk.config.write_text(f"{kiosk.config.read_text()}\n[[readers]]\n{second}")
    house.publish()
    with house.central.store.transaction() as tx:
        open_offers(tx, load())
    for device in (kiosk, other):
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    until(lambda: lent(house) == 2, LENT_S_MAX)
    yield Lake(house, kiosk, other, counter, tray(load(), house.master, written=set())["marco"])
    counter.close()


def lent(house: House) -> int:
    """How many devices hold some of the campaign's money."""
    with house.central.store.reading() as tx:
        rows = [placed.of_device(tx, SITE, one.id) for one in devices(tx, SITE)]
    return sum(any(row.placed.kind == CAMPAIGN and row.living for row in own) for own in rows)


def a_kiosk(chromium: Any, device: Device) -> Any:
    """The kiosk's screen in a real browser."""
    context = chromium.new_context(viewport={"width": 1080, "height": 1920}, locale="it-IT")
    context.add_cookies([screened(device, "kiosk", KIOSK)])
    page = context.new_page()
    page.goto(f"{device.screens}/k/{KIOSK}")
    until(lambda: device.figure("polso_screens") == 1, TOLD_S_MAX)
    return page


class Seller:
    """Carla behind a till."""

    def __init__(self, device: Device, reader: Field) -> None:
        self.device, self.reader, self.desk = device, reader, Desk(device, TILL, "carla")
        self.desk.post(f"till/{TILL}/shift/open", minor=10_000)

    def sells(self, band: Band) -> dict[str, Any]:
        """A cappuccino, paid by a band; returns the bill."""
        before = self.device.reasons()
        op_id = f"sale-{secrets.token_hex(6)}"
        self.desk.post(f"till/{TILL}/ring", op_id=op_id, pay=True, pieces=[{"id": "cappuccino", "n": 1}])
        self.reader.place(band)
        until(lambda: self.device.reasons() - before, TOLD_S_MAX)
        self.reader.remove()
        until(self.device.idle, 5)
        bill: dict[str, Any] = self.desk.snapshot(f"till-{TILL}")["basket"]
        assert (bill["op_id"], bill["state"]) == (op_id, "approved"), bill
        return bill


def off(bill: dict[str, Any]) -> int:
    """What offers took off a bill."""
    return sum(line.get("off_minor", 0) for line in bill["lines"])


def test_offer_taken_up_at_the_kiosk_is_honoured_at_its_till_once_and_told_once(
    lake: Lake, chromium: Any
) -> None:
    page = a_kiosk(chromium, lake.here)
    assert lake.here.tap(lake.marco) == "identified"
    tile = page.get_by_role("button", name="Cappuccino come sempre")
    tile.wait_for()
    tile.click()
    page.get_by_role("button", name="Lo prendo").click()
    page.get_by_role("heading", name="È tua").wait_for()

    there, here = Seller(lake.there, lake.there.radio), Seller(lake.here, lake.counter)
    elsewhere = there.sells(lake.marco)
    assert (off(elsewhere), elsewhere["total_minor"]) == (0, PRICE), (
        "another device cannot know that it is unused"
    )
    assert off(here.sells(lake.marco)) == OFF, "so it was not spent there"
    assert off(here.sells(lake.marco)) == 0, "and it is good once"
    page.context.close()
    for device in (lake.here, lake.there):
        until(lambda known=device: known.figure("polso_outbox_events") == 0, TOLD_S_MAX)
    rows = Console(lake.house.central).events()
    told = Counter(
        what
        for row in rows
        for what in ("shown", "taken up", "redeemed", "came back")
        if OFFER in row and f"Offer {what}" in row
    )
    assert told == {"shown": 1, "taken up": 1, "redeemed": 1}
    chosen = [row.split(",") for row in rows if "Offers chosen" in row]
    assert sum(bool(row[BAND_COLUMN]) for row in chosen) == 1, (
        "for a guest once in a visit, and for nobody when idle"
    )
