"""A receipt: what was bought, with its taxes, who paid, and where it stands in the journal's chain."""

from __future__ import annotations

import enum
import hmac
from collections.abc import Iterable

import msgspec

from edge.core.events import Event, chain_step
from edge.core.money import tax_within
from edge.core.payment.bodies import Payment
from edge.core.payment.legs import Leg, Tender


class ReceiptKind(enum.StrEnum):
    """What a receipt is about; everything but a sale says so in its heading."""

    SALE = "sale"
    VOID = "void"
    REFUND = "refund"
    TOP_UP = "top_up"
    CASH_OUT = "cash_out"


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some of one thing; discounts and deposits that came back are negative."""

    name: str
    quantity: int
    price_minor: int
    tax_permille: int = 0

    @property
    def gross_minor(self) -> int:
        """What the line costs, its tax included."""
        return self.quantity * self.price_minor

    @property
    def tax_minor(self) -> int:
        """The tax in it, rounded per line."""
        return tax_within(self.gross_minor, self.tax_permille)


class ReceiptLeg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who or what paid a part: a tender, and the band's short pseudonym where it was one."""

    tender: str
    amount_minor: int
    band: str = ""


class TaxShare(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of one rate together."""

    permille: int
    gross_minor: int
    tax_minor: int

    @property
    def net_minor(self) -> int:
        """What is left without the tax."""
        return self.gross_minor - self.tax_minor


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One receipt; whoever holds it can ask the journal whether it is true (see ``object_to``)."""

    kind: ReceiptKind
    op_id: str
    site: str
    point: str
    device: str
    at_ms: int
    currency: str
    total_minor: int
    lines: tuple[ReceiptLine, ...] = ()
    legs: tuple[ReceiptLeg, ...] = ()
    back_minor: int = 0
    """What was taken back of it since."""
    staff: str = ""
    lane: int
    seq: int
    """Number of its record in the journal's lane."""
    head: str
    """Hash of that record, in hex: it covers everything before it."""

    @property
    def taxes(self) -> tuple[TaxShare, ...]:
        """The taxes per rate, the highest rate first; free of tax is a rate too."""
        return taxes_of(self.lines)

    @property
    def short(self) -> str:
        """What two people can read to each other: device, number and the hash's first digits."""
        return f"{self.device} · {self.lane}-{self.seq} · {self.head[:16]}"


def taxes_of(lines: Iterable[ReceiptLine]) -> tuple[TaxShare, ...]:
    """Return the sums per rate; each line's tax was rounded by itself, so that voids of lines add up."""
    gross, tax = dict[int, int](), dict[int, int]()
    for line in lines:
        gross[line.tax_permille] = gross.get(line.tax_permille, 0) + line.gross_minor
        tax[line.tax_permille] = tax.get(line.tax_permille, 0) + line.tax_minor
    return tuple(
        TaxShare(permille=rate, gross_minor=gross[rate], tax_minor=tax[rate])
        for rate in sorted(gross, reverse=True)
    )


def receipt_of(event: Event, *, site: str, device: str) -> Receipt:
    """Return the receipt that a payment's record gives; the record alone, so that it is the same for ever."""
    paid = _PAYMENT(event.body)
    return Receipt(
        kind=ReceiptKind.SALE,
        op_id=paid.op_id,
        site=site,
        point=paid.point,
        device=device,
        at_ms=paid.at_ms,
        currency=paid.currency,
        total_minor=paid.total_minor,
        lines=tuple(
            ReceiptLine(
                name=line.name,
                quantity=line.quantity,
                price_minor=line.price_minor,
                tax_permille=line.tax_permille,
            )
            for line in paid.lines
        ),
        legs=tuple(_leg(leg) for leg in (*paid.earlier, *paid.legs) if leg.amount_minor),
        staff=paid.staff,
        lane=event.lane,
        seq=event.seq,
        head=event.h.hex(),
    )


_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
BAND_CHARS = 8
"""Hex digits of a BandId on a receipt: enough to know one's own band, too little to follow it."""


def _leg(leg: Leg) -> ReceiptLeg:
    named = leg.kind if leg.tender in (Tender.VOUCHER, Tender.DISCOUNT) else leg.tender.value
    band = leg.band.hex()[:BAND_CHARS] if leg.band is not None else ""
    return ReceiptLeg(tender=named, amount_minor=leg.amount_minor, band=band)


class Doubt(enum.StrEnum):
    """Why a receipt is not believed."""

    OTHER_RECORD = "other_record"
    """It names another record than the one that was found."""
    HASH = "hash"
    """The record or what stands before it is not what the receipt was made from."""
    CONTENT = "content"
    """The record says other things than the paper."""
    SUM = "sum"
    """Its lines do not add up to its total."""


def object_to(receipt: Receipt, event: Event, *, before: bytes) -> Doubt | None:
    """Say why a receipt is not true; None: it is.

    ``event`` is the record of that number, and ``before`` the hash of the one before it.
    """
    if (receipt.lane, receipt.seq) != (event.lane, event.seq):
        return Doubt.OTHER_RECORD
    expected = chain_step(before, event)
    if not hmac.compare_digest(expected, event.h) or receipt.head != expected.hex():
        return Doubt.HASH
    if receipt.lines and sum(line.gross_minor for line in receipt.lines) != receipt.total_minor:
        return Doubt.SUM
    made = receipt_of(event, site=receipt.site, device=receipt.device)
    return None if msgspec.structs.replace(receipt, back_minor=0) == made else Doubt.CONTENT
