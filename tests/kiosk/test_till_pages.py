"""A till in a real browser: sold by hand and by keys, reloaded in the middle, closed with a difference."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from playwright.sync_api import expect

from edge.core.events import Kind, Lane
from edge.core.receipting import object_to
from edge.core.shift import ShiftClosed
from edge.payviews import BasketState
from hardware.port import PaperFault
from kiosk.texts import LANGUAGES
from tests.kiosk.counters import LARGE, SMALL, Counter, axe_of
from tests.kiosk.till_park import Till
from tests.service.house import OTHER_UID
from tests.service.purses import GUEST_PIN, TILL, a_grant, a_guest, granted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys())
      kept.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
  }
  return kept;
}"""
"""Every answer that the service worker of a browser keeps."""


SETTLED_COLOUR = """Promise.all(document.querySelector(".say").getAnimations().map((one) => one.finished))
  .then(() => getComputedStyle(document.querySelector(".say")).backgroundColor)"""
"""The colour of the guest's panel once it has faded in."""


def test_two_steps_basket_and_tap_then_a_receipt_that_the_chain_vouches_for(counter: Counter) -> None:
    a_guest(counter.till.edge)
    granted(counter.till.edge)
    counter.add("Coffee", "Cappuccino")
    counter.page.keyboard.press("Enter")
    counter.state("await_tap")
    counter.tap()
    counter.state("approved")
    assert "€17.80" in counter.page.inner_text("#state")
    assert "17,80" in counter.guest.inner_text("#line")
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    (slip,) = counter.till.press.slips
    assert ("Cappuccino", "€2.20") in [(row.left, row.right) for row in slip.rows]
    view = counter.till.edge.service.basket(TILL)
    receipt = counter.till.edge.service.receipts.receipt(view.op_id)
    event = counter.till.edge.journal.one(Lane.PRIORITY, receipt.seq)
    before = counter.till.edge.journal.one(Lane.PRIORITY, receipt.seq - 1)
    assert event is not None
    assert before is not None
    assert object_to(receipt, event, before=before.h) is None
    assert slip.code.endswith(event.h.hex())


def test_a_reload_in_the_middle_keeps_the_basket_and_its_op_id(counter: Counter) -> None:
    counter.add("Coffee", "Cappuccino")
    counter.add("Drinks", "Lemonade")
    before = counter.till.edge.service.basket(TILL)
    counter.page.reload()
    counter.page.wait_for_selector(".bill-line")
    assert [line.item for line in before.lines] == ["cappuccino", "limonata", "bicchiere"]
    assert counter.page.locator(".bill-line").count() == 3
    counter.page.keyboard.press("Escape")
    counter.page.evaluate("document.querySelector('dialog[open]')?.close()")
    counter.add("Kitchen", "Fries")
    after = counter.till.edge.service.basket(TILL)
    assert (after.op_id, len(after.lines)) == (before.op_id, 4)


def test_a_printer_that_is_pulled_undoes_no_sale_and_the_phone_gets_the_receipt_once(
    counter: Counter, chromium: Any
) -> None:
    counter.till.press.fails = PaperFault.LOST
    counter.add("Coffee", "Cappuccino")
    counter.press("cash")
    counter.page.wait_for_selector("#amount[open]")
    counter.page.keyboard.press("Enter")
    counter.state("approved")
    counter.press("receipt")
    counter.page.wait_for_selector("#sheet[open] .code svg")
    assert "The sale stands" in counter.page.inner_text("#said")
    assert counter.till.edge.service.basket(TILL).state is BasketState.APPROVED
    op_id = counter.till.edge.service.basket(TILL).op_id
    staff = counter.till.desk.house.staff.sign_in("carla", "2468", TILL)
    token = counter.till.edge.service.receipts.to_phone(staff, op_id)
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="de-DE").new_page()
    phone.goto(f"{counter.till.url}/q/{token}")
    assert "Cappuccino" in phone.inner_text("main")
    assert phone.goto(f"{counter.till.url}/q/{token}").status == 404
    phone.context.close()


def test_the_pin_is_typed_on_the_guests_side_alone_and_stands_nowhere(counter: Counter) -> None:
    edge = counter.till.edge
    a_guest(edge, pin=GUEST_PIN)
    limits = msgspec.structs.replace(a_grant().limits, pin_above_minor=100)
    granted(edge, a_grant(limits=limits))
    counter.add("Coffee", "Cappuccino")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("pin")
    assert counter.page.locator(".counter polso-pad").count() == 0
    counter.guest.keyboard.type("0000")
    counter.guest.keyboard.press("Enter")
    expect(counter.guest.locator("#line")).to_contain_text("2")
    counter.guest.keyboard.type(GUEST_PIN)
    assert GUEST_PIN not in counter.guest.content()
    counter.guest.keyboard.press("Enter")
    counter.state("approved")


