"""Void, undo, refund and holds: once each, never more than was paid, never to oneself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.lease import Close, Limits
from edge.core.payment import Authorisation, HoldEnded, RefundAsked, Voided
from edge.core.payment.reckoning import Piece
from edge.core.payment.sale import SPLIT_MS_MAX, UNDO_MS_MAX
from edge.errors import NotAllowed, Refused
from edge.payviews import BasketState
from edge.service.attempts import OwnBand
from edge.service.payments import chest
from edge.service.payments.holds import Taken
from edge.service.tallies import SecondNeeded, ShiftLimit
from edge.staff import Session
from tests.service.house import UID, Hands, House, an_edge, band_of
from tests.service.purses import (
    OP,
    SOUP,
    TILL,
    a_grant,
    a_guest,
    bought,
    cashier,
    granted,
    leases,
    left,
    money_events,
    rung_up,
    second_band,
    tapped,
)

VOID = "void-00000001"


@pytest.fixture
def funded(house: House) -> House:
    a_guest(house)
    granted(house)
    return house


def lead(house: House, staff: str = "dario", badge: str = "") -> Session:
    return house.session("till", "supervisor", point=TILL, staff=staff, badge=badge)


def voided(house: House) -> list[Voided]:
    return [msgspec.msgpack.decode(one.body, type=Voided) for one in money_events(house, Kind.PAYMENT_VOIDED)]


# Void


def test_a_void_brings_it_all_back_at_once_and_is_done_once(funded: House) -> None:
    bought(funded)
    first = funded.service.void(cashier(funded), OP, VOID, reason="cold soup")
    again = funded.service.void(cashier(funded), OP, VOID, reason="cold soup")
    assert first.state is again.state is BasketState.VOIDED
    assert left(funded) == 2_000
    assert len(voided(funded)) == 1


def test_a_line_is_voided_with_its_tax_and_never_more_than_is_left_of_it(funded: House) -> None:
    bought(funded, msgspec.structs.replace(SOUP, quantity=3))
    view = funded.service.void(cashier(funded), OP, VOID, pieces=[Piece(0, 1)], reason="spilt")
    assert (view.state, view.lines[0].voided_minor) == (BasketState.APPROVED, 600)
    assert left(funded) == 800
    assert voided(funded)[0].lines[0].tax_minor == 55
    with pytest.raises(Refused, match="More would be"):
        funded.service.void(cashier(funded), OP, "void-00000002", pieces=[Piece(0, 3)], reason="spilt")
    funded.service.void(cashier(funded), OP, "void-00000003", reason="the rest")
    assert left(funded) == 2_000
    with pytest.raises(Refused, match="Nothing of this payment"):
        funded.service.void(cashier(funded), OP, "void-00000004", reason="again")


def test_what_is_voided_counts_for_the_day_no_more(funded: House) -> None:
    a_guest(funded, limits=Limits(day_minor_max=600))
    bought(funded)
    funded.service.void(cashier(funded), OP, VOID, reason="cold soup")
    assert bought(funded, op_id="op-till-00000002").paid_minor == 600


def test_nobody_voids_a_payment_of_their_own_band(funded: House) -> None:
    bought(funded)
    own = cashier(funded, badge=band_of(funded, UID).hex())
    with pytest.raises(OwnBand):
        funded.service.void(own, OP, VOID, reason="cold soup")
    assert left(funded) == 1_400
    assert [acted.note for acted in funded.acted(Kind.ATTEMPT_REFUSED)] == ["void"]


def test_voids_of_one_person_are_counted_over_a_shift(funded: House) -> None:
    granted(funded, a_grant(1_000_000, serial=2))
    most = funded.service._pay_rooms.limits.voids_shift_max
    for number in range(most):
        op = f"op-many-{number:06}"
        bought(funded, op_id=op)
        funded.service.void(cashier(funded), op, f"void-{number:06}", reason="practice")
    bought(funded, op_id="op-many-last")
    with pytest.raises(ShiftLimit):
        funded.service.void(cashier(funded), "op-many-last", "void-last", reason="practice")


def test_a_void_works_after_the_lease_was_closed_and_goes_on_to_central(funded: House) -> None:
    bought(funded)
    funded.sequencer.submit(lambda tx: chest.end(tx, Close(lease="lease-wallet-1", incarnation=1)))
    funded.service.void(cashier(funded), OP, VOID, reason="cold soup")
    (lease,) = leases(funded)
    assert (lease.spendable, lease.counters.voided, lease.counters.returned) == (0, 600, 2_000)


# Undo


def test_the_guest_takes_it_back_by_the_same_band_at_the_same_reader(funded: House) -> None:
    bought(funded)
    asked = funded.service.undo_payment(cashier(funded), TILL, OP, void_id=VOID)
    assert (asked.state, asked.words) == (BasketState.AWAITING, "pay.await_undo")
    view = tapped(funded)
    assert view.state is BasketState.VOIDED
    assert left(funded) == 2_000
    assert voided(funded)[0].undo


def test_another_band_takes_nothing_back(funded: House) -> None:
    other = second_band(funded)
    bought(funded)
    funded.service.undo_payment(cashier(funded), TILL, OP, void_id=VOID)
    view = tapped(funded, other)
    assert view.state is BasketState.APPROVED
    assert left(funded) == 1_400
    assert not voided(funded)


def test_five_minutes_later_it_is_too_late(funded: House) -> None:
    bought(funded)
    funded.hands.forward(ms=UNDO_MS_MAX + 1)
    funded.service.undo_payment(cashier(funded), TILL, OP, void_id=VOID)
    assert tapped(funded).state is BasketState.APPROVED
    assert left(funded) == 1_400


def test_a_payment_that_waits_for_its_undo_is_no_open_bill_and_is_left_paid(funded: House) -> None:
    who, service = cashier(funded), funded.service
    bought(funded)
    assert service.undo_payment(who, TILL, OP, void_id=VOID).undoing
    acts: list[Callable[[], object]] = [
        lambda: service.ring(who, TILL, OP, lines=[SOUP], rev=service.basket(TILL).rev),
        lambda: service.await_band(who, TILL, OP),
        lambda: service.hold(who, TILL, OP, minutes=60),
        lambda: service.add_cash(who, TILL, OP, minor=600),
        lambda: service.decline_vouchers(who, TILL, OP, kinds=()),
    ]
    for act in acts:
        with pytest.raises(Refused, match="taken back"):
            act()
    view = service.give_up(who, TILL, OP)
    assert (view.state, view.undoing, view.words) == (BasketState.APPROVED, False, "pay.approved")
    assert (voided(funded), left(funded)) == ([], 1_400)
    assert tapped(funded).state is BasketState.APPROVED


def test_dropping_what_was_paid_in_cash_is_no_way_round_the_limit_of_voids(funded: House) -> None:
    """Cash out of the drawer for a sale takes a void: counted, reasoned, by whoever may."""
    who, service = cashier(funded), funded.service
    rung_up(funded, await_band=False)
    service.add_cash(who, TILL, OP, minor=600)
    service.undo_payment(who, TILL, OP, void_id=VOID)
    service.give_up(who, TILL, OP)
    view = service.shifts.view(TILL, whole=True)
    assert view.takings is not None
    assert (view.takings.cash_sales_minor, view.takings.cash_back_minor) == (600, 0)


def test_a_void_while_it_waits_for_its_undo_ends_the_wait(funded: House) -> None:
    bought(funded)
    funded.service.undo_payment(cashier(funded), TILL, OP, void_id=VOID)
    view = funded.service.void(cashier(funded), OP, "void-00000002", reason="cold soup")
    assert (view.state, view.undoing, view.words) == (BasketState.VOIDED, False, "pay.voided")
    assert tapped(funded).state is BasketState.VOIDED
    assert left(funded) == 2_000


# Refund


def test_a_supervisor_asks_central_up_to_the_limit_and_twice_is_once(funded: House) -> None:
    bought(funded)
    for _ in range(2):
        view = funded.service.refund(lead(funded), OP, "refund-0001", reason="never served")
    (asked,) = money_events(funded, Kind.REFUND_ASKED)
    body = msgspec.msgpack.decode(asked.body, type=RefundAsked)
    assert (body.amount_minor, body.op_id, body.staff) == (600, OP, "dario")
    assert view.state is BasketState.APPROVED
    assert left(funded) == 1_400
    with pytest.raises(Refused):
        funded.service.refund(lead(funded), OP, "refund-0002", reason="once more")


def test_a_cashier_and_whoever_is_above_the_limit_need_a_second_person(funded: House) -> None:
    granted(funded, a_grant(10_000, serial=2))
    bought(funded, msgspec.structs.replace(SOUP, quantity=5))
    for who in (cashier(funded), lead(funded)):
        with pytest.raises(SecondNeeded):
            funded.service.refund(who, OP, "refund-0001", reason="never served")
    asked = funded.service.ask_refund(cashier(funded), OP, "refund-0001", reason="never served")
    assert (asked.amount_minor, asked.currency) == (3_000, "EUR")
    with pytest.raises(NotAllowed):
        funded.service.approve(lead(funded, staff="carla"), asked.id, granted=True)
    assert not money_events(funded, Kind.REFUND_ASKED)
    funded.service.approve(lead(funded), asked.id, granted=True)
    (event,) = money_events(funded, Kind.REFUND_ASKED)
    body = msgspec.msgpack.decode(event.body, type=RefundAsked)
    assert (body.staff, body.approver, body.amount_minor) == ("carla", "dario", 3_000)


def test_nobody_refunds_to_their_own_band_not_even_as_the_second(funded: House) -> None:
    bought(funded)
    badge = band_of(funded, UID).hex()
    with pytest.raises(OwnBand):
        funded.service.refund(lead(funded, badge=badge), OP, "refund-0001", reason="mine")
    asked = funded.service.ask_refund(cashier(funded), OP, "refund-0001", reason="theirs")
    with pytest.raises(NotAllowed):
        funded.service.approve(lead(funded, badge=badge), asked.id, granted=True)
    assert not money_events(funded, Kind.REFUND_ASKED)


def test_what_was_voided_meanwhile_is_not_refunded_on_an_old_word(funded: House) -> None:
    bought(funded, msgspec.structs.replace(SOUP, quantity=2))
    asked = funded.service.ask_refund(cashier(funded), OP, "refund-0001", reason="never served")
    funded.service.void(lead(funded, staff="nina"), OP, VOID, pieces=[Piece(0, 1)], reason="spilt")
    with pytest.raises(Refused, match="changed meanwhile"):
        funded.service.approve(lead(funded), asked.id, granted=True)
    assert not money_events(funded, Kind.REFUND_ASKED)


# Given up, held, expired


def test_a_basket_given_up_gives_every_part_back(funded: House) -> None:
    rung_up(funded, *([SOUP] * 4))
    tapped(funded)
    funded.service.take_part(cashier(funded), TILL, OP)
    view = funded.service.give_up(cashier(funded), TILL, OP)
    assert view.state is BasketState.GIVEN_UP
    assert left(funded) == 2_000
    assert funded.service.give_up(cashier(funded), TILL, OP) == view
    rung_up(funded, op_id="op-till-00000002")


def test_a_partly_paid_basket_that_nobody_completes_ends_by_itself(funded: House) -> None:
    rung_up(funded, *([SOUP] * 4))
    tapped(funded)
    funded.service.take_part(cashier(funded), TILL, OP)
    funded.service._holds.expire()
    assert left(funded) == 0
    funded.hands.forward(ms=SPLIT_MS_MAX + 1)
    funded.service._holds.expire()
    assert left(funded) == 2_000
    assert funded.service.basket(TILL).state is BasketState.VOIDED


def test_a_hold_counts_as_spent_until_it_is_captured_for_less(funded: House) -> None:
    rung_up(funded, msgspec.structs.replace(SOUP, quantity=3), await_band=False)
    funded.service.hold(cashier(funded), TILL, OP, minutes=60)
    view = tapped(funded)
    assert view.state is BasketState.HELD
    assert left(funded) == 200
    taken = funded.service.capture(cashier(funded), OP, Taken(lines=(SOUP,)))
    assert (taken.state, taken.total_minor, left(funded)) == (BasketState.APPROVED, 600, 1_400)
    (event,) = money_events(funded, Kind.CAPTURED)
    assert msgspec.msgpack.decode(event.body, type=HoldEnded).state is Authorisation.CAPTURED


def test_all_of_this_is_there_after_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_guest(house)
        granted(house)
        bought(house)
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        (listed,) = house.service.payments(TILL)
        assert (listed.op_id, listed.state, listed.total_minor) == (OP, BasketState.APPROVED, 600)
        house.service.void(cashier(house), OP, VOID, reason="cold soup")
        assert left(house) == 2_000
        assert house.service.payments(TILL)[0].voided_minor == 600


def test_a_device_that_cannot_prove_its_journal_takes_nothing_back(funded: House) -> None:
    bought(funded)
    funded.current = False
    with pytest.raises(Refused, match="left this device"):
        funded.service.void(cashier(funded), OP, VOID, reason="cold soup")
