"""What staff read of the site's other gates: whether they answer, and what a decision stands on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from playwright.sync_api import expect

from edge.core.site import SiteMode
from edge.health import Watched
from edge.service import Rooms
from tests.builders import a_day_ticket
from tests.kiosk.counters import Counter, axe_of
from tests.kiosk.desk_park import a_desk, serving
from tests.kiosk.test_desk_pages import Page
from tests.kiosk.till_park import a_till
from tests.service.house import UID, House, worn
from tests.service.neighbours import Book, Line
from tests.service.purses import a_grant, a_guest, granted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def neighboured(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the house to come a line to its site's book, as a configuration with nodes does."""
    rooms, watched = House._rooms, House._watched

    def mode() -> SiteMode:
        return SiteMode.AGREED if line.touch else SiteMode.ALONE

    def with_site(house: House) -> Rooms:
        return dataclasses.replace(rooms(house), site=line)

    def told(house: House) -> Watched:
        return dataclasses.replace(watched(house), site=mode)

    monkeypatch.setattr(House, "_rooms", with_site)
    monkeypatch.setattr(House, "_watched", told)


def test_staff_read_whether_the_other_gates_agreed(
    tmp_path: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(Book())
    neighboured(line, monkeypatch)
    with a_desk(tmp_path, heartbeat_s=1.0, watch_s=0.2) as desk, serving(desk) as url:
        edge = desk.edge
        edge.tell(worn(edge, name="Giulia", entitlements=(a_day_ticket(uses_max=3, reentry="free"),)))
        with Page(chromium, url) as anna:
            anna.work_as(desk, "anna", "north", "/staff/north")
            anna.sees("#pills .good", "In accordo col sito")
            edge.service.present(edge.tap(UID))
            anna.sees("#now.allow", "Concordato con gli altri varchi")
            line.touch = False
            anna.sees("#pills .aging", "Da solo: limiti propri")
            edge.hands.forward(s=60)
            edge.service.present(edge.tap(UID))
            anna.sees("#now.allow", "Deciso senza gli altri")
            assert "Concordato" not in anna.page.inner_text("#now")


def test_a_till_says_whether_others_may_pass_money_on_or_only_its_own_counts(
    tmp_path: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(Book())
    neighboured(line, monkeypatch)
    with a_till(tmp_path) as till:
        a_guest(till.edge)
        granted(till.edge, a_grant(100))
        line.lend = lambda lack: bool(
            granted(till.edge, a_grant(lack.minor, lease="part-1", serial=0)) or True
        )
        counter = Counter(chromium, till)
        counter.open_shift()
        expect(counter.page.locator("#pills .good", has_text="Agreed with the site")).to_be_visible()
        paid(counter, "approved")
        assert [lack.minor for lack in line.lacking] == [120], "just what is lacking comes from another till"
        line.touch = False
        expect(counter.page.locator("#pills .aging", has_text="Alone: own limits")).to_be_visible(
            timeout=10_000
        )
        counter.press("next")
        paid(counter, "short")
        counter.page.set_viewport_size({"width": 390, "height": 844})
        expect(counter.page.locator("#pills .aging", has_text="Alone: own limits")).to_be_visible()
        assert (len(line.lacking), counter.faults) == (1, [])
        assert axe_of(counter) == []


def paid(counter: Counter, state: str) -> None:
    counter.add("Coffee", "Cappuccino")
    counter.page.keyboard.press("Enter")
    counter.state("await_tap")
    counter.tap()
    counter.state(state)
