"""Cash over the counter: paid in and spendable at once, paid out once, and never for oneself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.lease import LeaseState
from edge.core.payment import CashedOut, ToppedUp
from edge.errors import Refused
from edge.payviews import BasketState, CashView
from tests.service.house import UID, Hands, House, an_edge, band_of
from tests.service.purses import (
    GUEST_PIN,
    TILL,
    a_grant,
    a_guest,
    bought,
    cashier,
    granted,
    leases,
    left,
    money_events,
)

CASH = "cash-00000001"


def told(house: House) -> CashView:
    """What the till was told last."""
    return [event.body for event in house.told("till-till") if isinstance(event.body, CashView)][-1]


def tap(house: House) -> CashView:
    house.told("till-till")
    house.service.present(house.tap(reader="reader-till"))
    return told(house)


def topped_up(house: House, minor: int = 1_500, op_id: str = CASH) -> CashView:
    house.service.top_up(cashier(house), TILL, op_id, minor=minor)
    return tap(house)


def test_cash_is_spendable_here_at_once_without_a_word_of_central(house: House) -> None:
    a_guest(house)
    view = topped_up(house)
    assert (view.state, view.ready_here_minor) == (BasketState.APPROVED, 1_500)
    (event,) = money_events(house, Kind.TOPPED_UP)
    body = msgspec.msgpack.decode(event.body, type=ToppedUp)
    assert (body.amount_minor, body.drawer, body.leases[0].counters.minted) == (1_500, TILL, 1_500)
    assert bought(house).ready_here_minor == 900


def test_cash_goes_to_the_lease_that_is_here(house: House) -> None:
    a_guest(house)
    granted(house)
    topped_up(house)
    (lease,) = leases(house)
    assert (lease.counters.granted, lease.counters.minted) == (2_000, 1_500)


def test_the_same_top_up_asked_twice_is_one(house: House) -> None:
    a_guest(house)
    topped_up(house)
    again = house.service.top_up(cashier(house), TILL, CASH, minor=1_500)
    assert again.state is BasketState.APPROVED
    house.service.present(house.tap(reader="reader-till"))
    assert left(house) == 1_500


def test_nobody_puts_cash_on_their_own_band(house: House) -> None:
    a_guest(house)
    badge = band_of(house, UID).hex()
    house.service.top_up(cashier(house, badge=badge), TILL, CASH, minor=1_500)
    assert tap(house).reason is Reason.PAYMENTS_OFF
    assert left(house) == 0


@pytest.mark.parametrize("minor", [0, -1, 10_000_001])
def test_an_amount_that_is_none_is_refused(house: House, minor: int) -> None:
    with pytest.raises(Refused):
        house.service.top_up(cashier(house), TILL, CASH, minor=minor)


def test_all_that_is_here_is_paid_out_and_the_lease_closed(house: House) -> None:
    a_guest(house)
    granted(house)
    bought(house)
    house.service.cash_out(cashier(house), TILL, CASH)
    view = tap(house)
    assert (view.state, view.amount_minor, view.ready_here_minor) == (BasketState.APPROVED, 1_400, 0)
    (lease,) = leases(house)
    assert (lease.state, lease.spendable) == (LeaseState.CLOSED, 0)
    (event,) = money_events(house, Kind.CASHED_OUT)
    assert msgspec.msgpack.decode(event.body, type=CashedOut).amount_minor == 1_400


def test_a_wallet_with_a_pin_is_paid_out_by_its_pin_alone(house: House) -> None:
    a_guest(house, pin=GUEST_PIN)
    granted(house)
    house.service.cash_out(cashier(house), TILL, CASH)
    assert tap(house).state is BasketState.PIN
    assert house.service.type_cash_pin(TILL, CASH, "0000").reason is Reason.PIN_WRONG
    view = house.service.type_cash_pin(TILL, CASH, GUEST_PIN)
    assert (view.state, view.amount_minor) == (BasketState.APPROVED, 2_000)


def test_three_wrong_pins_pay_nothing_out(house: House) -> None:
    a_guest(house, pin=GUEST_PIN)
    granted(house)
    house.service.cash_out(cashier(house), TILL, CASH)
    tap(house)
    for digits in ("0000", "0001", "0002"):
        view = house.service.type_cash_pin(TILL, CASH, digits)
    assert (view.state, view.reason) == (BasketState.DECLINED, Reason.PIN_LOCKED)
    assert left(house) == 2_000


def test_a_child_s_band_is_topped_up_and_not_paid_out(house: House) -> None:
    a_guest(house, no_charge=True)
    assert topped_up(house).state is BasketState.APPROVED
    house.service.cash_out(cashier(house), TILL, "cash-00000002")
    assert tap(house).reason is Reason.PAYMENTS_OFF


def test_cash_that_nobody_came_for_is_given_up(house: House) -> None:
    a_guest(house)
    house.service.top_up(cashier(house), TILL, CASH, minor=500)
    assert house.service.give_up_cash(cashier(house), TILL, CASH).state is BasketState.GIVEN_UP
    house.service.present(house.tap(reader="reader-till"))
    assert left(house) == 0
    house.service.top_up(cashier(house), TILL, "cash-00000002", minor=500)
    house.hands.forward(s=181)
    house.service._cash.lapse()
    assert told(house).state is BasketState.GIVEN_UP


def test_a_blocked_wallet_takes_and_gives_no_cash(house: House) -> None:
    a_guest(house, blocked=True)
    assert topped_up(house).reason is Reason.WALLET_BLOCKED
    assert left(house) == 0


def test_minted_cash_survives_a_restart(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_guest(house)
        topped_up(house)
    with an_edge(tmp_path, hands) as house:
        assert left(house) == 1_500


def test_a_lease_of_another_life_of_this_device_is_none_of_ours(house: House) -> None:
    a_guest(house)
    granted(house, a_grant(incarnation=2))
    assert leases(house) == ()
