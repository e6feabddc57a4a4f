"""Payments: a band pays from what its device holds, or is told exactly what is missing."""

from __future__ import annotations

from edge.core.decision import Reason
from edge.core.lease import LeaseState
from edge.core.payment.bodies import Pin
from edge.core.payment.decide import LEASES_MAX
from edge.core.payment.sale import Authorisation
from edge.core.wallet import Tally
from tests.builders import a_band_id
from tests.core.purses import a_basket, a_lease, a_line, a_payer, paid


def test_a_meal_is_paid_from_the_lease_here() -> None:
    ruling = paid()
    assert (ruling.payment.reason, ruling.payment.state) == (Reason.PAID, Authorisation.CAPTURED)
    assert [(leg.amount_minor, leg.lease) for leg in ruling.payment.legs] == [(600, "lease-1")]
    assert [lease.spendable for lease in ruling.leases] == [1_400]
    assert ruling.payment.ready_minor == 1_400


def test_what_is_kept_elsewhere_is_told_beside_what_is_here() -> None:
    ruling = paid(a_payer(a_lease(granted=420, elsewhere=3_000)))
    told = ruling.payment
    assert (told.reason, told.ready_minor, told.elsewhere_minor) == (Reason.INSUFFICIENT_HERE, 420, 3_000)
    assert told.missing_minor == 180
    assert ruling.leases == ()


def test_not_enough_anywhere_tells_what_is_missing() -> None:
    told = paid(a_payer(a_lease(granted=420, elsewhere=0)), a_basket(a_line(700))).payment
    assert (told.reason, told.missing_minor) == (Reason.INSUFFICIENT_FUNDS, 280)


def test_what_is_still_due_of_a_split_is_known() -> None:
    ruling = paid(asked_minor=250)
    assert ruling.sale is not None
    assert (ruling.payment.due_minor, ruling.sale.due_minor, ruling.sale.paid_minor) == (350, 350, 250)
    assert ruling.payment.state is Authorisation.AUTHORISED


def test_leases_that_were_closed_before_never_hide_an_open_one() -> None:
    shut = [a_lease(f"old-{n}", granted=0, state=LeaseState.CLOSED) for n in range(LEASES_MAX)]
    over = [a_lease(f"over-{n}", ends_ms=0) for n in range(LEASES_MAX)]
    told = paid(a_payer(*shut, *over, a_lease("open"))).payment
    assert [leg.lease for leg in told.legs] == ["open"]
    assert len(told.judged.leases) == LEASES_MAX


def test_the_same_basket_is_paid_once() -> None:
    ruling = paid()
    again = paid(sale=ruling.sale)
    assert again.payment.reason is Reason.ALREADY_PAID
    assert (again.sale, again.leases) == (None, ())


def test_legs_are_numbered_through_all_parts_of_a_bill() -> None:
    first = paid(a_payer(a_lease("a", granted=100), a_lease("b", granted=100)), asked_minor=200)
    second = paid(sale=first.sale)
    assert second.sale is not None
    assert [(leg.number, leg.lease) for leg in second.sale.legs] == [(1, "a"), (2, "b"), (3, "lease-1")]


def test_a_band_spends_what_was_set_aside_for_it_first_and_nothing_that_is_anothers() -> None:
    mine, other = (a_lease(id, granted=400, band=a_band_id(n).hex()) for id, n in (("z-mine", 1), ("a", 2)))
    told = paid(a_payer(other, a_lease("b", granted=400), mine)).payment
    assert [(leg.lease, leg.amount_minor) for leg in told.legs] == [("z-mine", 400), ("b", 200)]
    assert paid(a_payer(other)).payment.reason is not Reason.PAID


def test_a_pin_begins_the_taps_without_one_anew() -> None:
    tally = Tally(taps_since_pin=2)
    assert [
        ruling.tally.taps_since_pin
        for ruling in (paid(a_payer(tally=tally)), paid(a_payer(tally=tally, pin=Pin.VERIFIED)))
        if ruling.tally is not None
    ] == [3, 0]
