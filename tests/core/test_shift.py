"""A shift: what the journal says should lie in a drawer, and a difference that is never smoothed."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.events import Acted, Event, Kind
from edge.core.money import MINOR_MAX
from edge.core.payment.bodies import CashedOut, HoldEnded, Payment, ToppedUp, Voided
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import Authorisation
from edge.core.shift import (
    CashMove,
    CashMoved,
    Shift,
    ShiftClosed,
    ShiftFault,
    Takings,
    close_shift,
    expected_minor,
    fault_of,
    takings_of,
    tax_shares,
)
from tests.core.purses import a_basket, a_line, paid

DRAWER = "till"
SHIFT = Shift(
    id="s-1", drawer=DRAWER, staff="anna", opened_ms=1, after_seq=1, float_minor=10_000, currency="EUR"
)


def a_record(kind: Kind, body: msgspec.Struct) -> Event:
    return Event(
        lane=1,
        seq=2,
        hlc=1,
        offset_ms=0,
        uncertainty_ms=0,
        kind=kind,
        schema=1,
        band=None,
        body=msgspec.msgpack.encode(body),
        h=b"",
    )


def a_leg(tender: Tender, minor: int, **changes: object) -> Leg:
    return msgspec.structs.replace(Leg(number=1, tender=tender, amount_minor=minor), **changes)


def a_sale(*legs: Leg, **changes: object) -> Event:
    payment: Payment = paid(basket=a_basket(a_line(600), a_line(500, tax_permille=220))).payment
    body = msgspec.structs.replace(payment, legs=legs, point=DRAWER, state=Authorisation.CAPTURED)
    return a_record(Kind.PAID, msgspec.structs.replace(body, **changes))


def a_void(*legs: Leg, point: str = DRAWER) -> Event:
    body = Voided(op_id="o", void_id="v", state=Authorisation.VOIDED, legs=legs, point=point)
    return a_record(Kind.PAYMENT_VOIDED, body)


def a_move(move: CashMove, minor: int, drawer: str = DRAWER) -> Event:
    body = CashMoved(
        shift="s-1", drawer=drawer, move=move, amount_minor=minor, currency="EUR", staff="a", approver="b"
    )
    return a_record(Kind.CASH_MOVED, body)


def an_end(minor: int, point: str = DRAWER) -> Event:
    """A basket that was given up: what cash had paid of it went back."""
    legs = (a_leg(Tender.CASH, minor, voided_minor=minor),)
    state = Authorisation.VOIDED
    return a_record(
        Kind.CAPTURED, HoldEnded(op_id="o", state=state, captured_minor=0, legs=legs, point=point)
    )


def a_top_up(minor: int, tender: Tender, point: str = DRAWER) -> Event:
    body = ToppedUp(op_id="t", wallet="w", amount_minor=minor, currency="EUR", tender=tender, point=point)
    return a_record(Kind.TOPPED_UP, body)


def a_cash_out(minor: int, drawer: str = DRAWER) -> Event:
    body = CashedOut(op_id="c", wallet="w", amount_minor=minor, currency="EUR", drawer=drawer)
    return a_record(Kind.CASHED_OUT, body)


def a_day() -> list[Event]:
    """One of everything at this drawer, and as much at another one."""
    return [
        a_sale(a_leg(Tender.CASH, 700), a_leg(Tender.WALLET, 400), a_leg(Tender.CARD, 0)),
        a_sale(a_leg(Tender.CARD, 1_100)),
        a_sale(state=None),
        a_sale(a_leg(Tender.CASH, 500), state=Authorisation.AUTHORISED),
        an_end(500),
        a_void(a_leg(Tender.CASH, 200)),
        a_top_up(2_000, Tender.CASH),
        a_top_up(99, Tender.CARD),
        a_cash_out(300),
        *(a_move(CashMove.FLOAT, 1_000), a_move(CashMove.DROP, 4_000), a_move(CashMove.PICKUP, 50)),
        a_sale(a_leg(Tender.CASH, 9), point="other"),
        *(a_void(a_leg(Tender.CASH, 9), point="other"), an_end(9, "other"), a_cash_out(9, "other")),
        *(a_top_up(9, Tender.CASH, "other"), a_move(CashMove.FLOAT, 9, "other")),
        a_record(Kind.STARTED, Acted()),
    ]


def test_the_journal_says_what_should_lie_in_the_drawer() -> None:
    takings = takings_of(DRAWER, a_day())
    assert takings == Takings(
        cash_sales_minor=1_200,
        cash_back_minor=700,
        top_ups_minor=2_000,
        cash_outs_minor=300,
        floats_minor=1_000,
        drops_minor=4_000,
        pickups_minor=50,
        tenders={"cash": 500, "wallet": 400, "card": 1_100},
        sales=2,
        voids=1,
        declined=1,
        taxes=((220, 1_000, 180), (100, 1_200, 110)),
    )
    assert expected_minor(10_000, takings) == 10_000 + 1_200 - 700 + 2_000 - 300 + 1_000 - 4_000 - 50
    assert [(share.permille, share.net_minor) for share in tax_shares(takings)] == [(220, 820), (100, 1_090)]


def closed(counted_minor: int, reason: str = "") -> ShiftClosed | ShiftFault:
    takings = Takings(cash_sales_minor=500)
    return close_shift(SHIFT, takings, counted_minor=counted_minor, reason=reason, by=("dora", 7))


def test_a_drawer_that_is_right_is_closed_without_a_word() -> None:
    told = closed(10_500)
    assert isinstance(told, ShiftClosed)
    assert (told.difference_minor, told.number, told.staff, told.opened_by) == (0, 7, "dora", "anna")


@pytest.mark.parametrize(("counted", "difference"), [(10_400, -100), (10_501, 1)])
def test_a_difference_needs_its_reason_and_is_told_as_it_is(counted: int, difference: int) -> None:
    assert closed(counted) is ShiftFault.REASON
    assert closed(counted, "   ") is ShiftFault.REASON
    told = closed(counted, " wrong change ")
    assert isinstance(told, ShiftClosed)
    assert (told.difference_minor, told.reason, told.expected_minor) == (difference, "wrong change", 10_500)


@pytest.mark.parametrize("counted", [-1, MINOR_MAX + 1])
def test_what_cannot_be_counted_is_refused(counted: int) -> None:
    assert (closed(counted), fault_of(counted)) == (ShiftFault.AMOUNT, ShiftFault.AMOUNT)
    assert fault_of(0) is None
