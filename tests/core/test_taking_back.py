"""Taking back: each act once, never more than was paid, and the parts make up the whole."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.lease import Lease, LeaseKind, LeaseState, close
from edge.core.payment import (
    Authorisation,
    BackAsk,
    CaptureAsk,
    Eased,
    HoldRuling,
    Objection,
    Outside,
    Payer,
    Piece,
    RefundRuling,
    Sale,
    Tender,
    VoidRuling,
    decide_capture,
    decide_refund,
    decide_void,
    expire,
)
from edge.core.payment.back import IDS_MAX
from edge.core.payment.sale import UNDO_MS_MAX
from edge.core.vouchers import Voucher, VoucherUse
from edge.core.wallet import CategoryLimit, Tally
from tests.builders import HOUR_MS, a_band_id, a_profile
from tests.core.purses import (
    TODAY,
    UP_MS,
    a_basket,
    a_lease,
    a_line,
    a_link,
    a_payer,
    a_risk,
    paid,
    spends,
)


def sold(payer: Payer | None = None, *lines: object, **changes: object) -> tuple[Sale, list[Lease]]:
    """A sale and the leases after it."""
    ruling = paid(payer, a_basket(*lines) if lines else None, **changes)
    assert ruling.sale is not None
    known = {lease.id: lease for lease in (payer or a_payer()).leases}
    known |= {lease.id: lease for lease in ruling.leases}
    return ruling.sale, list(known.values())


def voided(
    sale: Sale, leases: list[Lease], *pieces: Piece, id: str = "void-1", **changes: object
) -> VoidRuling:
    ask = replace(BackAsk(id=id, pieces=pieces or None, point="till"), **changes)
    ruling = decide_void(sale, ask, leases, monotonic_ms=UP_MS + 1_000)
    assert isinstance(ruling, VoidRuling)
    return ruling


def refused(sale: Sale, leases: list[Lease], **ask: object) -> object:
    at_ms = ask.pop("at_ms", UP_MS)
    return decide_void(sale, replace(BackAsk(id="void-1", point="till"), **ask), leases, monotonic_ms=at_ms)


def test_a_whole_sale_comes_back_to_the_lease() -> None:
    ruling = voided(*sold())
    assert [lease.spendable for lease in ruling.leases] == [2_000]
    assert ruling.sale.state is ruling.voided.state is Authorisation.VOIDED
    assert [(line.gross_minor, line.tax_minor) for line in ruling.voided.lines] == [(600, 55)]
    assert [(leg.amount_minor, leg.units) for leg in ruling.voided.legs] == [(600, 600)]
    assert ruling.eased == (Eased(a_band_id(), 600, (("food", 600),)),)


def test_pieces_come_back_one_by_one_and_make_up_the_whole_with_their_tax() -> None:
    sale, leases = sold(None, a_line(333, 3), a_line(100))
    taxes = []
    for number in range(3):
        ruling = voided(sale, leases, Piece(0, 1), id=f"void-{number}")
        sale, leases = ruling.sale, list(ruling.leases)
        taxes += [line.tax_minor for line in ruling.voided.lines]
        assert sale.state is Authorisation.CAPTURED
    assert sum(taxes) == a_line(333, 3).tax_minor
    last = voided(sale, leases, id="void-9")
    assert (last.sale.state, last.leases[0].spendable) == (Authorisation.VOIDED, 2_000)


def test_a_split_gives_each_leg_its_share_and_loses_no_cent() -> None:
    sale, leases = sold(a_payer(), a_line(500), a_line(301), asked_minor=400)
    sale = replace(sale)
    done = paid(Outside(tender=Tender.CASH, amount_minor=401), sale=sale).sale
    assert done is not None
    first = voided(done, leases, Piece(1, 1))
    shares = {leg.tender: leg.amount_minor for leg in first.voided.legs}
    assert sum(shares.values()) == 301
    assert shares == {Tender.WALLET: 150, Tender.CASH: 151}
    rest = voided(first.sale, list(first.leases), id="void-2")
    assert {leg.tender: leg.amount_minor for leg in rest.voided.legs} == {
        Tender.WALLET: 250,
        Tender.CASH: 250,
    }
    assert rest.leases[0].spendable == 2_000


DRINK = Voucher(kind=LeaseKind.FREE_DRINK, items=("beer",), percent=100)
GIFT = Voucher(kind="gift:spring", use=VoucherUse.TENDER, unit_minor=100)


def with_vouchers(*vouchers: Voucher) -> Payer:
    leases = [a_lease(f"v-{one.kind}", 5, kind=one.kind, unit="unit") for one in vouchers]
    return a_payer(a_lease(), *leases, profile=a_profile(payments=True, wallet=a_link(vouchers=vouchers)))


def test_a_free_drink_comes_back_with_its_line_only() -> None:
    sale, leases = sold(with_vouchers(DRINK), a_line(400, item="beer"), a_line(600))
    assert [(leg.tender, leg.amount_minor, leg.units) for leg in sale.legs] == [
        (Tender.DISCOUNT, 400, 1), (Tender.WALLET, 600, 600),
    ]  # fmt: skip
    food = voided(sale, leases, Piece(1, 1))
    assert {lease.id: lease.spendable for lease in food.leases} == {"lease-1": 2_000}
    drink = voided(sale, leases, Piece(0, 1))
    assert {lease.id: lease.spendable for lease in drink.leases} == {"v-free_drink": 5}
    assert sum(leg.amount_minor for leg in drink.voided.legs if leg.tender is Tender.WALLET) == 0


def test_one_free_of_two_gives_half_back_and_its_unit_with_the_last() -> None:
    sale, leases = sold(with_vouchers(DRINK), a_line(400, 2, item="beer"))
    one = voided(sale, leases, Piece(0, 1))
    assert {lease.id: lease.spendable for lease in one.leases} == {"lease-1": 1_800}
    two = voided(one.sale, [*one.leases, leases[1]], Piece(0, 1), id="void-2")
    assert {lease.id: lease.spendable for lease in two.leases} == {"lease-1": 2_000, "v-free_drink": 5}


def test_units_of_a_gift_come_back_whole() -> None:
    sale, leases = sold(with_vouchers(GIFT), a_line(250), a_line(250))
    assert [(leg.tender, leg.amount_minor, leg.units) for leg in sale.legs] == [(Tender.VOUCHER, 500, 5)]
    part = voided(sale, leases, Piece(0, 1))
    assert [lease.spendable for lease in part.leases] == [2]
    rest = voided(part.sale, list(part.leases), id="void-2")
    assert [lease.spendable for lease in rest.leases] == [5]


def test_what_was_paid_on_risk_frees_the_budget_and_the_tap() -> None:
    sale, leases = sold(a_risk())
    before = {lease.id: lease.spendable for lease in leases}
    assert before == {"lease-1": 0, "risk-1": 9_600, "taps-1": 2, "slice-1": 9_600}
    back = voided(sale, leases)
    assert {lease.id: lease.spendable for lease in back.leases} == {
        "lease-1": 200, "risk-1": 10_000, "taps-1": 3, "slice-1": 10_000,
    }  # fmt: skip


def test_half_of_it_frees_half_and_no_tap() -> None:
    sale, leases = sold(a_risk(), a_line(300), a_line(300))
    back = voided(sale, leases, Piece(0, 1))
    assert {lease.id: lease.spendable for lease in back.leases} == {
        "lease-1": 100, "risk-1": 9_800, "slice-1": 9_800,
    }  # fmt: skip


def test_a_share_of_the_day_comes_back_with_the_money() -> None:
    today = a_lease("day-1", 1_000, kind=f"day:{a_band_id().hex()}", day=TODAY)
    payer = replace(spends(day_leased=True), leases=(a_lease(), today))
    sale, leases = sold(payer)
    assert [lease.spendable for lease in leases] == [1_400, 400]
    assert [lease.spendable for lease in voided(sale, leases).leases] == [2_000, 1_000]


def test_a_void_of_a_closed_lease_goes_straight_on_to_central() -> None:
    sale, leases = sold()
    shut = close(leases[0])
    assert isinstance(shut, Lease)
    back = voided(sale, [shut])
    assert (back.leases[0].counters.returned, back.leases[0].spendable) == (2_000, 0)


def test_a_deposit_comes_back_as_a_line_of_its_own() -> None:
    sale, leases = sold(None, a_line(600), a_line(200, -1))
    assert sale.basket.total_minor == 400
    assert refused(sale, leases, pieces=(Piece(1, 1),)) is Objection.TOO_MUCH
    back = voided(sale, leases)
    assert back.leases[0].spendable == 2_000
    assert [line.gross_minor for line in back.voided.lines] == [600, -200]


@pytest.mark.parametrize(
    ("ask", "objection"),
    [
        ({"pieces": (Piece(7, 1),)}, Objection.UNKNOWN_LINE),
        ({"pieces": (Piece(-1, 1),)}, Objection.UNKNOWN_LINE),
        ({"pieces": (Piece(0, 2),)}, Objection.TOO_MUCH),
        ({"pieces": (Piece(0, 0),)}, Objection.NOTHING),
        ({"pieces": (Piece(0, 1), Piece(0, 1))}, Objection.NOTHING),
        ({"pieces": ()}, Objection.NOTHING),
        ({"undo_band": a_band_id(2)}, Objection.OTHER_BAND),
        ({"undo_band": a_band_id(), "point": "shop"}, Objection.OTHER_POINT),
        ({"undo_band": a_band_id(), "at_ms": UP_MS + UNDO_MS_MAX + 1}, Objection.LATE),
        ({"undo_band": a_band_id(), "at_ms": UP_MS - 1}, Objection.LATE),
    ],
)
def test_what_is_not_taken_back(ask: dict[str, object], objection: Objection) -> None:
    assert refused(*sold(), **ask) is objection


def test_the_guest_takes_it_back_within_five_minutes() -> None:
    sale, leases = sold()
    ask = BackAsk(id="undo-1", undo_band=a_band_id(), point="till")
    ruling = decide_void(sale, ask, leases, monotonic_ms=UP_MS + UNDO_MS_MAX)
    assert isinstance(ruling, VoidRuling)
    assert ruling.voided.undo


def test_each_void_is_done_once() -> None:
    sale, leases = sold(None, a_line(100, 2))
    once = voided(sale, leases, Piece(0, 1))
    assert refused(once.sale, list(once.leases)) is Objection.DONE
    whole = voided(once.sale, list(once.leases), id="void-2")
    assert refused(whole.sale, list(whole.leases), id="void-3") is Objection.ENDED
    many = replace(sale, void_ids=("x",) * IDS_MAX)
    assert refused(many, leases) is Objection.ENDED


def test_money_of_a_lease_that_is_gone_or_frozen_is_central_s_to_give_back() -> None:
    sale, leases = sold()
    assert refused(sale, []) is Objection.LEASE_GONE
    assert refused(sale, [replace(leases[0], state=LeaseState.FROZEN)]) is Objection.LEASE_GONE


def test_a_partly_paid_basket_is_given_up_whole_or_not_at_all() -> None:
    sale, leases = sold(asked_minor=200)
    assert refused(sale, leases, pieces=(Piece(0, 1),)) is Objection.NOT_CAPTURED
    given_up = voided(sale, leases)
    assert (given_up.sale.state, given_up.leases[0].spendable) == (Authorisation.VOIDED, 2_000)
    assert not given_up.sale.captured
    assert given_up.eased == (Eased(a_band_id(), 200, ()),)


def a_hold(minor: int = 1_500) -> tuple[Sale, list[Lease]]:
    return sold(hold_ms=HOUR_MS, hold_minor=minor)


def captured(sale: Sale, leases: list[Lease], *lines: object) -> HoldRuling | Objection:
    return decide_capture(sale, CaptureAsk(lines=lines, point="till"), leases, monotonic_ms=UP_MS + 1)


def test_a_hold_is_captured_for_less_and_the_rest_comes_back_once() -> None:
    sale, leases = a_hold()
    assert (leases[0].spendable, sale.state, sale.hold) == (500, Authorisation.AUTHORISED, True)
    ruling = captured(sale, leases, a_line(900))
    assert isinstance(ruling, HoldRuling)
    assert (ruling.leases[0].spendable, ruling.sale.state) == (1_100, Authorisation.CAPTURED)
    assert (ruling.ended.captured_minor, ruling.sale.paid_minor) == (900, 900)
    assert captured(ruling.sale, list(ruling.leases), a_line(1)) is Objection.DONE
    back = voided(ruling.sale, list(ruling.leases))
    assert back.leases[0].spendable == 2_000


def test_a_hold_captured_for_nothing_is_void() -> None:
    ruling = captured(*a_hold())
    assert isinstance(ruling, HoldRuling)
    assert (ruling.sale.state, ruling.leases[0].spendable) == (Authorisation.VOIDED, 2_000)


def test_no_hold_is_captured_for_more_or_too_late() -> None:
    sale, leases = a_hold()
    assert captured(sale, leases, a_line(1_501)) is Objection.TOO_MUCH
    assert captured(sale, leases, a_line(-1)) is Objection.TOO_MUCH
    late = decide_capture(sale, CaptureAsk(lines=(a_line(),)), leases, monotonic_ms=UP_MS + HOUR_MS)
    assert late is Objection.LATE
    assert captured(*sold(asked_minor=100), a_line(1)) is Objection.NOT_HELD
    assert captured(sale, [], a_line(1)) is Objection.LEASE_GONE


def test_what_is_not_completed_in_time_ends_by_itself() -> None:
    sale, leases = a_hold()
    assert expire(sale, leases, monotonic_ms=UP_MS) is Objection.NOT_HELD
    ruling = expire(sale, leases, monotonic_ms=UP_MS + HOUR_MS)
    assert isinstance(ruling, HoldRuling)
    assert (ruling.sale.state, ruling.leases[0].spendable) == (Authorisation.EXPIRED, 2_000)
    assert expire(ruling.sale, leases, monotonic_ms=UP_MS + HOUR_MS) is Objection.ENDED
    assert refused(ruling.sale, leases) is Objection.ENDED


def refunded(sale: Sale, id: str = "refund-1", **ask: object) -> RefundRuling | Objection:
    return decide_refund(sale, replace(BackAsk(id=id), **ask))


def test_a_refund_asks_central_for_what_was_captured_and_no_more() -> None:
    sale, leases = sold(None, a_line(100, 3))
    part = refunded(sale, pieces=(Piece(0, 1),))
    assert isinstance(part, RefundRuling)
    assert (part.asked.amount_minor, part.asked.lines[0].tax_minor) == (100, 9)
    assert (part.sale.state, part.sale.refunded_minor) == (Authorisation.CAPTURED, 100)
    assert refunded(part.sale) is Objection.DONE
    assert refunded(part.sale, "refund-2", pieces=(Piece(0, 3),)) is Objection.TOO_MUCH
    rest = refunded(part.sale, "refund-2")
    assert isinstance(rest, RefundRuling)
    assert (rest.asked.amount_minor, rest.sale.state) == (200, Authorisation.REFUNDED)
    assert refunded(rest.sale, "refund-3") is Objection.ENDED
    assert refused(rest.sale, leases) is Objection.ENDED


def test_what_was_refunded_is_not_voided_again() -> None:
    sale, leases = sold(None, a_line(100, 2))
    part = refunded(sale, pieces=(Piece(0, 1),))
    assert isinstance(part, RefundRuling)
    assert refused(part.sale, leases, pieces=(Piece(0, 2),)) is Objection.TOO_MUCH
    assert voided(part.sale, leases).leases[0].spendable == 1_900


def test_a_refund_needs_something_captured() -> None:
    assert refunded(sold(asked_minor=100)[0]) is Objection.NOT_CAPTURED
    assert refunded(sold(None, a_line(0))[0]) is Objection.NOTHING
    many = replace(sold()[0], refund_ids=("x",) * IDS_MAX)
    assert refunded(many) is Objection.NOTHING


def test_a_refund_gives_the_units_of_a_voucher_back() -> None:
    free, leases = sold(with_vouchers(DRINK), a_line(400, item="beer"))
    back = refunded(free)
    assert isinstance(back, RefundRuling)
    assert back.asked.amount_minor == 0
    assert [(leg.amount_minor, leg.units) for leg in back.asked.legs] == [(400, 1)]
    assert refunded(back.sale, "refund-2") is Objection.ENDED
    assert refused(back.sale, leases) is Objection.ENDED


def test_the_tax_that_goes_back_is_of_what_was_paid() -> None:
    sale, leases = sold(with_vouchers(DRINK), a_line(440, 2, item="beer"))
    one = voided(sale, leases, Piece(0, 1))
    two = voided(one.sale, [*one.leases, leases[1]], Piece(0, 1), id="void-2")
    assert [line.tax_minor for line in two.sale.voided] == [20, 20]


def test_a_category_that_is_limited_is_counted() -> None:
    payer = spends(categories=(CategoryLimit("food", 1_000), CategoryLimit("toys", 0)))
    ruling = paid(payer, a_basket(a_line(600), a_line(100, category="drink")))
    assert ruling.tally == Tally(day=TODAY, minor=700, categories=(("food", 600),), taps_since_pin=1)
