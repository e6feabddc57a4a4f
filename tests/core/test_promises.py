"""Promises at a till: the offer's price to the cent, out of budgets that lie here, none spent for nothing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.basket import Line
from edge.core.decision import Reason
from edge.core.lease import Counters, Lease
from edge.core.money import Money, allocate
from edge.core.offers import Budget, Category, Effect, Kind, Level, Message, Offer, Period, Unit
from edge.core.payment import Authorisation
from edge.core.payment.back import BackAsk, decide_void
from edge.core.payment.facts import Outside
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.promised import LABEL_CHARS_MAX, Promise, Promised, promise_of
from edge.core.payment.promises import keep_promises
from edge.core.payment.reckoning import Objection, Piece
from edge.core.vouchers import Voucher, VoucherUse
from tests.builders import a_profile
from tests.core.purses import UP_MS, a_basket, a_lease, a_line, a_link, a_payer, paid

MONEY, PIECES = "gift:summer", "offer:tasting"


def an_offer(id: str = "less", **changes: object) -> Offer:
    """A euro and a half off a soup."""
    offer = Offer(
        id=id,
        kind=Kind.DISCOUNT,
        campaign="summer",
        messages={"it": Message(name="Meno", headline="Meno")},
        budget=Budget(id=MONEY, unit=Unit.MONEY, each=150),
        effect=Effect(off_minor=150, articles=("soup",), units=1),
    )
    return msgspec.structs.replace(offer, **changes)


def held(*offers: Offer, until: str = "", **changes: object) -> Promised:
    promises = tuple(promise_of(one, exposure=f"e-{one.id}", bundle=1, label=one.id) for one in offers)
    dated = tuple(msgspec.structs.replace(one, until=until) for one in promises)
    return msgspec.structs.replace(Promised(promises=dated), **changes)


def a_budget(units: int = 1_000, kind: str = MONEY, **changes: object) -> Lease:
    """What lies here of a campaign."""
    return a_lease(f"b-{kind}", units, wallet="", kind=kind, **changes)


def kept(lines: list[Line], promised: Promised, *leases: Lease, legs: tuple[Leg, ...] = ()) -> list[int]:
    """What comes off each line."""
    found = keep_promises(lines, promised, leases, legs=legs, monotonic_ms=UP_MS)
    off = [0] * len(lines)
    for part in found.parts:
        off[part.line or 0] += part.minor
    return off


def test_a_promise_says_what_moves_a_price_and_none_of_the_words() -> None:
    offer = an_offer(rule="r", needs=("soup",), period=Period(last="2026-07-31"))
    promise = promise_of(offer, exposure="e1", bundle=3, label="x" * 99)
    assert (promise.offer.messages, promise.offer.rule, promise.offer.needs) == ({}, "", ())
    assert promise.offer.effect == offer.effect
    assert len(promise.label) == LABEL_CHARS_MAX
    assert promise.holds_on("2026-07-31")
    assert not promise.holds_on("2026-08-01")
    assert Promise(exposure="e", offer=offer, bundle=1, label="").holds_on("2099-01-01")


def test_money_costs_what_it_takes_off_and_a_piece_is_spent_once() -> None:
    lines = [a_line(), a_line(300, item="bread")]
    by_money = keep_promises(lines, held(an_offer()), (a_budget(),), monotonic_ms=UP_MS)
    assert [(part.units, part.minor, part.line) for part in by_money.parts] == [(150, 150, 0)]
    whole = an_offer(budget=Budget(id=PIECES), effect=Effect(level=Level.BASKET, off_minor=90))
    pieces = keep_promises(lines, held(whole), (a_budget(5, PIECES),), monotonic_ms=UP_MS)
    assert [(part.units, part.minor) for part in pieces.parts] == [(1, 60), (0, 30)]
    assert [(one.minor, one.units) for one in pieces.redeemed] == [(90, 1)]


def test_what_a_slice_does_not_hold_is_left_out_whole() -> None:
    lines = [a_line()]
    assert kept(lines, held(an_offer()), a_budget(149)) == [0]
    assert kept(lines, held(an_offer())) == [0]
    assert kept(lines, held(an_offer(budget=None)), a_budget()) == [0]
    late = msgspec.structs.replace(a_budget(), ends_ms=UP_MS)
    assert kept(lines, held(an_offer()), late) == [0]


def test_points_are_spent_out_of_the_guests_own_lease_alone() -> None:
    offer = held(an_offer(budget=None, points_spent=5))
    own, sites = (a_lease(wallet, 9, wallet=wallet, kind="points") for wallet in ("wallet-1", ""))
    assert (kept([a_line()], offer, own), kept([a_line()], offer, sites)) == ([150], [0])


def test_two_promises_share_one_slice_only_as_far_as_it_goes() -> None:
    lines = [a_line(), a_line(item="bread")]
    both = held(an_offer(priority=2), an_offer("bread", effect=Effect(off_minor=150, articles=("bread",))))
    assert kept(lines, both, a_budget(200)) == [150, 0]
    assert kept(lines, both, a_budget(300)) == [150, 150]


def test_one_promise_may_be_paid_out_of_two_leases() -> None:
    two = (a_budget(100), msgspec.structs.replace(a_budget(100), id="second"))
    found = keep_promises([a_line()], held(an_offer()), two, monotonic_ms=UP_MS)
    assert sorted((part.units, part.minor) for part in found.parts) == [(50, 50), (100, 100)]
    assert [(one.minor, one.units) for one in found.redeemed] == [(150, 150)]


def test_points_are_the_guests_own_and_spent_once() -> None:
    offer = an_offer(budget=None, points_spent=30)
    points = a_lease("p", 40, kind="points")
    found = keep_promises([a_line()], held(offer), (points,), monotonic_ms=UP_MS)
    assert [(part.lease.id, part.units, part.minor) for part in found.parts] == [("p", 30, 150)]
    assert kept([a_line()], held(offer), a_lease("p", 29, kind="points")) == [0]


def test_a_line_that_a_voucher_lowered_before_takes_no_offer() -> None:
    before = (Leg(number=1, tender=Tender.DISCOUNT, amount_minor=600, line=0),)
    assert kept([a_line()], held(an_offer()), a_budget(), legs=before) == [0]


def test_of_offers_that_do_not_go_together_the_better_one_is_taken() -> None:
    small = an_offer("small", effect=Effect(off_minor=50, articles=("soup",)), stack="one")
    both = held(an_offer(stack="one"), small, categories=(Category(id="one", most=1),))
    assert kept([a_line()], both, a_budget()) == [150]


def test_the_till_takes_just_the_offers_price_and_central_reads_the_same() -> None:
    payer = a_payer(a_lease(), a_budget(), promised=held(an_offer()))
    ruling = paid(payer)
    assert ruling.payment.state is Authorisation.CAPTURED
    assert [(leg.tender, leg.amount_minor, leg.label) for leg in ruling.payment.legs] == [
        (Tender.DISCOUNT, 150, "less"),
        (Tender.WALLET, 450, ""),
    ]
    assert [one.exposure for one in ruling.redeemed] == ["e-less"]


def test_a_promise_whose_day_is_over_changes_nothing() -> None:
    payer = a_payer(a_lease(), a_budget(), promised=held(an_offer(), until="2026-07-14"))
    assert [leg.amount_minor for leg in paid(payer).payment.legs] == [600]


def test_a_band_without_money_brings_what_its_guest_took_up() -> None:
    bare = a_profile(payments=False)
    payer = a_payer(a_budget(), profile=bare, promised=held(an_offer()))
    ruling = paid(payer)
    assert (ruling.payment.state, ruling.payment.due_minor) == (Authorisation.AUTHORISED, 450)
    none = a_payer(a_budget(), profile=bare)
    assert paid(none).payment.reason is Reason.PAYMENTS_OFF
    assert paid(payer, hold_ms=60_000).payment.reason is Reason.PAYMENTS_OFF


def test_a_coupon_lowers_a_bill_that_nobodys_band_pays_or_is_not_spent() -> None:
    coupon = Outside(tender=Tender.DISCOUNT, amount_minor=0, promised=held(an_offer()), leases=(a_budget(),))
    ruling = paid(coupon)
    assert (ruling.payment.state, ruling.payment.due_minor) == (Authorisation.AUTHORISED, 450)
    bread = a_basket(a_line(item="bread"))
    assert paid(coupon, bread).payment.reason is Reason.LIMIT_REACHED
    assert paid(coupon, hold_ms=60_000).payment.reason is Reason.LIMIT_REACHED


def test_a_tender_pays_no_more_than_an_offer_leaves() -> None:
    gift = Voucher(kind="gift:welcome", use=VoucherUse.TENDER, unit_minor=1)
    link = a_link(vouchers=(gift,))
    profile = a_profile(payments=True, wallet=link)
    own = a_lease("g", 10_000, kind="gift:welcome")
    payer = a_payer(a_lease(), own, a_budget(), profile=profile, promised=held(an_offer()))
    legs = paid(payer).payment.legs
    assert [(leg.tender, leg.amount_minor) for leg in legs] == [(Tender.DISCOUNT, 150), (Tender.VOUCHER, 450)]


@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 4)), min_size=1, max_size=5),
    st.integers(1, 2_000),
    st.integers(1, 100),
    st.integers(0, 3_000),
)
def test_any_offers_leave_no_line_below_nothing_and_never_overspend(
    goods: list[tuple[int, int]], off: int, percent: int, units: int
) -> None:
    lines = [a_line(price, quantity) for price, quantity in goods]
    share = an_offer(
        "share", effect=Effect(percent=percent), budget=Budget(id=MONEY, unit=Unit.MONEY, each=9_000)
    )
    whole = an_offer("whole", effect=Effect(level=Level.BASKET, off_minor=off), budget=Budget(id=PIECES))
    leases = (a_budget(units), a_budget(1, PIECES))
    found = keep_promises(lines, held(share, whole), leases, monotonic_ms=UP_MS)
    for number, line in enumerate(lines):
        assert 0 <= sum(part.minor for part in found.parts if part.line == number) <= line.gross_minor
    assert sum(part.units for part in found.parts if part.lease.kind == MONEY) <= units
    assert sum(part.units for part in found.parts if part.lease.kind == PIECES) <= 1
    assert found.minor == sum(one.minor for one in found.redeemed)


@given(st.integers(1, 6), st.integers(1, 500), st.permutations([1, 2, 3]))
def test_however_a_lowered_line_comes_back_its_parts_are_the_whole(
    quantity: int, off: int, order: list[int]
) -> None:
    offer = an_offer(effect=Effect(level=Level.BASKET, off_minor=off))
    basket = a_basket(a_line(333, quantity), a_line(200, 2, item="bread"))
    payer = a_payer(a_lease(granted=9_000), a_budget(9_000), promised=held(offer))
    sold = paid(payer, basket)
    sale, leases = sold.sale, {lease.id: lease for lease in sold.leases}
    assert sale is not None
    for number, step in enumerate([*order, *[1] * 9]):
        open_ = [
            Piece(line, min(step, left))
            for line, whole in enumerate((quantity, 2))
            if (left := whole - sum(one.quantity for one in sale.voided if one.line == line)) > 0
        ][:1]
        if not open_:
            break
        ask = BackAsk(id=f"void-{number}", pieces=tuple(open_))
        ruling = decide_void(sale, ask, tuple(leases.values()), monotonic_ms=UP_MS)
        assert not isinstance(ruling, Objection)
        sale, leases = ruling.sale, leases | {lease.id: lease for lease in ruling.leases}
    assert all(leg.voided_minor == leg.amount_minor and leg.voided_units == leg.units for leg in sale.legs)
    assert all(lease.counters.consumed == 0 for lease in leases.values())


def test_the_allocation_is_by_largest_remainder() -> None:
    offer = an_offer(effect=Effect(level=Level.BASKET, off_minor=100))
    lines = [a_line(333), a_line(333), a_line(334)]
    wanted = [share.minor for share in allocate(Money(100, "EUR"), [333, 333, 334])]
    assert kept(lines, held(offer), a_budget()) == wanted


@pytest.mark.parametrize("counters", [Counters(granted=150), Counters(granted=300, spent=150)])
def test_a_slice_that_just_suffices_is_spent_to_nothing(counters: Counters) -> None:
    lease = msgspec.structs.replace(a_budget(), counters=counters)
    ruling = paid(a_payer(a_lease(), lease, promised=held(an_offer())))
    after = next(one for one in ruling.leases if one.kind == MONEY)
    assert after.spendable == 0


def test_a_piece_that_lowers_two_lines_is_taken_from_its_lease_once() -> None:
    offer = an_offer(budget=Budget(id=PIECES), effect=Effect(level=Level.BASKET, off_minor=90))
    promised = held(offer, an_offer("points", budget=None, points_spent=1))
    assert promised.kinds == {PIECES}
    basket = a_basket(a_line(), a_line(300, item="bread"))
    ruling = paid(a_payer(a_lease(), a_budget(2, PIECES), promised=promised), basket)
    assert [(leg.units, leg.amount_minor) for leg in ruling.payment.legs[:2]] == [(1, 60), (0, 30)]
    assert next(one.spendable for one in ruling.leases if one.kind == PIECES) == 1
