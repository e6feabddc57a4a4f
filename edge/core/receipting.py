"""Receipting: the receipt that a record of the journal gives, and whether a receipt is true."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from edge.core.events import Event, Kind, chain_step
from edge.core.payment.bodies import CashedOut, HoldEnded, Payment, RefundAsked, ToppedUp, Voided
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import Authorisation, VoidedLine
from edge.core.receipt import Doubt, Receipt, ReceiptKind, ReceiptLeg
from edge.core.shift import ShiftClosed
from edge.core.taxes import ReceiptLine, lines_of, off_by_line

BAND_CHARS = 8
"""Hex digits of a BandId on a receipt: enough to know one's own band, too little to follow it."""


def receipt_of(event: Event, *, site: str, device: str) -> Receipt | None:
    """Return the receipt that a record gives; the record alone, so that it is the same for ever.

    None: it is no act that anybody gets a receipt of, as a payment that was declined.
    """
    make = _MAKERS.get(event.kind)
    made = make(event) if make is not None else None
    if made is None:
        return None
    return replace(made, site=site, device=device, lane=event.lane, seq=event.seq, head=event.h.hex())


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
    return None if replace(receipt, back_minor=0, reason="") == made else Doubt.CONTENT


class _Act(Protocol):
    """What every act that gives a receipt says of itself."""

    @property
    def point(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def staff(self) -> str: ...


def _paid(event: Event) -> Receipt | None:
    """A sale, or a hold; a part of a basket gets its receipt with the last one."""
    paid = _PAYMENT(event.body)
    held = paid.state is Authorisation.AUTHORISED and paid.judged.hold_ms is not None
    if not held and paid.state is not Authorisation.CAPTURED:
        return None
    due, legs = max(0, paid.due_minor), (*paid.earlier, *paid.legs)
    return replace(
        _of(event, paid, ReceiptKind.HOLD if held else ReceiptKind.SALE, op_id=paid.op_id),
        at_ms=paid.at_ms,
        total_minor=paid.total_minor - due,
        lines=() if due else lines_of(paid.lines, legs),
        legs=_legs((leg, leg.amount_minor) for leg in _payers(legs, named=not due)),
        until_ms=paid.at_ms + (paid.judged.hold_ms or 0) if held else 0,
    )


def _ended(event: Event) -> Receipt:
    """A hold that was captured is the sale; one that was not, or a part nobody completed, is taken back."""
    ended = _ENDED(event.body)
    sold = ended.state is Authorisation.CAPTURED
    back = sum(leg.voided_minor for leg in ended.legs)
    return replace(
        _of(event, ended, ReceiptKind.SALE if sold else ReceiptKind.VOID, op_id=ended.op_id),
        total_minor=sum(line.gross_minor for line in ended.lines) if sold else -back,
        lines=lines_of(ended.lines, ()) if sold else (),
        legs=_legs((leg, leg.left_minor if sold else -leg.voided_minor) for leg in ended.legs),
    )


def _voided(event: Event) -> Receipt:
    """What went back, by its lines where they are named."""
    voided = _VOIDED(event.body)
    lines = _back(voided.lines, voided.legs)
    given = sum(leg.amount_minor for leg in voided.legs)
    return replace(
        _of(event, voided, ReceiptKind.VOID, op_id=voided.void_id),
        about=voided.op_id,
        total_minor=sum(line.gross_minor for line in lines) if lines else -given,
        lines=lines,
        legs=_legs((leg, -leg.amount_minor) for leg in _payers(voided.legs, named=bool(lines))),
    )


def _refunded(event: Event) -> Receipt:
    """What central is asked to give back."""
    asked = _REFUND(event.body)
    lines = _back(asked.lines, asked.legs)
    return replace(
        _of(event, asked, ReceiptKind.REFUND, op_id=asked.refund_id),
        about=asked.op_id,
        total_minor=sum(line.gross_minor for line in lines),
        lines=lines,
        legs=_legs((leg, -leg.amount_minor) for leg in _payers(asked.legs, named=True)),
    )


def _topped_up(event: Event) -> Receipt:
    up = _TOPPED_UP(event.body)
    return _cash(event, up, ReceiptKind.TOP_UP, tender=up.tender)


def _cashed_out(event: Event) -> Receipt:
    return _cash(event, _CASHED_OUT(event.body), ReceiptKind.CASH_OUT, tender=Tender.CASH)


def _cash(event: Event, moved: ToppedUp | CashedOut, kind: ReceiptKind, *, tender: Tender) -> Receipt:
    """What crossed the counter for a wallet, named by its band's pseudonym."""
    return replace(
        _of(event, moved, kind, op_id=moved.op_id),
        total_minor=moved.amount_minor,
        legs=(ReceiptLeg(tender=tender.value, amount_minor=moved.amount_minor),),
        band=_short(event.band),
    )


def _shift(event: Event) -> Receipt:
    closed = _CLOSED(event.body)
    return Receipt(
        kind=ReceiptKind.SHIFT,
        op_id=closed.shift,
        point=closed.drawer,
        at_ms=event.hlc >> 16,
        currency=closed.currency,
        total_minor=closed.counted_minor,
        shift=replace(closed, reason=""),
        staff=closed.staff,
    )


def _of(event: Event, act: _Act, kind: ReceiptKind, *, op_id: str) -> Receipt:
    """Return a receipt of nothing yet: what it is, where and when it came about, and by whom."""
    return Receipt(
        kind=kind,
        op_id=op_id,
        point=act.point,
        at_ms=event.hlc >> 16,
        currency=act.currency,
        total_minor=0,
        staff=act.staff,
    )


def _back(lines: Iterable[VoidedLine], legs: Iterable[Leg]) -> tuple[ReceiptLine, ...]:
    """What goes back of each line, less what a voucher had taken off it."""
    off = off_by_line(legs)
    return tuple(
        ReceiptLine(
            name=line.name,
            quantity=-line.quantity,
            price_minor=line.gross_minor // line.quantity,
            tax_permille=line.tax_permille,
            off_minor=-off[line.line].minor if line.line in off else 0,
            voucher=off[line.line].kind if line.line in off else "",
            label=off[line.line].label if line.line in off else "",
            tax_left_minor=-line.tax_minor,
        )
        for line in lines
    )


def _payers(legs: Iterable[Leg], *, named: bool) -> Iterable[Leg]:
    """Return who paid: a voucher that lowered a line stands there, where the lines are named."""
    return (leg for leg in legs if not named or leg.tender is not Tender.DISCOUNT)


def _legs(parts: Iterable[tuple[Leg, int]]) -> tuple[ReceiptLeg, ...]:
    return tuple(_leg(leg, minor) for leg, minor in parts if minor)


def _leg(leg: Leg, minor: int) -> ReceiptLeg:
    named = leg.kind if leg.tender in (Tender.VOUCHER, Tender.DISCOUNT) else leg.tender.value
    return ReceiptLeg(tender=named, amount_minor=minor, band=_short(leg.band))


def _short(band: bytes | None) -> str:
    return band.hex()[:BAND_CHARS] if band is not None else ""


_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
_ENDED = msgspec.msgpack.Decoder(HoldEnded).decode
_VOIDED = msgspec.msgpack.Decoder(Voided).decode
_REFUND = msgspec.msgpack.Decoder(RefundAsked).decode
_TOPPED_UP = msgspec.msgpack.Decoder(ToppedUp).decode
_CASHED_OUT = msgspec.msgpack.Decoder(CashedOut).decode
_CLOSED = msgspec.msgpack.Decoder(ShiftClosed).decode
_MAKERS: dict[int, Callable[[Event], Receipt | None]] = {
    Kind.PAID: _paid,
    Kind.CAPTURED: _ended,
    Kind.PAYMENT_VOIDED: _voided,
    Kind.REFUND_ASKED: _refunded,
    Kind.TOPPED_UP: _topped_up,
    Kind.CASHED_OUT: _cashed_out,
    Kind.SHIFT_CLOSED: _shift,
}
