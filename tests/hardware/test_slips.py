"""Slips of all that moves money, as bytes: each kind was looked at once and comes out the same ever since."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("escpos", reason="pip install -e '.[printer]'")

from edge.core.places import Layout, Point, PointKind
from edge.core.receipt import Receipt, ReceiptKind, ReceiptLeg
from edge.core.shift import ShiftClosed, Takings
from edge.core.taxes import ReceiptLine
from hardware.port import Slip
from hardware.printer import EscposPrinter, composed
from hardware.virtual.printer import Paper, PaperSlip
from kiosk.slips import Words, receipt_slip
from kiosk.texts import LANGUAGES, Texts

FOLDER = Path(__file__).parent / "slips"
AT_MS = 1_767_265_200_000
"""1 January 2026, 12:00 in Rome."""
LAYOUT = Layout(
    site="aurora",
    version=1,
    timezone="Europe/Rome",
    names={"it": "Parco Aurora"},
    points=(Point(id="till", kind=PointKind.TILL, zone="park", names={"it": "Bar del Lago"}),),
)
TEXTS = Texts.load()
SOLD = (
    ReceiptLine(name="Caffè", quantity=2, price_minor=150, tax_permille=100),
    ReceiptLine(name="Birra", quantity=1, price_minor=480, tax_permille=220),
)
BACK = (
    ReceiptLine(name="Caffè", quantity=-1, price_minor=150, tax_permille=100, tax_left_minor=-13),
    ReceiptLine(name="Birra", quantity=-1, price_minor=480, tax_permille=220, tax_left_minor=-87),
)
CLOSED = ShiftClosed(
    shift="s-0000000000000001",
    drawer="till",
    number=7,
    staff="carla",
    opened_by="carla",
    opened_ms=AT_MS - 28_800_000,
    float_minor=10_000,
    counted_minor=12_450,
    expected_minor=12_500,
    difference_minor=-50,
    reason="",
    currency="EUR",
    takings=Takings(
        cash_sales_minor=1_200,
        cash_back_minor=200,
        top_ups_minor=1_500,
        tenders={"wallet": 4_400, "cash": 1_000},
        sales=9,
        voids=1,
        taxes=((220, 480, 87), (100, 4_920, 447)),
    ),
)


def a_receipt(kind: ReceiptKind, **changes: Any) -> Receipt:
    told: dict[str, Any] = {
        "kind": kind,
        "op_id": f"{kind.value.replace('_', '-')}-00000001",
        "site": "aurora",
        "point": "till",
        "device": "edge-1",
        "at_ms": AT_MS,
        "currency": "EUR",
        "total_minor": 780,
        "lane": 1,
        "seq": 412,
        "head": "6a0c8bef006657ecf14aaedb114bbcd2" * 2,
    }
    return Receipt(**(told | changes))


def paid(minor: int, tender: str = "wallet", band: str = "ce65238d") -> tuple[ReceiptLeg, ...]:
    return (ReceiptLeg(tender=tender, amount_minor=minor, band=band),)


RECEIPTS = {
    "sale": a_receipt(ReceiptKind.SALE, lines=SOLD, legs=paid(780), back_minor=150),
    "hold": a_receipt(ReceiptKind.HOLD, lines=SOLD, legs=paid(780), until_ms=AT_MS + 86_400_000),
    "void": a_receipt(ReceiptKind.VOID, about="b-00000001", lines=BACK, legs=paid(-630), total_minor=-630),
    "void-whole": a_receipt(ReceiptKind.VOID, legs=paid(-630, "cash", ""), total_minor=-630),
    "refund": a_receipt(
        ReceiptKind.REFUND, about="b-00000001", lines=BACK, legs=paid(-630), total_minor=-630
    ),
    "top-up": a_receipt(ReceiptKind.TOP_UP, legs=paid(1_500, "cash", ""), total_minor=1_500, band="ce65238d"),
    "cash-out": a_receipt(
        ReceiptKind.CASH_OUT, legs=paid(3_500, "cash", ""), total_minor=3_500, band="ce65238d"
    ),
    "shift": a_receipt(ReceiptKind.SHIFT, shift=CLOSED, total_minor=12_450, reason="manca una moneta"),
    "shift-sealed": a_receipt(ReceiptKind.SHIFT, shift=CLOSED, total_minor=12_450),
}
CASH = {"void-whole", "top-up", "cash-out"}
"""Cash crosses the counter: the drawer opens with the slip, and not again with a copy of it."""


def slip_of(name: str, language: str = "it", *, copy: int = 0) -> Slip:
    house = SimpleNamespace(texts=TEXTS, service=SimpleNamespace(layout=lambda: LAYOUT))
    ask: Any = SimpleNamespace(house=house)
    return receipt_slip(RECEIPTS[name], Words(ask=ask, language=language, currency="EUR"), copy=copy)


def on_paper(slip: Slip) -> PaperSlip:
    paper = Paper()
    EscposPrinter("bar", paper, profile="TM-T88V").print(slip)
    return paper.slips[0]


@pytest.mark.parametrize("name", RECEIPTS)
def test_the_bytes_of_each_kind_are_those_that_were_looked_at(name: str) -> None:
    kept = (FOLDER / f"kind-{name}.hex").read_text().strip()
    assert composed(slip_of(name), "TM-T88V").hex(" ") == kept


@pytest.mark.parametrize("name", RECEIPTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language_a_slip_says_its_kind_its_money_and_its_place_in_the_chain(
    name: str, language: str
) -> None:
    slip, receipt = on_paper(slip_of(name, language)), RECEIPTS[name]
    assert "{" not in slip.text
    assert "?" not in slip.text
    assert slip.code == f"polso:receipt:aurora:edge-1:1:412:{receipt.head}"
    assert receipt.op_id in slip.text
    if name.startswith("shift"):
        assert TEXTS.get(language, "till.report_z", number=7) in slip.text
    elif name != "sale":
        assert TEXTS.get(language, f"receipt.kind.{receipt.kind.value}") in slip.text


@pytest.mark.parametrize("name", RECEIPTS)
def test_the_drawer_opens_where_cash_crosses_the_counter_and_never_for_a_copy(name: str) -> None:
    assert slip_of(name).open_drawer is (name in CASH)
    assert not slip_of(name, copy=1).open_drawer
    assert "COPIA 1" in on_paper(slip_of(name, copy=1)).text
