"""What tests of a till do at its counter: ring up, sell, open the menu, give a reason, read a slip."""

from __future__ import annotations

from typing import Any

import msgspec
from playwright.sync_api import expect

from edge.core.events import Kind, Lane
from edge.core.receipt import Receipt
from edge.core.receipting import object_to
from tests.kiosk.test_till_pages import Counter
from tests.service.purses import TILL


def bill(counter: Counter, *names: str) -> None:
    """Ring up two coffees and a lemonade in its lent cup."""
    for group, name in (("Coffee", "Cappuccino"), ("Drinks", "Lemonade")):
        counter.add(group, name)
    counter.page.click(".bill-line:has-text('Cappuccino') .step >> nth=1")
    expect(counter.page.locator(".bill-many")).to_have_count(1)


def sold(counter: Counter) -> str:
    """Sell that to Giulia; return its op_id."""
    bill(counter)
    counter.press("pay")
    counter.state("await_tap")
    counter.tap()
    counter.state("approved")
    return counter.till.edge.service.basket(TILL).op_id


def menu(counter: Counter, entry: str) -> None:
    counter.page.click("#more")
    counter.page.click(f"#sheet .menu button:has-text('{entry}')")


def reason(counter: Counter) -> None:
    counter.page.click("#reason-chips button >> nth=0")
    counter.page.click("#reason-do")
    counter.page.wait_for_selector("#reason[open]", state="detached")


def printed(counter: Counter) -> tuple[Receipt, list[tuple[str, str]]]:
    """The slip that came out last: true by the record that its code names, and said row by row."""
    slip = counter.till.press.slips[-1]
    lane, seq, head = slip.code.split(":")[-3:]
    edge = counter.till.edge
    event, before = edge.journal.one(int(lane), int(seq)), edge.journal.one(int(lane), int(seq) - 1)
    assert event is not None
    assert before is not None
    receipt = edge.service.receipts.receipt(next(row.left for row in slip.rows if _is_id(row.left)))
    assert object_to(receipt, event, before=before.h) is None
    assert receipt.head == head
    return receipt, [(row.left, row.right) for row in slip.rows]


def _is_id(text: str) -> bool:
    return text[:2] in ("b-", "c-", "s-") and " " not in text


def bodies(counter: Counter, kind: Kind, body: Any) -> list[Any]:
    records = counter.till.edge.journal.range(Lane.PRIORITY, 0)
    return [msgspec.msgpack.decode(one.body, type=body) for one in records if one.kind == kind]
