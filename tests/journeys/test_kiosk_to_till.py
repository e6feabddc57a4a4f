"""An offer's way: taken up at the kiosk, honoured at its till, and each step told once at central."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from edge.clock import wall_ms
from edge.run.demo.offers import open_offers
from edge.run.demo.park import load
from edge.run.demo.tray import tray
from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from sync.central.care import anew, cases, held
from sync.central.care.anew import Wanted
from sync.central.care.case import Links, Step, Told
from sync.central.care.held import Held
from sync.central.machines.devices import devices
from sync.central.money import placed
from sync.central.offers import bundles
from sync.central.store import Connection, select
from tests.conftest import FIGURES
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
LENT_S_MAX, TOLD_S_MAX, ANEW_S_MAX = 40, 20, 2


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
        without_points(tx)
    for device in (kiosk, other):
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    until(lambda: lent(house) == 2, LENT_S_MAX)
    yield Lake(house, kiosk, other, counter, tray(load(), house.master, written=set())["marco"])
    counter.close()


def without_points(tx: Connection) -> None:
    """Let the usual one earn none: what brings points goes with the band alone, and not by a code."""
    draft = bundles.draft_in_force(tx, SITE)
    offers = (replace(one, points_earned=0) if one.id == OFFER else one for one in draft.bundle.offers)
    bundle = replace(draft.bundle, version=0, offers=tuple(offers))
    version = bundles.make(tx, SITE, replace(draft, bundle=bundle), by="olga").version
    bundles.review(tx, SITE, version, by="otto")
    bundles.go_live(tx, SITE, version, by="olga")


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

    def scans(self, code: str) -> int:
        """A coupon for a cappuccino, and cash for the rest; returns what it took off, 0: it was refused."""
        op_id = f"scan-{secrets.token_hex(6)}"
        self.desk.post(f"till/{TILL}/ring", op_id=op_id, pieces=[{"id": "cappuccino", "n": 1}])
        if self.desk.ask(f"till/{TILL}/coupon", op_id=op_id, code=code).status_code != 200:
            self.desk.post(f"till/{TILL}/give-up", op_id=op_id)
            return 0
        bill = self.desk.snapshot(f"till-{TILL}")["basket"]
        self.desk.post(f"till/{TILL}/cash", op_id=op_id, minor=bill["due_minor"])
        return off(bill)


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


def test_a_coupon_is_made_anew_for_another_till_once_its_home_has_voided_it(
    lake: Lake, chromium: Any, record_property: Any
) -> None:
    """Care asks; the kiosk's own process voids what Marco took up, and one till alone takes the new one."""
    page = a_kiosk(chromium, lake.here)
    assert lake.here.tap(lake.marco) == "identified"
    page.get_by_role("button", name="Cappuccino come sempre").click()
    page.get_by_role("button", name="Lo prendo").click()
    page.get_by_role("heading", name="È tua").wait_for()
    page.context.close()
    until(lambda: open_coupons(lake.house), TOLD_S_MAX)
    (coupon,) = open_coupons(lake.house)
    with lake.house.central.store.transaction() as tx:
        first = Told(op="c", step=Step.OPENED, at_ms=wall_ms(), word="right", links=Links(guest=coupon.guest))
        case = cases.open_case(tx, SITE, first)
        (till,) = anew.tills(tx, SITE)
        wanted = Wanted(op="again", exposure=coupon.exposure, to=till.device, by="carla")
        anew.ask(tx, SITE, case.id, wanted=wanted)
    took_s = until(lambda: made_anew(lake.house, "again"), TOLD_S_MAX)
    asked = made_anew(lake.house, "again")
    assert asked is not None
    record_property(FIGURES, f"care to a coupon made anew: {took_s:.2f} s")
    assert took_s <= ANEW_S_MAX
    here, there = Seller(lake.here, lake.counter), Seller(lake.there, lake.there.radio)
    assert off(here.sells(lake.marco)) == 0, "its home gives nothing for it any more"
    assert here.scans(asked.code) == 0, "the new one is good at one till alone"
    assert [there.scans(asked.code) for _ in range(2)] == [OFF, 0], "and there once"


def open_coupons(house: House) -> list[Held]:
    """What guests hold, as central was told."""
    with house.central.store.reading() as tx:
        people = tx.execute(select(held.held_table.c.guest_id)).scalars().all()
        return [one for one in held.open_ones(tx, SITE, people) if one.offer == OFFER]


def made_anew(house: House, op: str) -> anew.Ask | None:
    """The ask, once it has its coupon."""
    with house.central.store.reading() as tx:
        found = anew.find(tx, SITE, op)
    return found if found is not None and found.state is anew.State.ISSUED else None
