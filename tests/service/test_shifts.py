"""Shifts at the service: one drawer, two persons for each move, and a close that tells the difference."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from edge.core.basket import Line
from edge.core.events import Event, Kind, Lane
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import Authorisation
from edge.core.shift import CashMove, CashMoved, Shift, ShiftClosed, ShiftOpened, Takings
from edge.errors import NotAllowed, Refused
from edge.service.drawers import NoShift
from edge.service.shifts import DiffersFromExpected
from edge.staff import AskAgain, Session
from tests.core.purses import a_basket, paid
from tests.service.house import House, a_member
from tests.service.purses import OP, SOUP, a_guest, cashier, rung_up
from tests.service.purses import TILL as MANNED

TILL = "bar"


@pytest.fixture
def staffed(house: House) -> House:
    """Bruno sells; Dora leads."""
    house.employ(
        *(msgspec.structs.replace(a_member(name, role, house=house), pin_hash="") for name, role in PEOPLE)
    )
    return house


PEOPLE = (("bruno", "till"), ("dora", "supervisor"))


def bruno(house: House) -> Session:
    return house.session("till", staff="bruno", point=TILL)


def dora(house: House) -> Session:
    return house.session("supervisor", staff="dora", point=TILL)


def money(house: House, *kinds: Kind) -> list[Event]:
    return [one for one in house.journal.range(Lane.PRIORITY, 0) if one.kind in kinds]


def sell_for_cash(house: House, minor: int, op_id: str = "op-cash-0001") -> None:
    """Journal a cash sale as the pay desk does."""
    line = Line(item="soup", name="Zuppa", quantity=1, price_minor=minor, tax_permille=100)
    body = msgspec.structs.replace(
        paid(basket=a_basket(line, op_id=op_id, point=TILL)).payment,
        legs=(Leg(number=1, tender=Tender.CASH, amount_minor=minor),),
        earlier=(),
        state=Authorisation.CAPTURED,
        total_minor=minor,
        point=TILL,
    )
    house.sequencer.submit(lambda tx: tx.append(Kind.PAID, body, lane=Lane.PRIORITY))


def test_a_shift_is_opened_sold_in_and_closed_with_its_difference(staffed: House) -> None:
    shifts = staffed.service.shifts
    view = shifts.open(bruno(staffed), TILL, counted_minor=10_000)
    assert (view.open, view.staff, view.name, view.float_minor) == (True, "bruno", "Bruno", 10_000)
    sell_for_cash(staffed, 600)
    with pytest.raises(DiffersFromExpected):
        shifts.close(bruno(staffed), TILL, counted_minor=10_500)
    closed = shifts.close(bruno(staffed), TILL, counted_minor=10_500, reason="wrong change")
    assert (closed.expected_minor, closed.difference_minor, closed.number) == (10_600, -100, 1)
    assert closed.takings.sales == 1
    (record,) = money(staffed, Kind.SHIFT_CLOSED)
    assert msgspec.msgpack.decode(record.body, type=ShiftClosed) == closed
    assert not shifts.view(TILL).open
    assert shifts.view(TILL).last == closed


def test_opening_twice_is_one_shift_and_nobody_opens_anothers(staffed: House) -> None:
    shifts = staffed.service.shifts
    first = shifts.open(bruno(staffed), TILL, counted_minor=5_000)
    assert shifts.open(bruno(staffed), TILL, counted_minor=5_000).shift == first.shift
    with pytest.raises(Refused, match="open already"):
        shifts.open(dora(staffed), TILL, counted_minor=5_000)
    (record,) = money(staffed, Kind.SHIFT_OPENED)
    assert msgspec.msgpack.decode(record.body, type=ShiftOpened).float_minor == 5_000


def test_handing_over_is_closing_with_a_count_and_opening_with_the_same(staffed: House) -> None:
    shifts = staffed.service.shifts
    shifts.open(bruno(staffed), TILL, counted_minor=5_000)
    sell_for_cash(staffed, 600)
    shifts.close(bruno(staffed), TILL, counted_minor=5_600)
    again = shifts.open(dora(staffed), TILL, counted_minor=5_600)
    assert (again.staff, again.last.counted_minor if again.last else 0) == ("dora", 5_600)
    closed = shifts.close(dora(staffed), TILL, counted_minor=5_600)
    assert (closed.number, closed.difference_minor, closed.takings.sales) == (2, 0, 0)


def test_cash_moves_only_by_two_and_counts(staffed: House) -> None:
    service = staffed.service
    service.shifts.open(bruno(staffed), TILL, counted_minor=10_000)
    asked = service.ask_move(bruno(staffed), TILL, CashMove.DROP, amount_minor=4_000, reason="full")
    assert money(staffed, Kind.CASH_MOVED) == []
    with pytest.raises(NotAllowed):
        service.approve(staffed.session("supervisor", staff="bruno"), asked.id, granted=True)
    service.approve(dora(staffed), asked.id, granted=True)
    (record,) = money(staffed, Kind.CASH_MOVED)
    moved = msgspec.msgpack.decode(record.body, type=CashMoved)
    assert (moved.move, moved.amount_minor, moved.staff, moved.approver, moved.reason) == (
        CashMove.DROP,
        4_000,
        "bruno",
        "dora",
        "full",
    )
    closed = service.shifts.close(bruno(staffed), TILL, counted_minor=6_000)
    assert (closed.takings.drops_minor, closed.difference_minor) == (4_000, 0)


def test_a_move_that_is_approved_after_the_close_is_refused(staffed: House) -> None:
    service = staffed.service
    service.shifts.open(bruno(staffed), TILL, counted_minor=100)
    asked = service.ask_move(bruno(staffed), TILL, CashMove.PICKUP, amount_minor=50, reason="")
    service.shifts.close(bruno(staffed), TILL, counted_minor=100)
    with pytest.raises(Exception, match="No shift is open"):
        service.approve(dora(staffed), asked.id, granted=True)
    assert money(staffed, Kind.CASH_MOVED) == []


def test_without_a_shift_nothing_is_closed_or_moved(staffed: House) -> None:
    with pytest.raises(Refused, match="No shift"):
        staffed.service.shifts.close(bruno(staffed), TILL, counted_minor=0)
    with pytest.raises(Refused, match="No shift"):
        staffed.service.ask_move(bruno(staffed), TILL, CashMove.FLOAT, amount_minor=1, reason="")


@pytest.mark.parametrize("amount", [0, -5])
def test_no_move_of_nothing(staffed: House, amount: int) -> None:
    staffed.service.shifts.open(bruno(staffed), TILL, counted_minor=0)
    with pytest.raises(Refused):
        staffed.service.ask_move(bruno(staffed), TILL, CashMove.DROP, amount_minor=amount, reason="")


def test_a_sale_that_comes_while_the_drawer_is_counted_is_in_the_close(
    staffed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shifts = staffed.service.shifts
    shifts.open(bruno(staffed), TILL, counted_minor=0)
    added, taken = [], shifts._takings

    def late(shift: Shift) -> Takings:
        found = taken(shift)
        if not added:
            added.append(1)
            sell_for_cash(staffed, 600)
        return found

    monkeypatch.setattr(shifts, "_takings", late)
    assert shifts.close(bruno(staffed), TILL, counted_minor=600).takings.cash_sales_minor == 600


def test_what_a_shift_has_taken_is_told_on_demand(staffed: House) -> None:
    shifts = staffed.service.shifts
    shifts.open(bruno(staffed), TILL, counted_minor=0)
    sell_for_cash(staffed, 600)
    takings = shifts.view(TILL, whole=True).takings
    assert takings is not None
    assert (takings.sales, shifts.view(TILL).takings) == (1, None)


def test_a_shift_is_for_who_may(staffed: House) -> None:
    with pytest.raises(NotAllowed):
        staffed.service.shifts.open(staffed.session("gate"), TILL, counted_minor=0)
    staffed.service.shifts.open(bruno(staffed), TILL, counted_minor=0)
    late = msgspec.structs.replace(bruno(staffed), fresh_until_ms=0)
    with pytest.raises(AskAgain):
        staffed.service.shifts.close(late, TILL, counted_minor=0)


def sells(house: House, how: str) -> object:
    """Begin to take or give money at the till in one way."""
    service, who = house.service, house.session("till", staff="carla", point=MANNED)
    acts: dict[str, Callable[[], object]] = {
        "ring": lambda: service.ring(who, MANNED, "", lines=(SOUP,)),
        "await": lambda: service.await_band(who, MANNED, OP),
        "hold": lambda: service.hold(who, MANNED, OP, minutes=60),
        "cash": lambda: service.add_cash(who, MANNED, OP, minor=600),
        "card": lambda: service.add_card(who, MANNED, OP, minor=600),
        "top up": lambda: service.top_up(who, MANNED, "cash-00000001", minor=500),
        "cash out": lambda: service.cash_out(who, MANNED, "cash-00000001"),
    }
    return acts[how]()


@pytest.mark.parametrize("how", ["await", "hold", "cash", "card", "top up", "cash out", "ring"])
def test_no_money_is_taken_or_given_where_no_shift_is_open(house: House, how: str) -> None:
    a_guest(house)
    rung_up(house, await_band=False)
    house.service.shifts.close(cashier(house), MANNED, counted_minor=0)
    before = len(house.journal.range(Lane.PRIORITY, 0))
    if how == "ring":
        house.service.shifts.open(bruno(house), MANNED, counted_minor=0)
        house.service.give_up(cashier(house), MANNED, OP)
        house.service.shifts.close(bruno(house), MANNED, counted_minor=0)
        before += 2
    with pytest.raises(NoShift) as refused:
        sells(house, how)
    assert "Open one" in refused.value.hint
    assert len(house.journal.range(Lane.PRIORITY, 0)) == before
    house.service.shifts.open(bruno(house), MANNED, counted_minor=0)
    sells(house, how)


@pytest.mark.parametrize("how", ["await", "top up"])
def test_a_shift_is_not_closed_while_somebody_is_about_to_pay(house: House, how: str) -> None:
    a_guest(house)
    rung_up(house, await_band=False)
    sells(house, how)
    with pytest.raises(Refused, match="not finished"):
        house.service.shifts.close(bruno(house), MANNED, counted_minor=0)
    house.service.give_up(cashier(house), MANNED, OP)
    if how == "top up":
        house.service.give_up_cash(cashier(house), MANNED, "cash-00000001")
    assert house.service.shifts.close(bruno(house), MANNED, counted_minor=0).number == 1
