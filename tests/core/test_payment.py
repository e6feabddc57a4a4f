"""Payments: a band pays from what its device holds, or is told exactly what is missing."""

from __future__ import annotations

from edge.core.decision import Reason
from edge.core.lease import LeaseState
from edge.core.payment.decide import LEASES_MAX
from edge.core.payment.sale import Authorisation
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