def test_what_is_missing_is_paid_by_another_band_and_no_reason_reaches_the_guest(counter: Counter) -> None:
    edge = counter.till.edge
    a_guest(edge)
    granted(edge, a_grant(420))
    counter.add("Kitchen", "Pizza")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("short")
    assert "Take €4.20 here" in counter.page.inner_text("#acts")
    assert "4,20" in counter.guest.inner_text("#figure")
    assert "3,60" in counter.guest.inner_text("#line")
    counter.press("part")
    counter.state("partly_paid")
    counter.tap(OTHER_UID)
    counter.page.wait_for_selector("#state[data-state='declined']", state="attached")
    counter.guest.wait_for_selector("body[data-phase='declined']")
    assert "band_unknown" not in counter.guest.content()
    assert edge.service.basket(TILL).reason is not None
    counter.press("cash")
    counter.page.wait_for_selector("#amount[open]")
    counter.page.keyboard.press("Enter")
    counter.state("approved")


def test_a_sale_by_keys_alone_with_a_scan_and_a_shift_that_ends_with_a_difference(counter: Counter) -> None:
    keys = counter.page.keyboard
    keys.type("2*8001234000011")
    keys.press("Enter")
    counter.page.wait_for_selector(".bill-line")
    keys.press("F2")
    counter.page.wait_for_selector("#amount[open]")
    keys.type("5")
    keys.press("Enter")
    counter.state("approved")
    expect(counter.page.locator("#said")).to_contain_text("€2.00")
    keys.press("Enter")
    counter.page.wait_for_selector("#state[data-state='idle']", state="attached")
    counter.page.click("#more")
    counter.page.click("#sheet button:has-text('Close the shift')")
    counter.page.wait_for_selector("#amount[open]")
    keys.type("102.50")
    keys.press("Enter")
    counter.page.wait_for_selector("#reason[open]")
    counter.page.fill("#reason-text", "coin missing")
    counter.page.click("#reason-do")
    counter.page.wait_for_selector("#reason[open]", state="detached")
    records = counter.till.edge.journal.range(Lane.PRIORITY, 0)
    (closed,) = [
        msgspec.msgpack.decode(one.body, type=ShiftClosed) for one in records if one.kind == Kind.SHIFT_CLOSED
    ]
    assert (closed.expected_minor, closed.counted_minor, closed.reason) == (10_300, 10_250, "coin missing")
    assert closed.difference_minor == -50
    assert counter.till.press.slips


def test_a_refused_band_on_the_guests_side_is_blue_and_never_red(counter: Counter) -> None:
    counter.add("Coffee", "Cappuccino")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap(OTHER_UID)
    counter.state("declined")
    colour = counter.guest.evaluate(SETTLED_COLOUR)
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    assert blue > red
    assert blue > green


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["1024", "1280"])
def test_neither_side_has_a_barrier(chromium: Any, till: Till, language: str, size: Any) -> None:
    counter = Counter(chromium, till, locale=language, size=size)
    counter.guest.goto(f"{till.url}/till/{TILL}/guest?lang={language}")
    a_guest(till.edge)
    granted(till.edge, a_grant(420))
    found = axe_of(counter)
    counter.open_shift()
    counter.page.click("#groups button >> nth=2")
    counter.page.click(".tile >> nth=3")
    counter.page.wait_for_selector(".bill-line")
    found += axe_of(counter)
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("short")
    found += axe_of(counter)
    counter.page.click("#more")
    found += axe_of(counter)
    assert found == []
    wide = "document.documentElement.scrollWidth <= innerWidth"
    assert counter.page.evaluate(wide)
    assert counter.guest.evaluate(wide)
    counter.page.context.close()
    counter.guest.context.close()


def test_no_page_that_names_a_colleague_is_kept_in_a_browser(counter: Counter) -> None:
    for page in (counter.page, counter.guest):
        page.evaluate("navigator.serviceWorker.ready")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.reload()
        page.wait_for_selector("h1", state="attached")
    assert "Carla" in counter.page.content()
    kept = counter.page.evaluate(KEPT)
    assert [path for path, text in kept if "Carla" in text or path == f"/till/{TILL}"] == []
    assert any(path.endswith("/till.js") for path, _ in kept), "the worker keeps files, so it was asked"
    assert f"/till/{TILL}/guest" in {path for path, _ in counter.guest.evaluate(KEPT)}
