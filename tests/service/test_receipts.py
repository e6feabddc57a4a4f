"""Receipts at the service: true by the journal, marked as copies, and never lost with a printer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Acted, Kind, Lane
from edge.core.receipt import Receipt
from edge.core.receipting import object_to
from edge.errors import NotAllowed, Refused, Unknown
from edge.service.receipts import PHONE_MS_MAX, PHONES_MAX, Slip, SlipRow
from edge.staff import Session
from hardware.port import NotPrinted, PaperFault, Printer
from tests.service.house import Hands, House, an_edge
from tests.service.test_shifts import TILL, sell_for_cash

OP = "op-cash-0001"


class Press:
    """A printer that notes its slips, and fails if told to."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []
        self.drawers = 0
        self.fails: PaperFault | None = None

    @property
    def columns(self) -> int:
        return 42

    def print(self, slip: Slip) -> None:
        if self.fails is not None:
            raise NotPrinted(self.fails, "no")
        self.slips.append(slip)

    def open_drawer(self) -> None:
        if self.fails is PaperFault.LOST:
            raise NotPrinted(self.fails, "no", hint="plug it in")
        self.drawers += 1

    def fault(self) -> PaperFault | None:
        return self.fails

    def close(self) -> None:
        pass


@pytest.fixture
def press() -> Press:
    return Press()


@pytest.fixture
def shop(tmp_path: Path, press: Press) -> Iterator[House]:
    with an_edge(tmp_path, Hands()) as house:
        printers: dict[str, Printer] = {TILL: press}
        object.__setattr__(house.service.receipts._rooms, "printers", printers)
        yield house


def bruno(house: House) -> Session:
    return house.session("till", staff="bruno", point=TILL)


def made(receipt: Receipt, copy: int) -> Slip:
    return Slip(rows=(SlipRow(receipt.op_id, "copy" if copy else ""),))


def notes(house: House) -> list[Acted]:
    records = house.journal.range(Lane.PRIORITY, 0)
    return [msgspec.msgpack.decode(one.body, type=Acted) for one in records if one.kind == Kind.RECEIPT_MADE]


def test_a_receipt_is_true_by_the_chain(shop: House) -> None:
    sell_for_cash(shop, 600)
    receipt = shop.service.receipts.receipt(OP)
    event = shop.journal.one(Lane.PRIORITY, receipt.seq)
    before = shop.journal.one(Lane.PRIORITY, receipt.seq - 1)
    anchor = before.h if before is not None else shop.journal.anchor(Lane.PRIORITY).h
    assert event is not None
    assert object_to(receipt, event, before=anchor) is None
    assert receipt.head == event.h.hex()


def test_the_second_print_is_a_copy_and_both_are_journaled(shop: House, press: Press) -> None:
    sell_for_cash(shop, 600)
    first = shop.service.receipts.print(bruno(shop), OP, made)
    second = shop.service.receipts.print(bruno(shop), OP, made)
    assert [(one.printed, one.copy) for one in (first, second)] == [(True, 0), (True, 1)]
    assert [slip.rows[0].right for slip in press.slips] == ["", "copy"]
    assert [(note.reason, note.target, note.staff) for note in notes(shop)] == [
        ("printed", OP, "bruno"),
        ("copy", OP, "bruno"),
    ]


@pytest.mark.parametrize("fault", PaperFault)
def test_a_printer_that_fails_undoes_nothing_and_the_receipt_comes_later(
    shop: House, press: Press, fault: PaperFault
) -> None:
    sell_for_cash(shop, 600)
    press.fails = fault
    told = shop.service.receipts.print(bruno(shop), OP, made)
    assert (told.printed, told.fault, notes(shop)) == (False, fault.value, [])
    token = shop.service.receipts.to_phone(bruno(shop), OP)
    assert shop.service.receipts.by_phone(token).op_id == OP
    press.fails = None
    assert shop.service.receipts.print(bruno(shop), OP, made).copy == 0


def test_a_till_without_a_printer_says_so(shop: House) -> None:
    sell_for_cash(shop, 600)
    object.__setattr__(shop.service.receipts._rooms, "printers", {})
    assert shop.service.receipts.print(bruno(shop), OP, made).fault == "none"
    assert shop.service.receipts.print_slip(TILL, Slip(rows=())) == "none"
    with pytest.raises(Refused, match="No drawer"):
        shop.service.receipts.open_drawer(bruno(shop), TILL)


def test_a_token_is_good_once_and_for_ten_minutes(shop: House) -> None:
    sell_for_cash(shop, 600)
    receipts = shop.service.receipts
    token = receipts.to_phone(bruno(shop), OP)
    assert receipts.by_phone(token).total_minor == 600
    with pytest.raises(Unknown):
        receipts.by_phone(token)
    late = receipts.to_phone(bruno(shop), OP)
    shop.hands.forward(ms=PHONE_MS_MAX)
    with pytest.raises(Unknown):
        receipts.by_phone(late)
    assert [note.reason for note in notes(shop)] == ["phone", "phone"]


def test_tokens_are_bounded_and_the_oldest_goes(shop: House) -> None:
    sell_for_cash(shop, 600)
    receipts = shop.service.receipts
    first = receipts.to_phone(bruno(shop), OP)
    waiting = next(iter(receipts._phones.values()))
    receipts._phones.update({bytes([n % 256, n // 256]): waiting for n in range(PHONES_MAX)})
    receipts.to_phone(bruno(shop), OP)
    assert len(receipts._phones) == PHONES_MAX
    with pytest.raises(Unknown):
        receipts.by_phone(first)


def test_what_was_never_paid_has_no_receipt(shop: House) -> None:
    sell_for_cash(shop, 600)
    with pytest.raises(Unknown):
        shop.service.receipts.receipt("op-other-001")
    with pytest.raises(NotAllowed):
        shop.service.receipts.print(shop.session("gate"), OP, made)


def test_reports_and_the_drawer_go_the_same_way(shop: House, press: Press) -> None:
    receipts = shop.service.receipts
    assert receipts.print_slip(TILL, Slip(rows=())) is None
    receipts.open_drawer(bruno(shop), TILL)
    assert (len(press.slips), press.drawers, notes(shop)[0].reason) == (1, 1, "drawer")
    press.fails = PaperFault.LOST
    assert receipts.print_slip(TILL, Slip(rows=())) is PaperFault.LOST
    with pytest.raises(Refused, match="did not open"):
        receipts.open_drawer(bruno(shop), TILL)
