"""Every reason that a payment can give, given once; judged again from its event it comes out equal."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.bands import BandState, Trust
from edge.core.basket import LINES_MAX, fault_of
from edge.core.decision import Outcome, Reason, outcome_of
from edge.core.events import BODY_BYTES_MAX
from edge.core.lease import LeaseState, Limits
from edge.core.payment import Outside, PaymentFacts, Pin, Tender, payment_in, replay_payment
from edge.core.payment.decide import LEASES_MAX, decide_payment
from edge.core.payment.legs import LEGS_MAX
from edge.core.payment.sale import Authorisation
from edge.core.wallet import CategoryLimit, MandateState, Tally
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    ROME,
    a_band,
    a_band_id,
    a_gate,
    a_layout,
    a_profile,
    a_tap,
    a_till,
    facts_for,
    facts_of_nobody,
    inside,
    some_uses,
)
from tests.core.purses import (
    TODAY,
    UP_MS,
    a_basket,
    a_lease,
    a_line,
    a_link,
    a_payer,
    a_payment,
    a_risk,
    a_spirit,
    paid,
    spends,
)

CHILD = a_profile(payments=True, wallet=a_link(), age_band="8-11")
TEEN = a_profile(payments=True, wallet=a_link(), age_band="16-19")
WEAK = facts_for(
    a_profile(payments=True, wallet=a_link()), a_till(trust_min=Trust.SUN), presented=a_tap(trust=Trust.SUN)
)
SPENT = facts_for(
    a_profile(payments=True, wallet=a_link()),
    a_till(),
    presented=a_tap(trust=Trust.LIVE),
    uses=some_uses(NOW_MS - HOUR_MS),
    location=inside(),
    places={"hall": 3},
)
"""Uses, places and a location: entry's, and none of a payment's."""
NOBODY = facts_of_nobody(a_till(), presented=a_tap(trust=Trust.LIVE))
LOST = a_profile(payments=True, wallet=a_link(), band=a_band(state=BandState.LOST))
AT_TILL = {"presented": a_tap(trust=Trust.LIVE)}
GROWN_UP = a_payer(confirmed=frozenset({"age"}))
NO_CASH = Outside(tender=Tender.WALLET, amount_minor=9)
HOLD = paid(hold_ms=HOUR_MS).sale
PART = paid(asked_minor=200).sale
MOST_OF_MUCH = paid(basket=a_basket(a_line(2_001)), asked_minor=1_500).sale

GIVEN: dict[str, tuple[Reason, PaymentFacts]] = {
    "paid": (Reason.PAID, a_payment()),
    "paid in cash": (Reason.PAID, a_payment(payer=Outside(tender=Tender.CASH, amount_minor=600))),
    "the rest of a split": (Reason.PAID, a_payment(sale=PART)),
    "a hold": (Reason.PAID, a_payment(hold_ms=HOUR_MS, hold_minor=1_500)),
    "on risk": (Reason.PAID, a_payment(a_risk())),
    "with a PIN": (Reason.PAID, a_payment(spends(pin_above_minor=1, pin=Pin.VERIFIED))),
    "weak with a PIN": (Reason.PAID, a_payment(a_payer(tap=WEAK, pin=Pin.VERIFIED))),
    "with a day behind it": (Reason.PAID, a_payment(a_payer(tap=SPENT))),
    "a spirit for a grown-up": (Reason.PAID, a_payment(GROWN_UP, a_basket(a_spirit()))),
    "to the last cent here": (Reason.PAID, a_payment(a_payer(a_lease(granted=600)))),
    "in a lease's last millisecond": (Reason.PAID, a_payment(a_payer(a_lease(ends_ms=UP_MS + 1)))),
    "as much as the PIN's amount": (Reason.PAID, a_payment(spends(pin_above_minor=600))),
    "the last tap before a PIN": (
        Reason.PAID,
        a_payment(spends(taps_before_pin=3, tally=Tally(taps_since_pin=2))),
    ),
    "as much as the tap's limit": (Reason.PAID, a_payment(spends(tap_minor_max=600))),
    "as much as the day's limit": (
        Reason.PAID,
        a_payment(spends(day_minor_max=1_000, tally=Tally(day=TODAY, minor=400))),
    ),
    "as much as a category's limit": (
        Reason.PAID,
        a_payment(spends(categories=(CategoryLimit("food", 600),))),
    ),
    "weak and as much as may be": (
        Reason.PAID,
        a_payment(a_payer(a_lease(), tap=WEAK, pin=Pin.VERIFIED), a_basket(a_line(2_000))),
    ),
    "as much as the floor": (Reason.PAID, a_payment(a_risk(floor=400))),
    "the last of all risk": (Reason.PAID, a_payment(a_risk(sums=400, taps=1, budget=400))),
    "again": (Reason.ALREADY_PAID, a_payment(sale=paid().sale)),
    "a hold again": (Reason.ALREADY_PAID, a_payment(sale=HOLD)),
    "in its last millisecond": (Reason.PAID, a_payment(sale=PART, monotonic_ms=PART.until_ms - 1)),
    "at its end": (Reason.ANNULLED, a_payment(sale=PART, monotonic_ms=PART.until_ms)),
    "after its time": (Reason.ANNULLED, a_payment(sale=PART, monotonic_ms=UP_MS + HOUR_MS)),
    "after it was given up": (
        Reason.ANNULLED,
        a_payment(sale=replace(PART, state=Authorisation.VOIDED)),
    ),
    "at a gate": (Reason.DEVICE_NOT_ALLOWED, a_payment(a_payer(tap=facts_for(CHILD, a_gate())))),
    "a lost band": (Reason.BAND_LOST, a_payment(a_payer(profile=LOST))),
    "an unknown band": (Reason.BAND_UNKNOWN, a_payment(a_payer(tap=NOBODY))),
    "a copy": (
        Reason.TRUST_TOO_LOW,
        a_payment(a_payer(tap=facts_for(CHILD, a_till(), presented=a_tap(trust=Trust.SUN)))),
    ),
    "weak without any PIN": (Reason.TRUST_TOO_LOW, a_payment(spends(tap=WEAK, pin_hash=""))),
    "an override pays nothing": (
        Reason.DEVICE_NOT_ALLOWED,
        a_payment(a_payer(tap=facts_for(LOST, a_till(), overridden=True, **AT_TILL))),
    ),
    "not allowed to pay": (Reason.PAYMENTS_OFF, a_payment(a_payer(profile=a_profile(wallet=a_link())))),
    "no wallet": (Reason.PAYMENTS_OFF, a_payment(a_payer(profile=a_profile(payments=True)))),
    "a child's band": (Reason.PAYMENTS_OFF, a_payment(spends(no_charge=True))),
    "another currency": (Reason.PAYMENTS_OFF, a_payment(spends(currency="CHF"))),
    "blocked at central": (Reason.WALLET_BLOCKED, a_payment(spends(blocked=True))),
    "blocked since": (Reason.WALLET_BLOCKED, a_payment(spends(block_epoch=3, known_epoch=4))),
    "three wrong PINs": (Reason.PIN_LOCKED, a_payment(a_payer(pin=Pin.LOCKED))),
    "a wrong PIN": (Reason.PIN_WRONG, a_payment(a_payer(pin=Pin.WRONG))),
    "above the PIN's amount": (Reason.PIN_REQUIRED, a_payment(spends(pin_above_minor=599))),
    "above it in two parts": (
        Reason.PIN_REQUIRED,
        a_payment(spends(pin_above_minor=599), sale=PART, asked_minor=400),
    ),
    "many taps since the PIN": (
        Reason.PIN_REQUIRED,
        a_payment(spends(taps_before_pin=3, tally=Tally(taps_since_pin=3))),
    ),
    "weak": (Reason.PIN_REQUIRED, a_payment(a_payer(tap=WEAK))),
    "above the PIN's amount without one": (
        Reason.SPEND_LIMIT,
        a_payment(spends(pin_above_minor=599, pin_hash="")),
    ),
    "a debt": (Reason.MANDATE_DECLINED, a_payment(spends(mandate=MandateState.DECLINED))),
    "an expired mandate": (
        Reason.MANDATE_EXPIRED,
        a_payment(a_risk(mandate=MandateState.EXPIRED)),
    ),
    "no mandate": (Reason.OFFLINE_LIMIT, a_payment(a_risk(mandate=MandateState.NONE))),
    "above the floor": (Reason.OFFLINE_LIMIT, a_payment(a_risk(floor=399))),
    "risk spent": (Reason.OFFLINE_LIMIT, a_payment(a_risk(sums=399))),
    "too often on risk": (Reason.OFFLINE_LIMIT, a_payment(a_risk(taps=0))),
    "the operator's budget spent": (Reason.OFFLINE_LIMIT, a_payment(a_risk(budget=399))),
    "time over": (Reason.OFFLINE_LIMIT, a_payment(a_payer(a_lease(ends_ms=UP_MS)))),
    "too young": (Reason.AGE_MIN, a_payment(a_payer(profile=CHILD), a_basket(a_spirit()))),
    "perhaps too young": (Reason.AGE_CONFIRM, a_payment(a_payer(profile=TEEN), a_basket(a_spirit()))),
    "above the tap's limit": (Reason.SPEND_LIMIT, a_payment(spends(tap_minor_max=599))),
    "above the day's limit": (
        Reason.SPEND_LIMIT,
        a_payment(spends(day_minor_max=1_000, tally=Tally(day=TODAY, minor=401))),
    ),
    "no share of the day here": (Reason.SPEND_LIMIT, a_payment(spends(day_leased=True))),
    "above a category's limit": (
        Reason.SPEND_LIMIT,
        a_payment(spends(categories=(CategoryLimit("", 0), CategoryLimit("food", 599)))),
    ),
    "above the tap's limit in two parts": (
        Reason.SPEND_LIMIT,
        a_payment(spends(tap_minor_max=599), sale=PART),
    ),
    "weak and much in two parts": (
        Reason.SPEND_LIMIT,
        a_payment(a_payer(a_lease(), tap=WEAK, pin=Pin.VERIFIED), sale=MOST_OF_MUCH),
    ),
    "weak and much": (
        Reason.SPEND_LIMIT,
        a_payment(a_payer(a_lease(granted=9_000), tap=WEAK), a_basket(a_line(2_001))),
    ),
    "not here": (Reason.INSUFFICIENT_HERE, a_payment(a_payer(a_lease(granted=420, elsewhere=180)))),
    "nobody knows": (Reason.INSUFFICIENT_HERE, a_payment(a_payer(a_lease(granted=420)))),
    "nowhere": (Reason.INSUFFICIENT_FUNDS, a_payment(a_payer(a_lease(granted=420, elsewhere=179)))),
    "frozen": (Reason.LEASE_FROZEN, a_payment(a_payer(a_lease(state=LeaseState.FROZEN)))),
    "cash for a hold": (
        Reason.LIMIT_REACHED,
        a_payment(payer=Outside(tender=Tender.CASH, amount_minor=600), hold_ms=1),
    ),
    "no cash": (Reason.LIMIT_REACHED, a_payment(payer=Outside(tender=Tender.CASH, amount_minor=0))),
    "a wallet is no cash": (Reason.LIMIT_REACHED, a_payment(NO_CASH)),
    "too many legs": (
        Reason.LIMIT_REACHED,
        a_payment(sale=replace(PART, legs=PART.legs * 16)),
    ),
}
"""Facts for each reason."""

OF_MONEY = {
    *(Reason.PIN_REQUIRED, Reason.PIN_WRONG, Reason.PIN_LOCKED, Reason.INSUFFICIENT_HERE),
    *(Reason.INSUFFICIENT_FUNDS, Reason.OFFLINE_LIMIT, Reason.PAYMENTS_OFF, Reason.SPEND_LIMIT),
    *(Reason.WALLET_BLOCKED, Reason.LEASE_FROZEN, Reason.MANDATE_EXPIRED, Reason.MANDATE_DECLINED),
    *(Reason.PAID, Reason.ALREADY_PAID),
}


@pytest.mark.parametrize(("reason", "facts"), list(GIVEN.values()), ids=list(GIVEN))
def test_each_reason_is_given(reason: Reason, facts: PaymentFacts) -> None:
    ruling = decide_payment(facts)
    assert ruling.payment.reason is reason
    moves = reason is Reason.PAID
    assert (ruling.sale is not None, bool(ruling.payment.legs)) == (moves, moves)
    assert (outcome_of(reason) is Outcome.GRANTED) is (moves or reason is Reason.ALREADY_PAID)


def test_every_reason_of_money_is_among_them() -> None:
    assert {reason for reason, _ in GIVEN.values()} >= OF_MONEY


@pytest.mark.parametrize("facts", [facts for _, facts in GIVEN.values()], ids=list(GIVEN))
def test_central_judges_it_again_and_comes_out_equal(facts: PaymentFacts) -> None:
    ruling = decide_payment(facts)
    body = msgspec.msgpack.encode(ruling.payment)
    assert len(body) < BODY_BYTES_MAX
    tap = facts.payer.tap if not isinstance(facts.payer, Outside) else None
    again = replay_payment(
        payment_in(body),
        tap.presented.band if tap else None,
        tap.profile if tap else None,
        layout=tap.layout if tap else a_layout(),
        timezone=ROME,
    )
    assert again == ruling


def test_a_point_that_central_never_had_is_not_judged() -> None:
    assert (
        replay_payment(paid().payment, a_band_id(), None, layout=a_layout(points=()), timezone=ROME) is None
    )


def test_another_answer_than_the_rulebook_s_is_found_out() -> None:
    told = paid(a_payer(a_lease(granted=1_000))).payment
    forged = replace(told, judged=replace(told.judged, leases=(a_lease(granted=100),)))
    tap = a_payer().tap
    again = replay_payment(forged, tap.presented.band, tap.profile, layout=tap.layout, timezone=ROME)
    assert again is not None
    assert again.payment.reason is Reason.INSUFFICIENT_HERE


def test_the_largest_payment_fits_into_one_event() -> None:
    """Every line, word, leg and lease that is allowed at once."""
    words = {"item": "i" * 20, "name": "é" * 16, "category": "c" * 10}
    lines = [a_line(1_000_000, 9_999, **words)] * LINES_MAX
    basket = a_basket(*lines, op_id="o" * 64, point="p" * 40, staff="s" * 40)
    assert fault_of(basket) is None
    most = dict.fromkeys(("tap_minor_max", "pin_above_minor", "day_minor_max"), 10**15)
    long = {"wallet": "w" * 40, "device": "d" * 40, "elsewhere": 10**14, "limits": Limits(**most)}
    leases = [a_lease(f"{number:040}", 10**9, **long) for number in range(LEASES_MAX + 4)]
    payer = a_payer(*leases, profile=a_profile(payments=True, wallet=a_link(id="w" * 40)))
    point = a_till("p" * 40)
    payer = a_payer(*leases, tap=facts_for(payer.tap.profile, point, **AT_TILL))
    first = paid(payer, basket, asked_minor=10**9)
    assert first.sale is not None
    sale = replace(first.sale, legs=first.sale.legs * (LEGS_MAX - 2))
    ruling = paid(payer, basket, sale=sale, asked_minor=10**10)
    assert ruling.payment.reason is Reason.PAID
    assert len(ruling.payment.legs) == 10
    assert len(msgspec.msgpack.encode(ruling.payment)) < BODY_BYTES_MAX


def test_every_amount_of_a_refusal_is_exact() -> None:
    told = paid(spends(day_minor_max=1_000, tally=Tally(day=TODAY, minor=401))).payment
    assert told.left_minor == 599
    assert paid(spends(pin_above_minor=599, pin_hash="")).payment.left_minor == 599
    assert paid(spends(pin_above_minor=599)).payment.left_minor is None
    spent = Tally(day=TODAY, minor=300, categories=(("food", 300),))
    told = paid(spends(categories=(CategoryLimit("food", 899),), tally=spent)).payment
    assert (told.reason, told.left_minor) == (Reason.SPEND_LIMIT, 599)
    told = paid(a_payer(a_lease(granted=420, elsewhere=100), a_lease("lease-2", granted=100))).payment
    assert (told.ready_minor, told.elsewhere_minor, told.missing_minor) == (520, 100, 80)
    told = paid(a_payer(a_lease(granted=0, elsewhere=0))).payment
    assert (told.reason, told.missing_minor) == (Reason.INSUFFICIENT_FUNDS, 600)
