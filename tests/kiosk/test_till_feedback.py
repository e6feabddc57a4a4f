"""What follows a sale, in a real browser: how it was, at the till or by phone, and a coupon at the next."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

import msgspec
from playwright.sync_api import expect

from edge import remarks
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.core.offers import Effect, Level
from edge.core.profiles import RemarkKey
from edge.service.near.feedback import GIVEN
from tests.barriers import barriers
from tests.kiosk.counters import Counter, axe_of
from tests.service.offered import a_fan, an_offer, budget, published, took
from tests.service.purses import TILL, a_guest, granted
from tests.service.test_near import told

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


def sold(counter: Counter) -> str:
    counter.add("Coffee", "Cappuccino")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("approved")
    return counter.till.edge.service.basket(TILL).op_id


def test_the_guests_side_asks_how_it_was_and_sends_somebody_who_is_wanted(counter: Counter) -> None:
    a_guest(counter.till.edge)
    granted(counter.till.edge)
    sold(counter)
    expect(counter.guest.locator("#ask .face")).to_have_count(5)
    assert axe_of(counter) == []
    counter.guest.locator("#ask .face").first.click()
    counter.guest.locator("#ask .call button").first.wait_for()
    assert axe_of(counter) == []
    counter.guest.locator("#ask .call button").first.click()
    expect(counter.guest.locator("#ask")).to_contain_text("Grazie")
    assert [call.reason for call in counter.till.edge.service.help_calls()] == ["feedback"]
    assert counter.guest.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


def test_the_phone_that_shows_a_receipt_says_how_it_was_once(counter: Counter, chromium: Any) -> None:
    edge = counter.till.edge
    a_guest(edge)
    granted(edge)
    op_id = sold(counter)
    staff = counter.till.desk.house.staff.sign_in("carla", "2468", TILL)
    phones = [edge.service.receipts.to_phone(staff, op_id) for _ in range(3)]
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()
    for token in phones[:2]:  # the second was opened before the first had spoken
        phone.goto(f"{counter.till.url}/q/{token}")
        expect(phone.locator(".face .ring")).to_have_count(5)
        assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert barriers(phone) == []
    phone.get_by_role("button", name="Very bad").click()
    phone.get_by_role("button", name="No, thank you").click()
    expect(phone.get_by_role("status")).to_have_text("Thank you, this truly helps")
    assert len(edge.sequencer.submit(lambda tx: tx.rows(GIVEN))) == 1
    assert edge.service.help_calls() == ()
    phone.goto(f"{counter.till.url}/q/{phones[2]}")
    phone.locator("h1").wait_for(state="attached")
    assert phone.locator("#ask").count() == 0, "nobody is asked twice about one purchase"
    phone.context.close()


def test_a_few_words_go_with_the_face_and_a_card_number_can_be_taken_out(
    counter: Counter, chromium: Any
) -> None:
    edge = counter.till.edge
    private, public = remarks.new_pair()
    told(edge, ("remarks", "", RemarkKey(owner="s:1", public=public)))
    a_guest(edge)
    granted(edge)
    op_id = sold(counter)
    staff = counter.till.desk.house.staff.sign_in("carla", "2468", TILL)
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="it-IT").new_page()
    phone.goto(f"{counter.till.url}/q/{edge.service.receipts.to_phone(staff, op_id)}")
    own = phone.get_by_role("textbox")
    own.fill("La carta 4000 0000 0000 0002, da Carla")
    phone.get_by_role("button", name="Bene", exact=True).click()
    expect(phone.get_by_role("status")).to_contain_text("Non inviato")
    expect(own).to_be_focused()
    assert barriers(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    own.fill("Il caffè di Carla era freddo")
    phone.get_by_role("button", name="Bene", exact=True).click()
    expect(phone.get_by_role("status")).to_contain_text("Grazie")
    (event,) = [one for one in edge.journal.range(0, 0) if one.kind == Kind.FEEDBACK_GIVEN]
    sealed = msgspec.msgpack.decode(event.body, type=FeedbackGiven).sealed
    assert sealed is not None
    kept = remarks.opened(sealed, private, Kind.FEEDBACK_GIVEN, band=event.band)
    assert kept == "Il caffè di [name] era freddo"
    phone.context.close()


def test_a_coupon_is_scanned_once_and_the_second_time_is_told_when_and_where(counter: Counter) -> None:
    edge = counter.till.edge
    coffee = Effect(off_minor=150, articles=("cappuccino",), units=1)
    published(edge, an_offer("coffee-less", effect=coffee))
    budget(edge)
    code = took(edge, a_fan(edge).band.id, "coffee-less").code
    counter.add("Coffee", "Cappuccino")
    scanned(counter, code)
    expect(counter.page.locator("#sums")).to_contain_text("\u20ac0.70")
    counter.press("cash")
    counter.page.wait_for_selector("#amount[open]")
    counter.page.keyboard.press("Enter")
    counter.state("approved")
    first = edge.service.basket(TILL)
    assert first.lines[0].off_minor == 150
    counter.page.keyboard.press("Escape")
    counter.add("Coffee", "Cappuccino")
    scanned(counter, code)
    expect(counter.page.locator("#said")).to_contain_text("used at till, 20")
    assert edge.service.basket(TILL).lines[0].off_minor == 0


def test_a_purchase_brings_a_coupon_on_paper_and_phone_that_is_the_same_and_lowers_the_next(
    counter: Counter, chromium: Any
) -> None:
    edge = counter.till.edge
    less = Effect(level=Level.COUPON, off_minor=150, articles=("cappuccino",))
    published(edge, an_offer("coffee-again", effect=less, public=True, points=(TILL,)))
    budget(edge)
    a_guest(edge)
    granted(edge)
    op_id = sold(counter)
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_contain_text("Copy 1")
    first, copy = counter.till.press.slips
    assert first.coupon == copy.coupon != ""
    assert "A coupon for you" in [row.left for row in first.below]
    staff = counter.till.desk.house.staff.sign_in("carla", "2468", TILL)
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB").new_page()
    phone.goto(f"{counter.till.url}/q/{edge.service.receipts.to_phone(staff, op_id)}")
    shown = phone.get_by_role("region", name="A coupon for you")
    expect(shown).to_contain_text("Sconto coffee-again")
    expect(shown.get_by_role("img", name="The coupon's code")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert barriers(phone) == []
    counter.page.keyboard.press("Escape")
    counter.add("Coffee", "Cappuccino")
    scanned(counter, first.coupon)
    expect(counter.page.locator("#sums")).to_contain_text("\u20ac0.70")
    phone.goto(f"{counter.till.url}/q/{edge.service.receipts.to_phone(staff, op_id)}")
    expect(shown).to_contain_text("The coupon of this purchase was used.")
    expect(shown.get_by_role("img")).to_have_count(0)
    phone.context.close()


def scanned(counter: Counter, code: str) -> None:
    """A scanner types what it reads, and ends it with Enter."""
    counter.page.locator("#find").focus()
    counter.page.keyboard.insert_text(code)
    counter.page.keyboard.press("Enter")
