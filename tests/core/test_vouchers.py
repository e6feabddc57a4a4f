"""Vouchers: what is worth most first, each for what it is good for, and never after its date."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.bands import Trust
from edge.core.decision import Reason
from edge.core.lease import LeaseKind, Limits
from edge.core.payment import Authorisation, Payer, Tender
from edge.core.taxes import lines_of, taxes_of
from edge.core.vouchers import (
    Stock,
    Voucher,
    VoucherUse,
    base_of,
    campaign_of,
    choose_discounts,
    choose_tenders,
    is_timely,
    worth,
)
from tests.builders import HOUR_MS, a_profile
from tests.core.purses import UP_MS, a_basket, a_lease, a_line, a_link, a_payer, paid

FREE = Voucher(kind=LeaseKind.FREE_DRINK, categories=("drink",), percent=100)
HALF = Voucher(kind="gift:half", percent=50)
EURO = Voucher(kind="gift:euro", off_minor=100)
POINTS = Voucher(kind=LeaseKind.POINTS, use=VoucherUse.TENDER, unit_minor=1)
BEER = a_line(450, item="beer", category="drink")


def holds(*vouchers: Voucher, units: int = 3, **changes: object) -> Payer:
    leases = [a_lease(f"v-{one.kind}", units, kind=one.kind, unit="unit") for one in vouchers]
    known = a_profile(payments=True, wallet=a_link(vouchers=vouchers))
    return a_payer(a_lease(), *leases, profile=known, **changes)


def legs(payer: Payer, *lines: object, **changes: object) -> list[tuple[str, int, int | None]]:
    payment = paid(payer, a_basket(*lines), **changes).payment
    return [(leg.kind, leg.amount_minor, leg.line) for leg in payment.legs]


def test_the_best_for_each_line_and_one_at_most() -> None:
    used = choose_discounts([BEER, a_line(600)], [Stock(FREE, 1), Stock(HALF, 9), Stock(EURO, 9)])
    assert [(one.kind, one.minor, one.line) for one in used] == [
        ("free_drink", 450, 0),
        ("gift:half", 300, 1),
    ]


def test_units_go_where_they_are_worth_most() -> None:
    used = choose_discounts([BEER, replace(BEER, price_minor=700)], [Stock(FREE, 1)])
    assert [(one.minor, one.line) for one in used] == [(700, 1)]


def test_of_equals_the_one_that_ends_first_then_by_name() -> None:
    soon, late = replace(EURO, kind="gift:b", valid_until="2026-08-01"), replace(EURO, kind="gift:a")
    assert choose_discounts([BEER], [Stock(late, 1), Stock(soon, 1)])[0].kind == "gift:b"
    assert choose_discounts([BEER], [Stock(EURO, 1), Stock(late, 1)])[0].kind == "gift:a"


def test_what_is_worth_nothing_or_not_for_it_stays() -> None:
    assert choose_discounts([a_line(600)], [Stock(FREE, 1), Stock(replace(EURO, off_minor=0), 1)]) == ()
    assert choose_discounts([a_line(100, -1)], [Stock(EURO, 1)]) == ()
    assert choose_discounts([a_line(0)], [Stock(EURO, 1)]) == ()


def test_nothing_costs_less_than_nothing() -> None:
    assert worth(EURO, a_line(60)) == 60
    assert worth(replace(HALF, off_minor=10), a_line(99)) == 60


def test_a_tender_pays_its_own_lines_after_discounts() -> None:
    gift = Voucher(kind="gift:food", use=VoucherUse.TENDER, unit_minor=100, categories=("food",))
    discount = choose_discounts([a_line(600), BEER], [Stock(HALF, 1)])
    used = choose_tenders([a_line(600), BEER], [Stock(gift, 9), Stock(POINTS, 20)], discount, due_minor=750)
    assert [(one.kind, one.units, one.minor) for one in used] == [("gift:food", 3, 300), ("points", 20, 20)]


def test_a_tender_pays_no_more_than_is_due_and_in_whole_units() -> None:
    gift = Voucher(kind="gift:x", use=VoucherUse.TENDER, unit_minor=400)
    assert choose_tenders([a_line(600)], [Stock(gift, 9)], (), due_minor=600)[0].minor == 400
    assert choose_tenders([a_line(300)], [Stock(gift, 9)], (), due_minor=300) == ()
    assert choose_tenders([a_line(300)], [Stock(replace(gift, unit_minor=0), 9)], (), due_minor=300) == ()
    assert choose_tenders([a_line(300)], [Stock(EURO, 9)], (), due_minor=300) == ()


def test_two_tenders_never_pay_the_same_line_twice() -> None:
    first = Voucher(kind="gift:a", use=VoucherUse.TENDER, unit_minor=1, items=("soup",))
    second = replace(first, kind="gift:b")
    used = choose_tenders([a_line(600), BEER], [Stock(first, 500), Stock(second, 500)], (), due_minor=1_050)
    assert [one.minor for one in used] == [500, 100]


@pytest.mark.parametrize(
    ("date", "timely"),
    [("2026-06-30", False), ("2026-07-01", True), ("2026-07-31", True), ("2026-08-01", False)],
)
def test_first_and_last_day_are_good(date: str, timely: bool) -> None:
    assert is_timely(Voucher(kind="x", valid_from="2026-07-01", valid_until="2026-07-31"), date) is timely
    assert is_timely(Voucher(kind="x"), date)


def test_a_drink_is_free_and_the_soup_is_paid() -> None:
    assert legs(holds(FREE), BEER, a_line(600)) == [("free_drink", 450, 0), ("money", 600, None)]


def test_a_basket_that_costs_nothing_is_paid_by_its_voucher() -> None:
    ruling = paid(holds(FREE), a_basket(BEER))
    assert [leg.tender for leg in ruling.payment.legs] == [Tender.DISCOUNT]
    assert ruling.payment.due_minor == 0
    assert {lease.id: lease.spendable for lease in ruling.leases} == {"v-free_drink": 2}


def test_an_expired_voucher_is_refused_with_its_date() -> None:
    payment = paid(holds(replace(FREE, valid_until="2026-07-14")), a_basket(BEER)).payment
    assert payment.lapsed == (("free_drink", "2026-07-14"),)
    assert [leg.tender for leg in payment.legs] == [Tender.WALLET]


def test_a_voucher_whose_time_is_still_to_come_is_not_called_over() -> None:
    coming = replace(FREE, valid_from="2026-07-16", valid_until="2026-07-31")
    assert paid(holds(coming), a_basket(BEER)).payment.lapsed == ()


def test_a_voucher_is_not_used_before_its_time_elsewhere_or_against_the_guest_s_will() -> None:
    for payer in (
        holds(replace(FREE, valid_from="2026-07-16")),
        holds(replace(FREE, points=("bar",))),
        holds(FREE, declined=("free_drink",)),
        holds(FREE, units=0),
    ):
        assert legs(payer, BEER) == [("money", 450, None)]
    assert legs(holds(replace(FREE, points=("till",))), BEER) == [("free_drink", 450, 0)]


def test_a_hold_takes_no_voucher() -> None:
    assert legs(holds(FREE), BEER, hold_ms=HOUR_MS) == [("money", 450, None)]


def test_the_second_band_of_a_split_discounts_no_line_again() -> None:
    half = paid(holds(FREE), a_basket(BEER, a_line(600)), asked_minor=200).sale
    assert half is not None
    rest = paid(holds(FREE), sale=half).payment
    assert [(leg.tender, leg.amount_minor) for leg in rest.legs] == [(Tender.WALLET, 400)]


def test_units_out_of_two_leases() -> None:
    known = a_profile(payments=True, wallet=a_link(vouchers=(POINTS,)))
    one, two = (a_lease(f"p{n}", 100, kind="points", unit="point") for n in (1, 2))
    payment = paid(a_payer(a_lease(), one, two, profile=known), a_basket(a_line(150))).payment
    assert [(leg.lease, leg.units, leg.amount_minor) for leg in payment.legs] == [
        ("p1", 100, 100),
        ("p2", 50, 50),
    ]


def test_units_of_one_lease_for_two_lines() -> None:
    two = paid(holds(FREE, units=2), a_basket(BEER, BEER)).payment
    assert [(leg.line, leg.units) for leg in two.legs] == [(0, 1), (1, 1)]
    assert two.leases[0].counters.spent == 2


def test_one_unit_of_each_of_two_leases() -> None:
    known = a_profile(payments=True, wallet=a_link(vouchers=(FREE,)))
    one, two = (a_lease(f"v{n}", 1, kind="free_drink", unit="drink") for n in (1, 2))
    payment = paid(a_payer(a_lease(), one, two, profile=known), a_basket(BEER, BEER)).payment
    assert [(leg.line, leg.lease) for leg in payment.legs] == [(0, "v1"), (1, "v2")]


def test_a_voucher_whose_lease_ran_out_is_none() -> None:
    payer = holds(FREE)
    late = [replace(lease, ends_ms=UP_MS) if lease.kind == "free_drink" else lease for lease in payer.leases]
    assert legs(replace(payer, leases=tuple(late)), BEER) == [("money", 450, None)]


def test_of_two_sorts_the_guest_keeps_one_whatever_its_campaign() -> None:
    spring = replace(FREE, kind="free_drink:spring")
    assert legs(holds(spring, declined=("free_drink",)), BEER) == [("money", 450, None)]
    assert (base_of("gift:spring:ab"), campaign_of("gift:spring:ab")) == ("gift", "gift:spring")
    assert campaign_of("free_drink::ab") == "free_drink"


def test_the_second_payer_s_drink_goes_to_the_line_that_has_none() -> None:
    first = paid(holds(FREE, units=1), a_basket(BEER, replace(BEER, price_minor=700)), asked_minor=100).sale
    assert first is not None
    assert [leg.line for leg in first.legs if leg.tender is Tender.DISCOUNT] == [1]
    rest = paid(holds(FREE, units=1), sale=first).payment
    assert next((leg.tender, leg.line) for leg in rest.legs) == (Tender.DISCOUNT, 0)


def a_child(*vouchers: Voucher, **changes: object) -> Payer:
    leases = [a_lease(f"v-{one.kind}", 1, kind=one.kind, unit="unit") for one in vouchers]
    link = a_link(vouchers=vouchers, no_charge=True, limits=Limits(taps_before_pin=0))
    return a_payer(a_lease(), *leases, profile=a_profile(payments=True, wallet=link), **changes)


def test_a_child_has_the_drink_that_was_given_to_it_and_nothing_else() -> None:
    ruling = paid(a_child(FREE), a_basket(BEER))
    assert [(leg.tender, leg.amount_minor) for leg in ruling.payment.legs] == [(Tender.DISCOUNT, 450)]
    assert ruling.payment.state is Authorisation.CAPTURED
    soup = paid(a_child(FREE), a_basket(a_line(600))).payment
    assert (soup.reason, soup.legs, soup.state) == (Reason.PAYMENTS_OFF, (), None)
    assert paid(a_child(FREE), a_basket(BEER), hold_ms=HOUR_MS).payment.reason is Reason.PAYMENTS_OFF
    over = paid(a_child(replace(FREE, valid_until="2026-07-14")), a_basket(BEER)).payment
    assert (over.reason, over.lapsed) == (Reason.PAYMENTS_OFF, (("free_drink", "2026-07-14"),))


def test_the_rest_of_a_child_s_basket_is_for_another_band() -> None:
    ruling = paid(a_child(FREE), a_basket(BEER, a_line(600)))
    assert (ruling.payment.state, ruling.payment.due_minor) == (Authorisation.AUTHORISED, 600)
    rest = paid(holds(), sale=ruling.sale).payment
    assert [(leg.tender, leg.amount_minor) for leg in rest.legs] == [(Tender.WALLET, 600)]
    assert rest.state is Authorisation.CAPTURED


def test_a_copied_band_drinks_nothing_of_a_child_s() -> None:
    child = a_child(FREE)
    weak = replace(child.tap, presented=replace(child.tap.presented, trust=Trust.UID))
    assert paid(replace(child, tap=weak), a_basket(BEER)).payment.reason is Reason.TRUST_TOO_LOW


def test_what_is_short_says_which_voucher_is_over_too() -> None:
    payer = replace(holds(replace(FREE, valid_until="2026-07-14")), leases=())
    lapsed = [a_lease("v", 1, kind="free_drink", unit="unit")]
    payment = paid(replace(payer, leases=tuple(lapsed)), a_basket(BEER)).payment
    assert (payment.state, payment.lapsed) == (None, (("free_drink", "2026-07-14"),))


def test_a_receipt_names_the_voucher_at_its_line_and_taxes_what_was_paid() -> None:
    payment = paid(holds(FREE), a_basket(replace(BEER, quantity=2), a_line(600))).payment
    drink, soup = lines_of(payment.lines, payment.legs)
    assert (drink.off_minor, drink.voucher, drink.due_minor) == (450, "free_drink", 450)
    assert (soup.off_minor, soup.voucher) == (0, "")
    assert [(share.permille, share.gross_minor) for share in taxes_of((drink, soup))] == [(100, 1_050)]
