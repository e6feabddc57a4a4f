"""Holds at a till in a real browser: set aside, taken whole or for less, released, ended by time."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from playwright.sync_api import expect

from edge.core.events import Kind
from edge.core.payment.bodies import HoldEnded
from edge.core.payment.sale import SPLIT_MS_MAX
from kiosk.texts import LANGUAGES
from tests.kiosk.counters import LARGE, SMALL, Counter, axe_of, bill, bodies, menu, printed, reason
from tests.kiosk.till_park import Till
from tests.service.purses import TILL, a_grant, a_guest, granted, left, second_band

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.fixture
def counter(counter: Counter) -> Counter:
    """Giulia has twenty euros here."""
    a_guest(counter.till.edge)
    granted(counter.till.edge)
    return counter


def held(counter: Counter) -> str:
    """Set that aside on Giulia's band; return its op_id."""
    bill(counter)
    counter.page.keyboard.press("F4")
    counter.state("await_tap")
    assert "only set aside" in counter.page.inner_text("#state")
    expect(counter.guest.locator("#word")).to_contain_text("solo messo da parte")
    counter.tap()
    counter.state("held")
    return counter.till.edge.service.basket(TILL).op_id


def test_a_tab_is_set_aside_beside_other_sales_and_taken_for_less(counter: Counter) -> None:
    edge, page = counter.till.edge, counter.page
    held(counter)
    assert left(edge) < 2_000
    counter.press("receipt")
    expect(page.locator("#said")).to_have_text("Printed")
    assert printed(counter)[0].kind == "hold"
    page.keyboard.press("Enter")
    counter.add("Coffee", "Cappuccino")
    menu(counter, "Set aside")
    expect(page.locator("#sheet .payment")).to_have_count(1)
    expect(page.locator("#sheet .payment")).to_contain_text("Giulia")
    page.click("#sheet [data-act='less']")
    page.click(".piece:has-text('Cappuccino')")
    page.click("#sheet button.primary:has-text('Take €2.20 here')")
    expect(page.locator("#sheet")).to_contain_text("Nothing is set aside")
    (ended,) = bodies(counter, Kind.CAPTURED, HoldEnded)
    assert (ended.state, ended.captured_minor) == ("captured", 220)
    assert left(edge) == 1_780
    page.click("#sheet-close")
    expect(page.locator(".bill-line")).to_have_count(1)
    menu(counter, "Latest payments")
    expect(page.locator("#sheet .payment")).to_contain_text("€2.20")


def test_what_a_tab_was_for_is_rung_up_and_taken_from_it(counter: Counter) -> None:
    op_id = held(counter)
    counter.press("next")
    counter.add("Kitchen", "Fries")
    menu(counter, "Set aside")
    counter.page.click("#sheet [data-act='bill']")
    counter.state("approved")
    view = counter.till.edge.service.basket(TILL)
    assert (view.op_id, [line.item for line in view.lines]) == (op_id, ["patatine"])
    expect(counter.page.locator("#sheet[open]")).to_have_count(0)


def test_for_how_long_it_is_set_aside_is_chosen_by_keys_and_a_day_if_nobody_does(counter: Counter) -> None:
    page, keys = counter.page, counter.page.keyboard
    counter.add("Coffee", "Cappuccino")
    keys.press("F4")
    counter.state("await_tap")
    expect(page.locator("#state")).to_contain_text("only set aside · 1 day")
    keys.press("F4")
    expect(page.locator("#sheet :focus")).to_have_text("1 day")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("#sheet[open]", state="detached")
    expect(page.locator("#state")).to_contain_text("only set aside · 1 week")
    before = counter.till.edge.clock.now_ms()
    counter.tap()
    counter.state("held")
    until_ms = counter.till.edge.service.basket(TILL).until_ms
    assert until_ms is not None
    assert until_ms - before == pytest.approx(7 * 86_400_000, abs=60_000)


def test_another_band_sets_it_aside_for_as_long_as_was_chosen(counter: Counter) -> None:
    counter.add("Kitchen", "Pizza")
    counter.press("hold")
    counter.state("await_tap")
    counter.press("hold_until")
    counter.page.click("#sheet button:has-text('4 hours')")
    counter.page.wait_for_selector("#sheet[open]", state="detached")
    counter.tap(second_band(counter.till.edge))
    counter.press("another")
    counter.state("await_tap")
    expect(counter.page.locator("#state")).to_contain_text("4 hours")


