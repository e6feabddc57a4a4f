"""Slips: receipts and drawer reports in words, for paper and for the guest's phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

from edge.core.money import spelled
from edge.core.receipt import Receipt, ReceiptKind
from edge.core.shift import ShiftClosed, Takings, tax_shares
from edge.core.vouchers import base_of
from edge.service.receipts import Slip, SlipRow
from kiosk.ask import Ask
from kiosk.desk import name_in

HASH_CHARS = 32
NOTED = frozenset({ReceiptKind.TOP_UP, ReceiptKind.REFUND, ReceiptKind.HOLD})
"""Kinds that say when the money is where."""
TENDERS = frozenset({"wallet", "risk", "cash", "card", "voucher", "discount", "points", "free_drink", "gift"})


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """How one slip speaks: its language, its money and its clock."""

    ask: Ask
    language: str
    currency: str

    def __call__(self, key: str, /, **places: object) -> str:
        """Return a sentence."""
        return self.ask.house.texts.get(self.language, key, **places)

    def money(self, minor: int) -> str:
        """Return an amount as the language writes it."""
        whole = Decimal(spelled(minor, self.currency))
        return str(format_currency(whole, self.currency, locale=self.language))

    def moment(self, at_ms: int) -> str:
        """Return date and time at the site."""
        layout = self.ask.house.service.layout()
        zone = ZoneInfo(layout.timezone if layout is not None else "UTC")
        at = dt.datetime.fromtimestamp(at_ms / 1000, zone)
        return str(format_datetime(at, "short", locale=self.language))

    def percent(self, permille: int) -> str:
        """Return a rate of tax."""
        return f"{format_decimal(Decimal(permille).scaleb(-1), locale=self.language)} %"

    def place(self, point: str) -> str:
        """Return what a till is called."""
        layout = self.ask.house.service.layout()
        for known in layout.points if layout is not None else ():
            if known.id == point:
                return name_in(known.names, self.language, point)
        return point

    @property
    def site(self) -> str:
        """Return what the site is called."""
        layout = self.ask.house.service.layout()
        return name_in(layout.names, self.language, layout.site) if layout is not None else ""

    def tender(self, tender: str) -> str:
        """Return what something was paid with."""
        sort = base_of(tender)
        known = sort if sort in TENDERS else "voucher"
        return self(f"receipt.tender.{known}")


def words_for(ask: Ask, language: str, currency: str) -> Words:
    """Return how a slip in one language speaks."""
    return Words(ask=ask, language=language, currency=currency)


def receipt_rows(receipt: Receipt, words: Words, *, copy: int = 0) -> tuple[SlipRow, ...]:
    """Return a receipt row by row, as paper and phones show it."""
    told = _report(receipt.shift, receipt, words) if receipt.shift is not None else _bill(receipt, words)
    return (
        SlipRow(words.site, strong=True, centred=True, big=True),
        SlipRow(words.place(receipt.point), centred=True),
        SlipRow(words.moment(receipt.at_ms), centred=True),
        *_marks(receipt, words, copy),
        SlipRow(rule=True),
        *told,
        SlipRow(rule=True),
        SlipRow(words("receipt.number"), f"{receipt.device} {receipt.lane}-{receipt.seq}"),
        SlipRow(receipt.op_id),
        *((SlipRow(words("receipt.about", op_id=receipt.about)),) if receipt.about else ()),
        SlipRow(words("receipt.hash", hash=receipt.head[:HASH_CHARS])),
    )


def receipt_slip(
    receipt: Receipt,
    words: Words,
    *,
    copy: int = 0,
    below: tuple[SlipRow, ...] = (),
    coupon: str = "",
) -> Slip:
    """Return a receipt as paper: its code is its place in the chain, below it what came with the purchase."""
    code = f"polso:receipt:{receipt.site}:{receipt.device}:{receipt.lane}:{receipt.seq}:{receipt.head}"
    thanks = () if receipt.shift is not None else (SlipRow(), SlipRow(words("receipt.thanks"), centred=True))
    rows = (*receipt_rows(receipt, words, copy=copy), *thanks)
    by_cash = any(leg.tender == "cash" for leg in receipt.legs)
    return Slip(rows=rows, code=code, open_drawer=by_cash and not copy, below=below, coupon=coupon)


def taken_slip(takings: Takings, words: Words, *, point: str, at_ms: int) -> Slip:
    """Return what a drawer has taken so far (X); what should lie in it stays untold until it is counted."""
    told = (SlipRow(words.tender(tender), words.money(minor)) for tender, minor in takings.tenders.items())
    rows = (
        SlipRow(words("till.report_x"), strong=True, centred=True, big=True),
        SlipRow(words.place(point), centred=True),
        SlipRow(words.moment(at_ms), centred=True),
        SlipRow(rule=True),
        SlipRow(words("till.sales"), str(takings.sales)),
        SlipRow(words("till.voids"), str(takings.voids)),
        *told,
    )
    return Slip(rows=rows)


def _marks(receipt: Receipt, words: Words, copy: int) -> Iterator[SlipRow]:
    if receipt.shift is not None:
        yield SlipRow(
            words("till.report_z", number=receipt.shift.number), strong=True, centred=True, big=True
        )
    elif receipt.kind is not ReceiptKind.SALE:
        yield SlipRow(words(f"receipt.kind.{receipt.kind.value}"), strong=True, centred=True)
    if copy:
        yield SlipRow(words("receipt.copy", number=copy), strong=True, centred=True)


def _bill(receipt: Receipt, words: Words) -> Iterator[SlipRow]:
    """What was bought or goes back, its sum, who paid or gets it, and its taxes."""
    yield from _lines(receipt, words)
    if receipt.lines:
        yield SlipRow(rule=True)
    yield SlipRow(words("receipt.total"), words.money(receipt.due_minor), big=True, strong=True)
    for leg in receipt.legs:
        yield SlipRow(_payer(leg.tender, leg.band, words), words.money(leg.amount_minor))
    if receipt.back_minor:
        yield SlipRow(words("receipt.back"), words.money(-receipt.back_minor))
    yield from _notes(receipt, words)
    if receipt.lines:
        yield SlipRow(rule=True)
        yield from _taxes(receipt, words)


def _notes(receipt: Receipt, words: Words) -> Iterator[SlipRow]:
    """Whose wallet it is about, and from when on the money is where."""
    if receipt.band:
        side = "onto" if receipt.kind is ReceiptKind.TOP_UP else "off"
        yield SlipRow(words(f"receipt.{side}", band=receipt.band))
    if receipt.kind in NOTED:
        until = words.moment(receipt.until_ms) if receipt.until_ms else ""
        yield SlipRow(words(f"receipt.note.{receipt.kind.value}", until=until))


def _report(closed: ShiftClosed, receipt: Receipt, words: Words) -> Iterator[SlipRow]:
    """What a drawer should have held, what was counted, and why that differs."""
    yield SlipRow(words("till.shift_from"), words.moment(closed.opened_ms))
    yield SlipRow(words("till.shift_to"), words.moment(receipt.at_ms))
    yield SlipRow(rule=True)
    yield SlipRow(words("till.float"), words.money(closed.float_minor))
    yield from _takings(closed.takings, words)
    yield SlipRow(rule=True)
    yield SlipRow(words("till.expected"), words.money(closed.expected_minor))
    yield SlipRow(words("till.counted"), words.money(closed.counted_minor))
    yield SlipRow(words("till.difference"), words.money(closed.difference_minor), strong=True)
    if closed.difference_minor:
        told = "till.difference_why" if receipt.reason else "till.difference_sealed"
        yield SlipRow(words(told, reason=receipt.reason))


def _lines(receipt: Receipt, words: Words) -> Iterator[SlipRow]:
    for line in receipt.lines:
        many = f"{line.quantity} x {words.money(line.price_minor)}  " if line.quantity != 1 else ""
        yield SlipRow(f"{many}{line.name}", words.money(line.gross_minor))
        if line.off_minor:
            yield SlipRow(f"  {line.label or words.tender(line.voucher)}", words.money(-line.off_minor))


def _taxes(receipt: Receipt, words: Words) -> Iterator[SlipRow]:
    for share in receipt.taxes:
        rate = words.percent(share.permille)
        yield SlipRow(
            words("receipt.tax", rate=rate, net=words.money(share.net_minor)), words.money(share.tax_minor)
        )


def _payer(tender: str, band: str, words: Words) -> str:
    named = words.tender(tender)
    return f"{named} {band}" if band else named


def _takings(takings: Takings, words: Words) -> Iterator[SlipRow]:
    for key, minor in (
        ("cash_sales", takings.cash_sales_minor),
        ("cash_back", -takings.cash_back_minor),
        ("top_ups", takings.top_ups_minor),
        ("cash_outs", -takings.cash_outs_minor),
        ("floats", takings.floats_minor),
        ("drops", -takings.drops_minor - takings.pickups_minor),
    ):
        if minor:
            yield SlipRow(words(f"till.sum.{key}"), words.money(minor))
    yield SlipRow(rule=True)
    for tender, minor in takings.tenders.items():
        yield SlipRow(words.tender(tender), words.money(minor))
    for share in tax_shares(takings):
        rate = words.percent(share.permille)
        yield SlipRow(
            words("receipt.tax", rate=rate, net=words.money(share.net_minor)), words.money(share.tax_minor)
        )
