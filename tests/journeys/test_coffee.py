"""A newcomer opens the demo park and buys a coffee: by hand, in a real browser, with paper in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from edge.run.demo.park import load
from tests.journeys.park import Park, a_park, until
from tests.kiosk.conftest import chromium

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(120)]
MINUTE_S = 60
__all__ = ["chromium"]


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with a_park(Path(tmp_path_factory.mktemp("coffee")) / "park") as opened:
        yield opened


def signed_in(page: Any) -> None:
    """Carla signs in at the till and counts a float of a hundred euros, where no shift is open yet."""
    carla = next(one for one in load().staff if tuple(one.roles) == ("till",))
    page.fill("#who", carla.id)
    for digit in carla.pin:
        page.click(f'#pad button:text-is("{digit}")')
    page.click("#pad .primary")
    page.wait_for_selector("#amount[open]")
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    page.wait_for_selector("#amount[open]", state="detached")


def test_a_newcomer_buys_a_coffee_within_a_minute(park: Park, chromium: Any) -> None:
    assert park.said["till"] == f"{park.edge}/till/bar-1"
    began = time.monotonic()
    till, guest = (
        chromium.new_context(locale="en-GB", viewport={"width": 1366, "height": 768}).new_page()
        for _ in range(2)
    )
    guest.goto(park.said["till_guest"])
    till.goto(park.said["till"])
    signed_in(till)
    till.click(".tile:has-text('Espresso')")
    till.click("[data-act='pay']")
    till.wait_for_selector("#state[data-state='await_tap']", state="attached")
    assert park.tap("giulia", "bar-1")["reason"] == "paid"
    till.wait_for_selector("#state[data-state='approved']", state="attached")
    guest.wait_for_selector("body[data-phase='approved']")
    assert "1,50" in guest.inner_text("#figure")
    _prints_when_the_printer_can(park, till)
    assert time.monotonic() - began < MINUTE_S


def _prints_when_the_printer_can(park: Park, till: Any) -> None:
    """A pulled cable undoes no sale: the guest's phone is offered the receipt, and paper comes later."""
    park.post("printer", printer="printer-bar-1", plugged=False)
    till.click("[data-act='receipt']")
    till.wait_for_selector("#sheet[open] svg")
    till.click("#sheet-close")
    assert park.state()["printers"][0]["slips"] == []
    park.post("printer", printer="printer-bar-1", plugged=True)
    till.click("[data-act='receipt']")
    until(lambda: park.state()["printers"][0]["slips"], 10)
    (slip,) = park.state()["printers"][0]["slips"]
    assert any("Espresso" in row["text"] for row in slip["rows"])
    assert slip["code"].startswith("polso:receipt:")
    park.post("reset")
    assert park.state()["printers"][0]["slips"] == []


def test_an_unknown_printer_is_named_with_what_there_is(park: Park) -> None:
    answer = park.post("printer", printer="laser", plugged=True)
    assert answer.status_code == 404
    assert "printer-bar-1" in answer.json()["hint"]
