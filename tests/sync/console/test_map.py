"""The live map: who is inside each zone, how each point's device is, and every table of it as a file."""

from __future__ import annotations

import csv
import io

import pytest

from edge.core.places import Direction, Layout, Point, PointKind, Zone
from sync.central import sites
from sync.central.machines import devices
from sync.central.registry import layout
from sync.central.store import Store
from sync.wire import DeviceReport, ReaderState
from tests.sync.builders import SITE, Clockwork, a_device
from tests.sync.console.desk import HOME, Browser, a_browser, an_operator

ZONES = (
    Zone(id="park", names={"en": "The park"}, capacity_max=400),
    Zone(id="pool", parent="park", names={"en": "The pool"}, capacity_max=100),
)
POINTS = (
    Point(id="gate-1", kind=PointKind.GATE, zone="park", to_zone="park", direction=Direction.BOTH),
    Point(id="pool-1", kind=PointKind.ATTRACTION, zone="park", to_zone="pool"),
    Point(id="bar-1", kind=PointKind.TILL, zone="pool"),
)


@pytest.fixture
def browser(small_store: Store) -> Browser:
    an_operator(small_store)
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE, name="Parco Aurora")
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        for thing in (*ZONES, *POINTS):
            layout.put_thing(tx, SITE, thing)
        layout.publish_layout(tx, SITE)
    return a_browser(small_store, "olga")


def told(store: Store, *points: str, **said: object) -> str:
    """A device that keeps these points and was heard just now; returns its id."""
    one, _ = a_device(store, points=points)
    report = DeviceReport(device=one.id, boot="b", **said)  # type: ignore[arg-type]  # fields by name
    with store.transaction() as tx:
        devices.heard(tx, SITE, one.id, report=report)
    return one.id


def table(browser: Browser, path: str) -> list[list[str]]:
    text = browser.get(path).text.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text)))[1:]


def test_each_zone_shows_the_people_that_all_its_devices_let_in(browser: Browser, small_store: Store) -> None:
    told(small_store, "gate-1", inside={"park": 160})
    told(small_store, "pool-1", inside={"park": -5, "pool": 95})

    page = browser.says(f"{HOME}/map")

    assert "155 of 400 inside" in page
    assert "Almost full 95 of 100 inside" in page
    assert table(browser, f"{HOME}/map?file=map") == [
        ["The park", "155", "400", "38 %", "2", "0"],
        ["The pool", "95", "100", "95 %", "0", "0"],
    ]


def test_a_point_says_how_its_device_is_and_which_has_none(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    told(small_store, "gate-1", outbox=7, outbox_age_ms=400_000)
    told(small_store, "pool-1")

    page = browser.says(f"{HOME}/map")
    assert "gate-1 gate · gate · to look at" in page
    assert "pool-1 attraction → The pool · gate · well" in page
    assert "bar-1 till · no device" in page
    assert "Oldest event to send 6 min" in page

    clock.ms += 120_000
    assert "pool-1 attraction → The pool · gate · offline" in browser.says(f"{HOME}/map")


def test_a_reader_that_is_not_well_is_told_at_its_own_point_only(
    browser: Browser, small_store: Store
) -> None:
    deaf = ReaderState(device="radio", kind="radio", state="degraded", reason="deaf", point="bar-1")
    told(small_store, "gate-1", "bar-1", readers=(deaf,))

    page = browser.says(f"{HOME}/map")
    assert "gate-1 gate · gate · well" in page
    assert "bar-1 till · gate · to look at" in page


def test_before_any_device_has_spoken_nobody_is_said_to_be_nowhere(browser: Browser) -> None:
    page = browser.says(f"{HOME}/map")
    assert "\u2013 of 400 inside" in page
    assert table(browser, f"{HOME}/map?file=map")[0][:3] == ["The park", "", "400"]


def test_devices_and_sites_are_files_too(browser: Browser, small_store: Store) -> None:
    bad = ReaderState(device="left", kind="nfc", state="lost", reason="unplugged")
    one = told(small_store, "gate-1", version="1.2", outbox=3, outbox_age_ms=61_000, readers=(bad,))

    assert table(browser, f"{HOME}/devices.csv") == [
        [one, "gate", "Online", "0 s ago", "3", "1 min ago", "1.2", "gate-1", "Reader left: unplugged."]
    ]
    assert table(browser, "/console/sites.csv") == [
        [SITE, "Parco Aurora", "0", "1", "1", "1", "", "3", "1 min ago"]
    ]
