"""Both sides of a till's counter, and what is done there: ring up, sell, open the menu, give a reason."""

from __future__ import annotations

from typing import Any

import msgspec
from playwright.sync_api import expect

from edge.core.events import Kind, Lane
from edge.core.receipt import Receipt
from edge.core.receipting import object_to
from tests.barriers import barriers
from tests.kiosk.till_park import Till
from tests.service.house import UID
from tests.service.purses import TILL

WIDE, SMALL, LARGE = ({"width": w, "height": h} for w, h in ((1366, 768), (1024, 600), (1280, 800)))


class Counter:
    """Both sides of one counter."""

    def __init__(
        self, chromium: Any, till: Till, *, locale: str = "en-GB", size: Any = None, cookie: Any = None
    ) -> None:
        self.till = till
        staff = chromium.new_context(viewport=WIDE, locale=locale, reduced_motion="reduce")
        staff.add_cookies([cookie or till.cookie("carla")])
        guest = chromium.new_context(viewport=size or SMALL, reduced_motion="reduce")
        guest.add_cookies([till.screen()])
        self.faults: list[str] = []
        self.page, self.guest = staff.new_page(), guest.new_page()
        for page in (self.page, self.guest):
            page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(f"{till.url}/till/{TILL}")
        self.guest.goto(f"{till.url}/till/{TILL}/guest")

    def open_shift(self, amount: str = "100") -> None:
        self.page.wait_for_selector("#amount[open]")
        self.page.keyboard.type(amount)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#amount[open]", state="detached")

    def add(self, group: str, name: str) -> None:
        self.page.click(f"#groups button:has-text('{group}')")
        before = self.page.locator(".bill-line").count()
        self.page.click(f".tile:has-text('{name}')")
        expect(self.page.locator(".bill-line")).not_to_have_count(before)

    def state(self, state: str) -> None:
        self.page.wait_for_selector(f"#state[data-state='{state}']", state="attached")
        self.guest.wait_for_selector(f"body[data-phase='{state}']")

    def tap(self, uid: bytes = UID) -> None:
        self.till.edge.service.present(self.till.edge.tap(uid, "reader-till"))

    def press(self, act: str) -> None:
        self.page.click(f"[data-act='{act}']")


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


def axe_of(counter: Counter, *, contrast: bool = True) -> list[str]:
    """What axe finds wrong on either side."""
    sides = (("till", counter.page), ("guest", counter.guest))
    return [f"{name} {what}" for name, page in sides for what in barriers(page, contrast=contrast)]
