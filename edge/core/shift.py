"""A shift: a drawer from its counted float to its counted end, and what the journal says should lie in it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import assert_never

import msgspec
from msgspec.structs import replace

from edge.core.events import Event, Kind
from edge.core.money import MINOR_MAX
from edge.core.payment.bodies import CashedOut, HoldEnded, Payment, ToppedUp, Voided
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import Authorisation
from edge.core.taxes import ReceiptLine, TaxShare, lines_of, taxes_of

REASON_CHARS_MAX = 200


class CashMove(enum.StrEnum):
    """Cash that crosses a drawer without a guest."""

    FLOAT = "float"
    """Change is brought."""
    DROP = "drop"
    """Cash goes to the safe."""
    PICKUP = "pickup"
    """Cash is fetched from the drawer."""


class ShiftOpened(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of SHIFT_OPENED: who counted how much into which drawer."""

    shift: str
    drawer: str
    staff: str
    float_minor: int
    currency: str


class CashMoved(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of CASH_MOVED: two persons moved cash; the amount is more than nothing whichever way it went."""

    shift: str
    drawer: str
    move: CashMove
    amount_minor: int
    currency: str
    staff: str
    approver: str
    reason: str = ""


class Takings(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the journal tells of one drawer since its shift began; all amounts are more than nothing."""

    cash_sales_minor: int = 0
    cash_back_minor: int = 0
    """Cash given back for what was voided or given up."""
    top_ups_minor: int = 0
    cash_outs_minor: int = 0
    floats_minor: int = 0
    drops_minor: int = 0
    pickups_minor: int = 0
    tenders: dict[str, int] = {}
    """What every tender paid, less what went back to it."""
    sales: int = 0
    voids: int = 0
    declined: int = 0
    taxes: tuple[tuple[int, int, int], ...] = ()
    """Rate in permille, gross and tax of all that was sold, before voids."""


class ShiftClosed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of SHIFT_CLOSED: what was counted, what should have been there, and why they differ."""

    shift: str
    drawer: str
    number: int
    """Of the drawer's closings, without a hole."""
    staff: str
    opened_by: str
    opened_ms: int
    float_minor: int
    counted_minor: int
    expected_minor: int
    difference_minor: int
    reason: str
    currency: str
    takings: Takings


class Shift(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An open shift as the device keeps it."""

    id: str
    drawer: str
    staff: str
    opened_ms: int
    after_seq: int
    """The shift's own record in the lane of money: what comes behind it belongs to the shift."""
    float_minor: int
    currency: str


class ShiftFault(enum.StrEnum):
    """Why a shift is not opened or closed like this."""

    AMOUNT = "amount"
    REASON = "reason"
    """What is counted differs, and nobody says why."""


def expected_minor(float_minor: int, takings: Takings) -> int:
    """Return what should lie in the drawer."""
    came = float_minor + takings.cash_sales_minor + takings.top_ups_minor + takings.floats_minor
    went = takings.cash_back_minor + takings.cash_outs_minor + takings.drops_minor + takings.pickups_minor
    return came - went


def fault_of(counted_minor: int) -> ShiftFault | None:
    """Say what is wrong with a counted amount; None: it can be."""
    return None if 0 <= counted_minor <= MINOR_MAX else ShiftFault.AMOUNT


def close_shift(
    shift: Shift, takings: Takings, *, counted_minor: int, reason: str, by: tuple[str, int]
) -> ShiftClosed | ShiftFault:
    """Close a shift with what was counted; ``by`` is who did and the number of the closing.

    A difference is told with its reason; it is never smoothed.
    """
    if fault_of(counted_minor) is not None:
        return ShiftFault.AMOUNT
    expected = expected_minor(shift.float_minor, takings)
    reason = reason.strip()[:REASON_CHARS_MAX]
    if counted_minor != expected and not reason:
        return ShiftFault.REASON
    staff, number = by
    return ShiftClosed(
        shift=shift.id,
        drawer=shift.drawer,
        number=number,
        staff=staff,
        opened_by=shift.staff,
        opened_ms=shift.opened_ms,
        float_minor=shift.float_minor,
        counted_minor=counted_minor,
        expected_minor=expected,
        difference_minor=counted_minor - expected,
        reason=reason,
        currency=shift.currency,
        takings=takings,
    )


def takings_of(drawer: str, events: Iterable[Event]) -> Takings:
    """Add up what the records of a shift tell of one drawer."""
    takings = Takings()
    for event in events:
        match event.kind:
            case Kind.PAID:
                takings = _paid(takings, drawer, _PAYMENT(event.body))
            case Kind.PAYMENT_VOIDED:
                takings = _voided(takings, drawer, _VOIDED(event.body))
            case Kind.CAPTURED:
                takings = _ended(takings, drawer, _ENDED(event.body))
            case Kind.TOPPED_UP:
                takings = _topped_up(takings, drawer, _TOPPED_UP(event.body))
            case Kind.CASHED_OUT:
                takings = _cashed_out(takings, drawer, _CASHED_OUT(event.body))
            case Kind.CASH_MOVED:
                takings = _moved(takings, drawer, _MOVED(event.body))
    return takings


def tax_shares(takings: Takings) -> tuple[TaxShare, ...]:
    """Return the taxes of all that was sold, the highest rate first."""
    return tuple(
        TaxShare(permille=rate, gross_minor=gross, tax_minor=tax) for rate, gross, tax in takings.taxes
    )


_PAYMENT = msgspec.msgpack.Decoder(Payment).decode
_VOIDED = msgspec.msgpack.Decoder(Voided).decode
_ENDED = msgspec.msgpack.Decoder(HoldEnded).decode
_TOPPED_UP = msgspec.msgpack.Decoder(ToppedUp).decode
_CASHED_OUT = msgspec.msgpack.Decoder(CashedOut).decode
_MOVED = msgspec.msgpack.Decoder(CashMoved).decode


def _paid(before: Takings, drawer: str, payment: Payment) -> Takings:
    if payment.point != drawer:
        return before
    if payment.state is None:
        return replace(before, declined=before.declined + 1)
    sold = payment.state is Authorisation.CAPTURED
    return replace(
        before,
        cash_sales_minor=before.cash_sales_minor + _cash(payment.legs),
        tenders=_added(before.tenders, payment.legs, 1),
        sales=before.sales + sold,
        taxes=_taxed(before.taxes, _sold(payment)) if sold else before.taxes,
    )


def _voided(before: Takings, drawer: str, voided: Voided) -> Takings:
    if voided.point != drawer:
        return before
    return replace(
        before,
        cash_back_minor=before.cash_back_minor + _cash(voided.legs),
        tenders=_added(before.tenders, voided.legs, -1),
        voids=before.voids + 1,
    )


def _ended(before: Takings, drawer: str, ended: HoldEnded) -> Takings:
    """Take in a basket that was given up or captured in part: what its legs paid too much went back."""
    if ended.point != drawer:
        return before
    back = tuple(replace(leg, amount_minor=leg.voided_minor, voided_minor=0) for leg in ended.legs)
    sold = ended.state is Authorisation.CAPTURED
    return replace(
        before,
        cash_back_minor=before.cash_back_minor + _cash(back),
        tenders=_added(before.tenders, back, -1),
        sales=before.sales + sold,
        taxes=_taxed(before.taxes, lines_of(ended.lines, ended.legs)) if sold else before.taxes,
    )


def _topped_up(before: Takings, drawer: str, up: ToppedUp) -> Takings:
    if drawer not in (up.drawer, up.point) or up.tender is not Tender.CASH:
        return before
    return replace(before, top_ups_minor=before.top_ups_minor + up.amount_minor)


def _cashed_out(before: Takings, drawer: str, out: CashedOut) -> Takings:
    if drawer not in (out.drawer, out.point):
        return before
    return replace(before, cash_outs_minor=before.cash_outs_minor + out.amount_minor)


def _moved(before: Takings, drawer: str, moved: CashMoved) -> Takings:
    if moved.drawer != drawer:
        return before
    match moved.move:
        case CashMove.FLOAT:
            return replace(before, floats_minor=before.floats_minor + moved.amount_minor)
        case CashMove.DROP:
            return replace(before, drops_minor=before.drops_minor + moved.amount_minor)
        case CashMove.PICKUP:
            return replace(before, pickups_minor=before.pickups_minor + moved.amount_minor)
        case _:  # pragma: no cover - mypy proves that nothing comes here
            assert_never(moved.move)


def _cash(legs: Iterable[Leg]) -> int:
    return sum(leg.amount_minor for leg in legs if leg.tender is Tender.CASH)


def _added(tenders: dict[str, int], legs: Iterable[Leg], sign: int) -> dict[str, int]:
    now = dict(tenders)
    for leg in legs:
        if leg.amount_minor:
            now[leg.tender.value] = now.get(leg.tender.value, 0) + sign * leg.amount_minor
    return now


def _sold(payment: Payment) -> tuple[ReceiptLine, ...]:
    return lines_of(payment.lines, (*payment.earlier, *payment.legs))


def _taxed(
    before: tuple[tuple[int, int, int], ...], sold: tuple[ReceiptLine, ...]
) -> tuple[tuple[int, int, int], ...]:
    sums = {rate: (gross, tax) for rate, gross, tax in before}
    for share in taxes_of(sold):
        gross, tax = sums.get(share.permille, (0, 0))
        sums[share.permille] = (gross + share.gross_minor, tax + share.tax_minor)
    return tuple((rate, *sums[rate]) for rate in sorted(sums, reverse=True))
