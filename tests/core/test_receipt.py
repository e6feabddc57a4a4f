"""A receipt: its taxes add up line by line, and the journal says whether it is true."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given as tried
from hypothesis import strategies as st

from edge.core.events import Event, Kind, chain_step
from edge.core.payment.legs import Leg, Tender
from edge.core.receipt import Doubt, Receipt, ReceiptKind, ReceiptLeg
from edge.core.receipting import object_to, receipt_of
from edge.core.taxes import ReceiptLine, TaxShare, taxes_of
from tests.core.purses import a_basket, a_line, paid

BEFORE = b"\1" * 32
BAND = bytes.fromhex("00aa11bb" + "00" * 12)
BASKET = a_basket(
    a_line(150, 2, name="Caffè"),
    a_line(480, 1, name="Birra", tax_permille=220),
    a_line(100, -1, name="Bicchiere", tax_permille=0),
)


def recorded(kind: Kind, body: msgspec.Struct, *, seq: int = 7, band: bytes | None = None) -> Event:
    """A record of the journal, two milliseconds after the year began."""
    bare = Event(
        lane=1,
        seq=seq,
        hlc=2 << 16,
        offset_ms=0,
        uncertainty_ms=0,
        kind=kind,
        schema=1,
        band=band,
        body=msgspec.msgpack.encode(body),
        h=b"",
    )
    return msgspec.structs.replace(bare, h=chain_step(BEFORE, bare))


def an_event(seq: int = 7, **changes: object) -> Event:
    """The record of a payment: a part in points before, the rest by a band."""
    points = Leg(number=1, tender=Tender.VOUCHER, amount_minor=80, kind="points")
    band = Leg(number=2, tender=Tender.WALLET, amount_minor=600, band=BAND)
    nothing = Leg(number=3, tender=Tender.LIMIT, amount_minor=0)
    payment = msgspec.structs.replace(
        paid(basket=BASKET).payment, earlier=(points,), legs=(band, nothing), at_ms=1, op_id="op-00000001"
    )
    return recorded(Kind.PAID, msgspec.structs.replace(payment, **changes), seq=seq)


COFFEE = ReceiptLine(name="Caffè", quantity=2, price_minor=150, tax_permille=100)
BEER = ReceiptLine(name="Birra", quantity=1, price_minor=480, tax_permille=220)
CUP = ReceiptLine(name="Bicchiere", quantity=-1, price_minor=100)


def given(event: Event) -> Receipt:
    """The receipt of a record, which the chain vouches for."""
    receipt = receipt_of(event, site="aurora", device="edge-1")
    assert receipt is not None
    assert object_to(receipt, event, before=BEFORE) is None
    return receipt


PAID = given(an_event())


def test_a_record_gives_its_receipt() -> None:
    assert (
        Receipt(
            kind=ReceiptKind.SALE,
            op_id="op-00000001",
            site="aurora",
            point="till",
            device="edge-1",
            at_ms=1,
            currency="EUR",
            total_minor=680,
            lines=(COFFEE, BEER, CUP),
            legs=(
                ReceiptLeg(tender="points", amount_minor=80),
                ReceiptLeg(tender="wallet", amount_minor=600, band="00aa11bb"),
            ),
            staff=BASKET.staff,
            lane=1,
            seq=7,
            head=an_event().h.hex(),
        )
        == PAID
    )


def test_taxes_are_told_per_rate_the_highest_first() -> None:
    assert PAID.taxes == (
        TaxShare(permille=220, gross_minor=480, tax_minor=87),
        TaxShare(permille=100, gross_minor=300, tax_minor=27),
        TaxShare(permille=0, gross_minor=-100, tax_minor=0),
    )
    assert [share.net_minor for share in PAID.taxes] == [393, 273, -100]


lines = st.builds(
    ReceiptLine,
    name=st.just("x"),
    quantity=st.integers(-9, 9).filter(bool),
    price_minor=st.integers(-9_999, 9_999),
    tax_permille=st.sampled_from((0, 40, 55, 100, 220)),
)


@tried(st.lists(lines, max_size=8))
def test_the_rates_together_are_the_bill_and_taking_all_back_is_nothing(some: list[ReceiptLine]) -> None:
    shares = taxes_of(some)
    assert sum(share.gross_minor for share in shares) == sum(line.gross_minor for line in some)
    assert sum(share.net_minor + share.tax_minor for share in shares) == sum(
        line.gross_minor for line in some
    )
    back = [msgspec.structs.replace(line, quantity=-line.quantity) for line in some]
    assert all(share.tax_minor == 0 for share in taxes_of([*some, *back]))


def test_a_true_receipt_is_believed_also_after_a_part_was_taken_back() -> None:
    assert object_to(PAID, an_event(), before=BEFORE) is None
    later = msgspec.structs.replace(PAID, back_minor=480)
    assert object_to(later, an_event(), before=BEFORE) is None


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"seq": 8}, Doubt.OTHER_RECORD),
        ({"lane": 0}, Doubt.OTHER_RECORD),
        ({"head": "00" * 32}, Doubt.HASH),
        ({"total_minor": 100}, Doubt.SUM),
        ({"lines": (BEER,), "total_minor": 480}, Doubt.CONTENT),
        ({"op_id": "b-2"}, Doubt.CONTENT),
        ({"legs": ()}, Doubt.CONTENT),
    ],
)
def test_a_changed_receipt_is_doubted(changes: dict[str, object], doubt: Doubt) -> None:
    changed = msgspec.structs.replace(PAID, **changes)
    assert object_to(changed, an_event(), before=BEFORE) is doubt


def test_a_record_that_was_changed_or_stands_elsewhere_is_doubted() -> None:
    changed = msgspec.structs.replace(an_event(), body=an_event(total_minor=1).body)
    assert object_to(PAID, changed, before=BEFORE) is Doubt.HASH
    assert object_to(PAID, an_event(), before=b"\2" * 32) is Doubt.HASH


def test_a_bill_that_something_is_still_due_of_is_told_by_what_was_paid() -> None:
    receipt = given(an_event(due_minor=80, earlier=()))
    assert (receipt.total_minor, receipt.lines) == (600, ())
    assert [leg.amount_minor for leg in receipt.legs] == [600]


def test_two_people_can_read_its_place_to_each_other() -> None:
    assert PAID.short == f"edge-1 · 1-7 · {PAID.head[:16]}"


def test_a_voucher_lowers_what_is_due_and_stands_at_its_line() -> None:
    off = Leg(number=1, tender=Tender.DISCOUNT, amount_minor=480, kind="free_drink:spring", units=1, line=1)
    named = msgspec.structs.replace(off, label="Spring")
    assert [line.label for line in given(an_event(earlier=(named,))).lines] == ["", "Spring", ""]
    event = an_event(earlier=(off,))
    receipt = receipt_of(event, site="aurora", device="edge-1")
    assert (receipt.total_minor, receipt.due_minor) == (680, 200)
    assert receipt.lines[1] == msgspec.structs.replace(BEER, off_minor=480, voucher="free_drink:spring")
    assert [leg.tender for leg in receipt.legs] == ["wallet"]
    assert [share.permille for share in receipt.taxes if share.tax_minor] == [100]
    assert object_to(receipt, event, before=BEFORE) is None
    assert object_to(msgspec.structs.replace(receipt, lines=(COFFEE, BEER, CUP)), event, before=BEFORE)
