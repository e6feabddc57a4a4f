"""Judging again what was done with a sale: a void, the end of a hold, a refund, each from its own record."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from edge.core.lease import Lease, LeaseState, Report
from edge.core.payment.back import (
    BackAsk,
    CaptureAsk,
    HoldRuling,
    RefundRuling,
    VoidRuling,
    decide_capture,
    decide_refund,
    decide_void,
    expire,
)
from edge.core.payment.bodies import HoldEnded, RefundAsked, Voided
from edge.core.payment.legs import Leg
from edge.core.payment.reckoning import Objection, Piece, changes
from edge.core.payment.sale import Authorisation, Sale, VoidedLine

Act = Voided | HoldEnded | RefundAsked


def act_again(sale: Sale, said: Act) -> tuple[Act, Sale] | Objection:
    """Do what a record says once more to the sale as it was; return what comes of it, and the sale then.

    Leases are taken as the record leaves them, less what it gave back: that they could get it is judged,
    what else they held is not. When a person acted is believed: whether a clock allowed it was its
    device's to say.
    """
    ruling = _again(sale, said)
    if isinstance(ruling, Objection):
        return ruling
    if isinstance(ruling, VoidRuling):
        return ruling.voided, ruling.sale
    return (ruling.ended if isinstance(ruling, HoldRuling) else ruling.asked), ruling.sale


def _again(sale: Sale, said: Act) -> VoidRuling | HoldRuling | RefundRuling | Objection:
    if isinstance(said, Voided):
        ask = replace(_ask(said.void_id, said), pieces=_pieces(said.lines))
        ask = replace(ask, undo_band=_band_of(sale) if said.undo else None)
        return decide_void(sale, ask, _before(said.legs, said.leases), monotonic_ms=sale.at_ms)
    if isinstance(said, RefundAsked):
        return decide_refund(sale, replace(_ask(said.refund_id, said), pieces=_pieces(said.lines)))
    if len(said.legs) != len(sale.legs):
        return Objection.NOT_HELD
    leases = _before(changes(sale.legs, said.legs), said.leases)
    if said.state is Authorisation.EXPIRED:
        return expire(sale, leases, monotonic_ms=sale.until_ms)
    what = CaptureAsk(lines=said.lines, point=said.point, staff=said.staff)
    return decide_capture(sale, what, leases, monotonic_ms=sale.until_ms - 1)


def _ask(id_: str, said: Voided | RefundAsked) -> BackAsk:
    return BackAsk(id=id_, point=said.point, staff=said.staff, approver=said.approver, reason=said.reason)


def _pieces(lines: tuple[VoidedLine, ...]) -> tuple[Piece, ...] | None:
    """Return what was taken back by its lines; None: it had none, as what is only authorised."""
    return tuple(Piece(one.line, one.quantity) for one in lines) or None


def _band_of(sale: Sale) -> bytes | None:
    return next((leg.band for leg in sale.legs if leg.band is not None), None)


def _before(legs: Iterable[Leg], reports: tuple[Report, ...]) -> list[Lease]:
    """Return each lease as it was before these legs came back to it."""
    units: dict[str, int] = {}
    for leg in legs:
        units[leg.lease] = units.get(leg.lease, 0) + leg.units
    return [_lease(one, units.get(one.lease, 0)) for one in reports]


def _lease(after: Report, back: int) -> Lease:
    on = back if after.state is LeaseState.CLOSED else 0
    counters = replace(
        after.counters, voided=after.counters.voided - back, returned=after.counters.returned - on
    )
    return Lease(
        id=after.lease,
        wallet=after.wallet,
        kind=after.kind,
        unit=after.unit,
        device="",
        incarnation=after.incarnation,
        state=after.state,
        counters=counters,
        band=after.band,
    )
