"""Slips and voids by line at a till in a real browser: each button, each slip true by the chain."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from playwright.sync_api import expect

from edge.core.events import Kind
from edge.core.payment.bodies import RefundAsked, Voided
from edge.payviews import BasketState
from hardware.port import PaperFault
from tests.kiosk.counters import Counter, bodies, menu, printed, reason, sold
from tests.kiosk.till_park import Till
from tests.service.purses import TILL, a_guest, granted, left

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


@pytest.fixture
def counter(counter: Counter) -> Counter:
    """Giulia has twenty euros here."""
    a_guest(counter.till.edge)
    granted(counter.till.edge)
    return counter


def test_single_lines_are_taken_back_from_the_list_with_their_tax_and_a_slip(counter: Counter) -> None:
    sold(counter)
    page = counter.page
    menu(counter, "Latest payments")
    page.click("#sheet [data-act='lines']")
    page.wait_for_selector("#reason[open]")
    page.click("#reason-chips button >> nth=0")
    page.click("#reason-do")
    expect(page.locator("#reason-wrong")).to_have_text("Choose at least one line")
    page.click(".piece:has-text('Cappuccino')")
    expect(page.locator(".piece:has-text('Cappuccino')")).to_contain_text("1 of 2")
    page.click("#reason-do")
    page.wait_for_selector("#reason[open]", state="detached")
    (voided,) = bodies(counter, Kind.PAYMENT_VOIDED, Voided)
    assert [(line.line, line.quantity, line.gross_minor, line.tax_minor) for line in voided.lines] == [
        (0, 1, 220, 20)
    ]
    page.wait_for_selector("#sheet[open]", state="detached")
    expect(page.locator(".bill-line:has-text('Cappuccino')")).to_contain_text("€2.20 back")
    counter.press("slip")
    expect(page.locator("#said")).to_have_text("Printed")
    receipt, rows = printed(counter)
    assert (receipt.kind, receipt.total_minor) == ("void", -220)
    assert ("Cappuccino", "-€2.20") in [(left.removeprefix("-1 x €2.20  "), right) for left, right in rows]


def test_a_void_of_an_earlier_sale_leaves_the_bill_that_stands(counter: Counter) -> None:
    op_id = sold(counter)
    counter.press("next")
    counter.add("Coffee", "Cappuccino")
    menu(counter, "Latest payments")
    counter.page.click("#sheet [data-act='void']")
    reason(counter)
    counter.page.wait_for_selector("#sheet [data-act='slip_void']")
    assert counter.page.locator("#sheet [data-act='void']").count() == 0
    assert counter.till.edge.service.basket(TILL).op_id != op_id
    assert left(counter.till.edge) == 2_000
    counter.page.click("#sheet [data-act='slip_void']")
    counter.till.press.fails = PaperFault.PAPER_OUT
    counter.page.click("#sheet button:has-text('Print receipt')")
    counter.page.wait_for_selector("#sheet .code svg")
    counter.till.press.fails = None
    counter.page.click("#sheet-close")
    expect(counter.page.locator(".bill-line")).to_have_count(1)
    expect(counter.guest.locator(".bill-line")).to_have_count(1)
    counter.guest.wait_for_selector("body[data-phase='basket']")


def test_a_payment_that_waits_for_its_own_band_offers_to_be_left_paid_and_nothing_else(
    counter: Counter,
) -> None:
    op_id = sold(counter)
    counter.press("undo")
    counter.state("await_tap")
    panel = counter.page.locator("#state")
    expect(panel).to_contain_text("The guest holds the same band to the reader")
    expect(panel).to_contain_text("goes back")
    expect(counter.page.locator("#acts button")).to_have_text(["Leave it paid"])
    expect(counter.page.locator(".bill-line .step")).to_have_count(0)
    counter.page.keyboard.press("Escape")
    counter.state("approved")
    assert bodies(counter, Kind.PAYMENT_VOIDED, Voided) == []
    counter.press("undo")
    counter.tap()
    counter.state("voided")
    assert [one.op_id for one in bodies(counter, Kind.PAYMENT_VOIDED, Voided)] == [op_id]


def test_enter_goes_on_with_the_bill_once_a_sheet_is_closed(counter: Counter) -> None:
    counter.page.click("#more")
    counter.page.click("#sheet-close")
    expect(counter.page.locator("#find")).to_be_focused()
    counter.add("Coffee", "Cappuccino")
    counter.page.click("#more")
    counter.page.keyboard.press("Escape")
    expect(counter.page.locator("#find")).to_be_focused()
    counter.page.keyboard.press("Enter")
    counter.state("await_tap")


def test_whoever_walks_around_takes_back_out_of_the_drawer_of_the_till_they_stand_at(
    chromium: Any, till: Till
) -> None:
    counter = Counter(chromium, till, cookie=till.cookie("dora", at="gate"))
    counter.open_shift()
    counter.add("Coffee", "Cappuccino")
    counter.press("cash")
    counter.page.wait_for_selector("#amount[open]")
    counter.page.keyboard.press("Enter")
    counter.state("approved")
    counter.press("void")
    reason(counter)
    counter.state("voided")
    assert [one.point for one in bodies(counter, Kind.PAYMENT_VOIDED, Voided)] == [TILL]
    view = till.edge.service.shifts.view(TILL, whole=True)
    assert view.takings is not None
    assert view.takings.cash_sales_minor == view.takings.cash_back_minor == 220
    counter.page.context.close()
    counter.guest.context.close()


def test_a_refund_has_a_slip_that_says_when_the_money_is_back(chromium: Any, till: Till) -> None:
    a_guest(till.edge)
    granted(till.edge)
    counter = Counter(chromium, till, cookie=till.cookie("dora"))
    counter.open_shift()
    sold(counter)
    menu(counter, "Latest payments")
    counter.page.click("#sheet [data-act='refund']")
    reason(counter)
    menu(counter, "Latest payments")
    counter.page.click("#sheet [data-act='slip_refund']")
    counter.page.click("#sheet button:has-text('Print receipt')")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    receipt, rows = printed(counter)
    assert receipt.kind == "refund"
    assert any("after the next sync" in left for left, _ in rows)
    counter.page.context.close()
    counter.guest.context.close()


def test_single_lines_are_refunded_from_the_list_and_not_offered_again(
    counter: Counter, chromium: Any
) -> None:
    op_id = sold(counter)
    asked = Counter(chromium, counter.till, cookie=counter.till.cookie("dora"))
    menu(asked, "Latest payments")
    asked.page.click("#sheet [data-act='refund_lines']")
    asked.page.wait_for_selector("#reason[open]")
    expect(asked.page.locator("#reason-title")).to_have_text("Which lines are refunded?")
    asked.page.click(".piece:has-text('Lemonade')")
    reason(asked)
    expect(asked.page.locator("#said")).to_have_text("The refund is asked of central")
    (refund,) = bodies(counter, Kind.REFUND_ASKED, RefundAsked)
    lemonade = next(
        at for at, line in enumerate(counter.till.edge.service.basket(TILL).lines) if line.item == "limonata"
    )
    assert (refund.op_id, [(line.line, line.quantity) for line in refund.lines]) == (op_id, [(lemonade, 1)])
    menu(asked, "Latest payments")
    expect(asked.page.locator("#sheet .payment")).to_contain_text("refund asked")
    asked.page.click("#sheet [data-act='refund_lines']")
    asked.page.wait_for_selector("#reason[open]")
    expect(asked.page.locator(".piece:has-text('Lemonade')")).to_have_count(0)
    asked.page.context.close()
    asked.guest.context.close()


def test_a_top_up_and_a_pay_out_print_where_the_money_is(counter: Counter) -> None:
    page = counter.page
    menu(counter, "Top up by cash")
    page.wait_for_selector("#amount[open]")
    page.keyboard.type("15")
    page.keyboard.press("Enter")
    page.wait_for_selector("#state[data-state='cash']", state="attached")
    counter.tap()
    counter.press("receipt")
    expect(page.locator("#said")).to_have_text("Printed")
    receipt, rows = printed(counter)
    assert (receipt.kind, receipt.total_minor) == ("top_up", 1_500)
    assert ("Ready to spend here now, elsewhere after the next sync.", "") in rows
    assert counter.till.press.slips[-1].open_drawer
    page.keyboard.press("Enter")
    page.wait_for_selector("#state[data-state='idle']", state="attached")
    menu(counter, "Pay out the rest")
    page.wait_for_selector("#state[data-state='cash']", state="attached")
    counter.tap()
    counter.press("phone")
    page.wait_for_selector("#sheet .code svg")
    page.click("#sheet-close")
    counter.press("receipt")
    expect(page.locator("#said")).to_have_text("Printed")
    receipt, rows = printed(counter)
    assert (receipt.kind, receipt.total_minor) == ("cash_out", 3_500)
    assert any(left.startswith("From band") for left, _ in rows)


def test_a_closed_drawer_shows_and_prints_what_differs_and_why(counter: Counter) -> None:
    page = counter.page
    menu(counter, "Close the shift")
    page.wait_for_selector("#amount[open]")
    page.keyboard.type("99.50")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reason[open]")
    page.fill("#reason-text", "coin missing")
    page.click("#reason-do")
    page.wait_for_selector("#sheet[open]")
    told = page.inner_text("#sheet")
    for words in ("€100.00", "€99.50", "-€0.50", "Because: coin missing", "Printed"):
        assert words in told, words
    receipt, rows = printed(counter)
    assert (receipt.kind, receipt.reason) == ("shift", "coin missing")
    assert ("Difference", "-€0.50") in rows
    assert ("Because: coin missing", "") in rows
    page.click("#sheet button:has-text('Print receipt')")
    expect(page.locator("#said")).to_have_text("Copy 1 printed")
    assert ("COPY 1", "") in printed(counter)[1]


def test_where_no_shift_is_open_the_till_offers_to_open_one(chromium: Any, till: Till) -> None:
    counter = Counter(chromium, till)
    counter.page.wait_for_selector("#amount[open]")
    counter.page.click("#amount-cancel")
    counter.page.click("#groups button:has-text('Coffee')")
    counter.page.click(".tile:has-text('Cappuccino')")
    counter.page.wait_for_selector("#amount[open]")
    expect(counter.page.locator("#said")).to_contain_text("No shift is open at this till.")
    assert till.edge.service.basket(TILL).state is BasketState.IDLE
    counter.open_shift()
    counter.add("Coffee", "Cappuccino")
    counter.page.context.close()
    counter.guest.context.close()
