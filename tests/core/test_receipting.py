"""Receipts of all that moves money: what goes back is negative, parts add up, each is true by its record."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.events import Acted, Event, Kind
from edge.core.lease import Lease
from edge.core.payment import BackAsk, CaptureAsk, Outside, Piece, Sale, Tender
from edge.core.payment.back import decide_capture, decide_refund, decide_void, expire
from edge.core.payment.bodies import CashedOut, ToppedUp
from edge.core.receipt import Doubt, Receipt, ReceiptKind, ReceiptLeg
from edge.core.receipting import object_to, receipt_of
from edge.core.shift import Shift, ShiftClosed, Takings, close_shift
from edge.core.taxes import ReceiptLine, TaxShare
from tests.core.purses import UP_MS, a_basket, a_lease, a_line, a_payer, paid
from tests.core.test_receipt import BAND, BEFORE, given, recorded
from tests.core.test_taking_back import DRINK, sold, with_vouchers

HOUR_MS = 3_600_000
ASK = BackAsk(id="void-00000001", point="till", staff="s1", reason="mistake")
THREE = a_line(333, 3)


def void_of(sale: Sale, leases: list[Lease], *pieces: Piece, id: str = ASK.id) -> tuple[Receipt, Sale]:
    ask = replace(ASK, id=id, pieces=pieces or None)
    ruling = decide_void(sale, ask, leases, monotonic_ms=UP_MS)
    assert not isinstance(ruling, str), ruling
    return given(recorded(Kind.PAYMENT_VOIDED, ruling.voided)), ruling.sale


def test_a_void_is_the_sale_with_its_sign_turned() -> None:
    sale, leases = sold(None, a_line(600), a_line(100, -1, name="Bicchiere", tax_permille=0))
    receipt, _ = void_of(sale, leases)
    band = next(leg.band for leg in sale.legs if leg.band is not None).hex()[:8]
    assert receipt == Receipt(
        kind=ReceiptKind.VOID,
        op_id=ASK.id,
        about="op-00000001",
        site="aurora",
        point="till",
        device="edge-1",
        at_ms=2,
        currency="EUR",
        total_minor=-500,
        lines=(
            ReceiptLine(name="Zuppa", quantity=-1, price_minor=600, tax_permille=100, tax_left_minor=-55),
            ReceiptLine(name="Bicchiere", quantity=-1, price_minor=-100, tax_left_minor=0),
        ),
        legs=(ReceiptLeg(tender="wallet", amount_minor=-500, band=band),),
        staff="s1",
        lane=1,
        seq=7,
        head=receipt.head,
    )


def test_voids_of_single_pieces_together_take_back_the_lines_price_and_tax() -> None:
    sale, leases = sold(None, THREE)
    whole = ReceiptLine(name="Zuppa", quantity=3, price_minor=333, tax_permille=100)
    gross = tax = 0
    for number in range(3):
        receipt, sale = void_of(sale, leases, Piece(0, 1), id=f"void-0000000{number}")
        (share,) = receipt.taxes
        gross, tax = gross + share.gross_minor, tax + share.tax_minor
        assert sum(leg.amount_minor for leg in receipt.legs) == receipt.total_minor == -333
    assert (gross, tax) == (-whole.gross_minor, -whole.tax_minor)


def test_a_discount_that_goes_back_is_told_at_its_line() -> None:
    sale, leases = sold(with_vouchers(DRINK), a_line(400, item="beer"), a_line(600))
    receipt, _ = void_of(sale, leases)
    assert receipt.total_minor == -sale.basket.total_minor
    assert [(line.voucher, line.off_minor) for line in receipt.lines] == [("free_drink", -400), ("", 0)]
    assert sum(leg.amount_minor for leg in receipt.legs) == receipt.due_minor == -600
    assert [leg.tender for leg in receipt.legs] == ["wallet"]


def test_what_was_given_up_half_paid_is_told_without_lines() -> None:
    sale, leases = sold(None, a_line(3_000), asked_minor=1_000)
    receipt, _ = void_of(sale, leases)
    assert (receipt.lines, receipt.total_minor) == ((), -1_000)
    assert [leg.amount_minor for leg in receipt.legs] == [-1_000]


def test_where_no_line_tells_of_a_voucher_its_leg_does() -> None:
    sale, leases = sold(with_vouchers(DRINK), a_line(400, item="beer"), a_line(3_000), asked_minor=1_000)
    receipt, _ = void_of(sale, leases)
    assert (receipt.lines, receipt.total_minor) == ((), -1_400)
    assert [(leg.tender, leg.amount_minor) for leg in receipt.legs] == [
        ("free_drink", -400),
        ("wallet", -1_000),
    ]


def test_a_refund_tells_what_central_is_asked_for() -> None:
    sale, _ = sold(None, THREE)
    ruling = decide_refund(sale, replace(ASK, id="refund-0001", pieces=(Piece(0, 2),)))
    assert not isinstance(ruling, str)
    receipt = given(recorded(Kind.REFUND_ASKED, ruling.asked))
    assert (receipt.kind, receipt.op_id, receipt.about) == (ReceiptKind.REFUND, "refund-0001", "op-00000001")
    assert (receipt.total_minor, [leg.amount_minor for leg in receipt.legs]) == (-666, [-666])
    assert receipt.at_ms == 2
    assert receipt.taxes == (TaxShare(permille=100, gross_minor=-666, tax_minor=-61),)


def test_a_refund_tells_a_discount_at_its_line_and_asks_for_what_was_paid() -> None:
    sale, _ = sold(with_vouchers(DRINK), a_line(400, item="beer"), a_line(600))
    ruling = decide_refund(sale, replace(ASK, id="refund-0001"))
    assert not isinstance(ruling, str)
    receipt = given(recorded(Kind.REFUND_ASKED, ruling.asked))
    assert [line.off_minor for line in receipt.lines] == [-400, 0]
    assert [(leg.tender, leg.amount_minor) for leg in receipt.legs] == [("wallet", -600)]


def test_a_hold_is_set_aside_and_what_is_captured_of_it_is_the_sale() -> None:
    ruling = paid(basket=a_basket(THREE), hold_ms=HOUR_MS)
    assert ruling.sale is not None
    held = given(recorded(Kind.PAID, ruling.payment))
    assert (held.kind, held.total_minor) == (ReceiptKind.HOLD, 999)
    assert held.until_ms - held.at_ms == HOUR_MS
    ask = CaptureAsk(lines=(replace(THREE, quantity=1),), point="till", staff="s1")
    taken = decide_capture(ruling.sale, ask, ruling.leases, monotonic_ms=UP_MS)
    assert not isinstance(taken, str)
    receipt = given(recorded(Kind.CAPTURED, taken.ended))
    assert (receipt.kind, receipt.op_id, receipt.total_minor) == (ReceiptKind.SALE, "op-00000001", 333)
    assert ([leg.amount_minor for leg in receipt.legs], receipt.at_ms) == ([333], 2)
    assert receipt.lines == (ReceiptLine(name="Zuppa", quantity=1, price_minor=333, tax_permille=100),)


def test_a_hold_that_ends_by_itself_is_told_as_taken_back() -> None:
    ruling = paid(basket=a_basket(THREE), hold_ms=HOUR_MS)
    assert ruling.sale is not None
    over = expire(ruling.sale, ruling.leases, monotonic_ms=UP_MS + HOUR_MS)
    assert not isinstance(over, str)
    receipt = given(recorded(Kind.CAPTURED, over.ended))
    assert (receipt.kind, receipt.total_minor, receipt.lines) == (ReceiptKind.VOID, -999, ())
    assert [leg.amount_minor for leg in receipt.legs] == [-999]


@pytest.mark.parametrize("kind", [Kind.TOPPED_UP, Kind.CASHED_OUT])
def test_cash_for_a_wallet_names_the_band_by_its_pseudonym(kind: Kind) -> None:
    counted = {"op_id": "cash-0001", "wallet": "w", "amount_minor": 2_000, "currency": "EUR"}
    up = ToppedUp(tender=Tender.CASH, point="till", staff="s1", **counted)
    out = CashedOut(point="till", staff="s1", **counted)
    receipt = given(recorded(kind, up if kind is Kind.TOPPED_UP else out, band=BAND))
    assert receipt.kind == ("top_up" if kind is Kind.TOPPED_UP else "cash_out")
    assert (receipt.total_minor, receipt.band, receipt.at_ms) == (2_000, "00aa11bb", 2)
    assert receipt.legs == (ReceiptLeg(tender="cash", amount_minor=2_000),)


def a_closing(reason: str = "coin missing") -> ShiftClosed:
    shift = Shift(
        id="s-0001", drawer="till", staff="s1", opened_ms=1, after_seq=0, float_minor=100, currency="EUR"
    )
    closed = close_shift(shift, Takings(sales=1), counted_minor=90, reason=reason, by=("s2", 3))
    assert isinstance(closed, ShiftClosed)
    return closed


def test_a_closed_drawer_tells_what_was_counted_and_keeps_the_words_under_seal() -> None:
    event = recorded(Kind.SHIFT_CLOSED, a_closing())
    receipt = given(event)
    assert (receipt.kind, receipt.op_id, receipt.total_minor) == (ReceiptKind.SHIFT, "s-0001", 90)
    assert receipt.at_ms == 2
    assert receipt.shift is not None
    assert (receipt.shift.expected_minor, receipt.shift.difference_minor) == (100, -10)
    assert receipt.shift.reason == ""
    told = replace(receipt, reason="coin missing")
    assert object_to(told, event, before=BEFORE) is None
    smoothed = replace(receipt, shift=replace(receipt.shift, difference_minor=0))
    assert object_to(smoothed, event, before=BEFORE) is Doubt.CONTENT


@pytest.mark.parametrize(
    "event",
    [
        recorded(Kind.PAID, paid(a_payer(a_lease(granted=0))).payment),
        recorded(Kind.PAID, paid(basket=a_basket(THREE), asked_minor=100).payment),
        recorded(Kind.RECEIPT_MADE, Acted(staff="s1")),
    ],
    ids=["declined", "a part", "no money"],
)
def test_what_moved_nothing_to_its_end_has_no_receipt(event: Event) -> None:
    assert receipt_of(event, site="aurora", device="edge-1") is None


def test_a_sale_for_cash_names_nobody() -> None:
    ruling = paid(Outside(tender=Tender.CASH, amount_minor=999), a_basket(THREE))
    receipt = given(recorded(Kind.PAID, ruling.payment))
    assert receipt.legs == (ReceiptLeg(tender="cash", amount_minor=999),)
