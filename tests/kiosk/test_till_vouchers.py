"""Vouchers at a till in a real browser: left out or used, and told to both sides and on the receipt."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from playwright.sync_api import expect

from edge.core.vouchers import Voucher
from tests.kiosk.counters import Counter
from tests.service.purses import a_grant, a_guest, granted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
DRINK = Voucher(kind="free_drink", percent=100, valid_until="2099-12-31")


@pytest.fixture
def counter(counter: Counter) -> Counter:
    """Giulia has two free drinks here, and money."""
    a_guest(counter.till.edge, vouchers=(DRINK,))
    drinks = a_grant(2, kind="free_drink", unit="piece", lease="lease-drink")
    granted(counter.till.edge, a_grant(), drinks)
    return counter


def test_a_free_drink_is_used_and_told_on_both_sides_and_on_paper(counter: Counter) -> None:
    counter.add("Coffee", "Cappuccino")
    expect(counter.page.locator(".bill-line.voucher")).to_contain_text("Free drink")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("approved")
    expect(counter.page.locator(".bill-line.voucher")).to_contain_text("Free drink: 1 left here")
    assert "Bibita gratis: ancora 1 qui" in counter.guest.inner_text("#line")
    assert counter.guest.inner_text("#figure").startswith("0,00"), "what was a gift was not paid"
    assert "Free drink" in counter.page.inner_text("#sums")
    counter.press("receipt")
    expect(counter.page.locator("#said")).to_have_text("Printed")
    (slip,) = counter.till.press.slips
    rows = [(row.left, row.right) for row in slip.rows]
    assert ("  Free drink", "-€2.20") in rows
    assert ("Total", "€0.00") in rows


def test_a_guest_keeps_the_drink_and_pays(counter: Counter) -> None:
    counter.add("Coffee", "Cappuccino")
    counter.page.click(".bill-line.voucher button")
    expect(counter.page.locator(".bill-line.voucher")).to_contain_text("stays with the guest")
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("approved")
    assert [leg.tender for leg in counter.till.edge.service.basket("till").legs] == ["wallet"]
