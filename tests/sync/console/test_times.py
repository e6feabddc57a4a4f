"""Times at the console: opened in a row, seen with who came, and never by what is no time."""

from __future__ import annotations

import itertools

import pytest

from edge.core.entitlements import Product
from edge.core.places import Point, PointKind
from edge.core.slots import Slot
from sync.central.machines import devices
from sync.central.near import slots
from sync.central.registry import layout
from sync.central.store import Store
from sync.wire import DeviceReport
from tests.sync.builders import SITE, a_device
from tests.sync.console.desk import HOME, Browser, an_admin

RIDE = Point(id="flight", kind=PointKind.ATTRACTION, zone="park", names={"en": "Flight"})
FORM = {
    "point": "flight",
    "product": "ride",
    "first_time": "2030-07-01T10:00",
    "minutes": "30",
    "times": "3",
    "places": "40",
    "at_kiosks": "5",
}


@pytest.fixture
def olga(small_store: Store) -> Browser:
    """An admin's browser before a park with a ride, and three devices, two of them at its kiosk."""
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        layout.put_thing(tx, SITE, RIDE)
        layout.put_thing(tx, SITE, Point(id="hall", kind=PointKind.KIOSK, zone="park"))
        layout.put_thing(tx, SITE, Product(id="ride", names={"en": "Ride"}))
    for points in (("hall", "flight"), ("hall",), ("flight",)):
        a_device(small_store, points=points)
    return browser


def opened(store: Store) -> tuple[Slot, ...]:
    with store.reading() as tx:
        return slots.slots(tx, SITE)


def test_times_in_a_row_are_opened_seen_and_raised(olga: Browser, small_store: Store) -> None:
    assert "No time to come" in olga.says(f"{HOME}/times")
    assert olga.post(f"{HOME}/times/new", **FORM).status_code == 303
    found = opened(small_store)
    assert [one.capacity_max for one in found] == [40, 40, 40]
    assert [later.start_ms - one.end_ms for one, later in itertools.pairwise(found)] == [0, 0]
    assert [sorted(one.shares.values()) for one in found] == [[2, 3]] * 3, (
        "each kiosk gives its own part away"
    )
    page = olga.says(f"{HOME}/times")
    assert "Flight Ride 2030-07-01 10:00:00 2030-07-01 10:30:00 40 0 5" in page
    assert "Flight · 2030-07-01 10:00:00 0 / 40" in page, "how full a time is can be looked at"
    assert olga.post(f"{HOME}/times/new", **FORM | {"times": "1", "places": "60"}).status_code == 303
    assert [one.capacity_max for one in opened(small_store)] == [60, 40, 40]
    assert "opened times" in olga.says(f"{HOME}/acts")
    assert olga.get(f"{HOME}/times.csv").text.count("Flight") == 3


def test_who_came_at_a_time_is_counted_over_the_gates(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/times/new", **FORM | {"times": "1"})
    [one] = opened(small_store)
    with small_store.transaction() as tx:
        for device, come in zip(devices.devices(tx, SITE), (7, 0, 4), strict=True):
            devices.heard(
                tx, SITE, device.id, report=DeviceReport(device=device.id, boot="b", taken={one.key: come})
            )
    assert "40 11 5" in olga.says(f"{HOME}/times")


@pytest.mark.parametrize(
    "wrong",
    [
        {"point": "nowhere"},
        {"product": ""},
        {"first_time": ""},
        {"first_time": "tomorrow"},
        {"minutes": "0"},
        {"times": "1000"},
        {"places": "-1"},
        {"at_kiosks": "41"},
    ],
)
def test_what_is_no_time_is_refused(olga: Browser, small_store: Store, wrong: dict[str, str]) -> None:
    assert olga.post(f"{HOME}/times/new", **FORM | wrong).status_code == 422
    assert opened(small_store) == ()


def test_places_at_kiosks_need_a_kiosk(small_store: Store) -> None:
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        layout.put_thing(tx, SITE, RIDE)
        layout.put_thing(tx, SITE, Product(id="ride"))
    assert browser.post(f"{HOME}/times/new", **FORM).status_code == 422
    assert browser.post(f"{HOME}/times/new", **FORM | {"at_kiosks": ""}).status_code == 303


def test_more_times_than_fit_stand_on_further_pages(olga: Browser, small_store: Store) -> None:
    for at in range(2):
        form = FORM | {"first_time": f"2030-07-0{at + 1}T00:00", "minutes": "10", "times": "100"}
        assert olga.post(f"{HOME}/times/new", **form).status_code == 303
    assert olga.get(f"{HOME}/times.csv").text.count("Flight") == 200
    assert olga.get(f"{HOME}/times").text.count("<td>Flight</td>") == 100