def test_a_hold_is_taken_whole_or_released_from_its_panel(counter: Counter) -> None:
    held(counter)
    counter.press("release")
    counter.state("given_up")
    assert left(counter.till.edge) == 2_000
    counter.press("next")
    op_id = held(counter)
    counter.press("capture")
    counter.state("approved")
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    receipt, _ = printed(counter)
    assert (receipt.kind, receipt.op_id) == ("sale", op_id)


def test_a_deposit_of_one_piece_is_taken_for_a_lower_amount(counter: Counter) -> None:
    counter.add("Coffee", "Cappuccino")
    counter.press("hold")
    counter.state("await_tap")
    counter.tap()
    counter.state("held")
    menu(counter, "Set aside")
    counter.page.click("#sheet [data-act='less']")
    counter.page.wait_for_selector("#amount[open]")
    counter.page.keyboard.type("0.80")
    counter.page.keyboard.press("Enter")
    counter.state("approved")
    (ended,) = bodies(counter, Kind.CAPTURED, HoldEnded)
    assert ended.captured_minor == 80
    assert left(counter.till.edge) == 1_920


def test_a_basket_that_is_partly_paid_says_until_when_and_then_gives_back(chromium: Any, till: Till) -> None:
    a_guest(till.edge)
    granted(till.edge, a_grant(420))
    counter = Counter(chromium, till)
    counter.open_shift()
    counter.add("Kitchen", "Pizza")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("short")
    counter.press("part")
    counter.state("partly_paid")
    assert "until" in counter.page.inner_text("#state")
    till.edge.hands.forward(ms=SPLIT_MS_MAX + 1)
    till.edge.service._holds.expire()
    counter.state("voided")
    assert left(till.edge) == 420
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    assert printed(counter)[0].total_minor == -420
    counter.page.context.close()
    counter.guest.context.close()


class Looker:
    """Both sides of a counter, looked at after each step of somebody who sets aside and takes back."""

    def __init__(self, counter: Counter) -> None:
        self.counter, self.found = counter, list[str]()

    def look(self) -> None:
        """Note what axe finds, and that nothing is cut off at the side."""
        self.found += axe_of(self.counter)
        for page in (self.counter.page, self.counter.guest):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def awaits_a_hold(self) -> None:
        """Ring up one thing that the next band only sets aside."""
        self.counter.page.click("#groups button >> nth=2")
        self.counter.page.click(".tile >> nth=3")
        self.counter.page.wait_for_selector(".bill-line")
        self.counter.press("hold")
        self.counter.state("await_tap")

    def asks_how_long(self) -> None:
        """Look at the lengths, and take the one that stands."""
        self.counter.press("hold_until")
        self.look()
        self.counter.page.keyboard.press("Enter")
        self.counter.page.wait_for_selector("#sheet[open]", state="detached")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["1024", "1280"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_neither_side_has_a_barrier_when_something_is_set_aside_or_taken_back(
    chromium: Any, till: Till, language: str, size: Any
) -> None:
    a_guest(till.edge)
    granted(till.edge, a_grant(5_000))
    counter = Counter(chromium, till, locale=language, size=size)
    counter.guest.goto(f"{till.url}/till/{TILL}/guest?lang={language}")
    counter.open_shift()
    looker = Looker(counter)
    looker.awaits_a_hold()
    looker.asks_how_long()
    counter.tap()
    counter.state("held")
    looker.look()
    counter.press("capture")
    counter.state("approved")
    counter.page.click("#more")
    counter.page.click("#sheet .menu button >> nth=0")
    counter.page.wait_for_selector("#sheet [data-act='lines']")
    looker.look()
    counter.page.click("#sheet [data-act='lines']")
    counter.page.click(".piece >> nth=0")
    looker.look()
    reason(counter)
    counter.page.wait_for_selector("[data-act='slip'], [data-act='slip_void']")
    looker.look()
    assert looker.found == []
    counter.page.context.close()
    counter.guest.context.close()
