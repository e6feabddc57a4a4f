"""Taking back: undo, void, capture, expiry and refund of a sale, each once under its own id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from edge.core.basket import Line
from edge.core.lease import Lease, Refusal, report_of, void
from edge.core.money import Money, allocate
from edge.core.payment.bodies import HoldEnded, RefundAsked, Voided
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.reckoning import Back, Objection, Piece, changes, money_back, reckon, whole_of
from edge.core.payment.sale import UNDO_MS_MAX, Authorisation, Sale, VoidedLine
from edge.core.wallet import Tally

OVER = frozenset({Authorisation.VOIDED, Authorisation.EXPIRED, Authorisation.REFUNDED})
IDS_MAX = 128
"""So many voids and refunds one sale remembers: more than it can have lines."""


def given_up_id(op_id: str) -> str:
    """Return under what a basket that is not sold goes back: a till's tidying, no void of a sale."""
    return f"{op_id}:given-up"


class BackAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks to be taken back, and who answers for it."""

    id: str
    """Of this act: asked again under it, it is done once."""
    pieces: tuple[Piece, ...] | None = None
    """None: all that is left."""
    undo_band: bytes | None = None
    """The guest's own band, tapped again: an undo."""
    point: str = ""
    staff: str = ""
    approver: str = ""
    reason: str = ""


class CaptureAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What a hold was for in the end; its lines cost what is captured."""

    lines: tuple[Line, ...] = ()
    point: str = ""
    staff: str = ""


class Eased(msgspec.Struct, frozen=True):
    """What a band's limits get back."""

    band: bytes
    minor: int
    categories: tuple[tuple[str, int], ...] = ()


class VoidRuling(msgspec.Struct, frozen=True, kw_only=True):
    """The event's body, and what changes with it."""

    voided: Voided
    sale: Sale
    leases: tuple[Lease, ...]
    eased: tuple[Eased, ...] = ()


class HoldRuling(msgspec.Struct, frozen=True, kw_only=True):
    """The event's body, and what changes with it."""

    ended: HoldEnded
    sale: Sale
    leases: tuple[Lease, ...]
    eased: tuple[Eased, ...] = ()


class RefundRuling(msgspec.Struct, frozen=True, kw_only=True):
    """What central is asked, and the sale that remembers it."""

    asked: RefundAsked
    sale: Sale


def decide_void(
    sale: Sale, ask: BackAsk, leases: Sequence[Lease], *, monotonic_ms: int
) -> VoidRuling | Objection:
    """Take back a sale, or pieces of it, at the device that sold it: at once and without asking anybody."""
    fault = _void_fault(sale, ask, monotonic_ms)
    if fault is not None:
        return fault
    back = _all_back(sale) if ask.pieces is None else reckon(sale, ask.pieces)
    if isinstance(back, Objection):
        return back
    freed = _freed(sale.legs, back.legs, leases)
    if isinstance(freed, Objection):
        return freed
    after = _after(sale, back, Authorisation.VOIDED)
    after = replace(after, void_ids=(*sale.void_ids, ask.id))
    voided = Voided(
        op_id=sale.basket.op_id,
        void_id=ask.id,
        state=after.state,
        legs=changes(sale.legs, back.legs),
        lines=back.lines,
        leases=tuple(report_of(lease) for lease in freed),
        undo=ask.undo_band is not None,
        reason=ask.reason,
        currency=sale.basket.currency,
        point=ask.point,
        staff=ask.staff,
        approver=ask.approver,
    )
    return VoidRuling(voided=voided, sale=after, leases=freed, eased=_eased(sale, back))


def decide_capture(
    sale: Sale, ask: CaptureAsk, leases: Sequence[Lease], *, monotonic_ms: int
) -> HoldRuling | Objection:
    """Take what a hold was for, at most what it holds; the rest goes back, once."""
    if sale.state is not Authorisation.AUTHORISED or not sale.hold:
        return Objection.DONE if sale.state is Authorisation.CAPTURED else Objection.NOT_HELD
    if monotonic_ms >= sale.until_ms:
        return Objection.LATE
    minor = sum(line.gross_minor for line in ask.lines)
    if not 0 <= minor <= sale.money_minor:
        return Objection.TOO_MUCH
    state = Authorisation.CAPTURED if minor else Authorisation.VOIDED
    bought = replace(sale, basket=replace(sale.basket, lines=ask.lines), at_ms=monotonic_ms)
    return _end(bought, minor, state, leases=leases, ask=ask)


def expire(sale: Sale, leases: Sequence[Lease], *, monotonic_ms: int) -> HoldRuling | Objection:
    """End what was authorised and never completed in time: all of it goes back."""
    if sale.state is not Authorisation.AUTHORISED:
        return Objection.ENDED
    if monotonic_ms < sale.until_ms:
        return Objection.NOT_HELD
    return _end(sale, 0, Authorisation.EXPIRED, leases=leases, ask=CaptureAsk(point=sale.basket.point))


def decide_refund(sale: Sale, ask: BackAsk) -> RefundRuling | Objection:
    """Ask central to give back what this device cannot: never more than was captured and still stands."""
    if ask.id in sale.refund_ids:
        return Objection.DONE
    if sale.state in OVER:
        return Objection.ENDED
    if sale.state is not Authorisation.CAPTURED:
        return Objection.NOT_CAPTURED
    back = reckon(sale, whole_of(sale) if ask.pieces is None else ask.pieces)
    if isinstance(back, Objection):
        return back
    moves = bool(back.minor) or back.legs != sale.legs
    if not moves or len(sale.refund_ids) >= IDS_MAX:
        return Objection.NOTHING
    after = _after(sale, back, Authorisation.REFUNDED)
    refunded, ids = sale.refunded_minor + back.minor, (*sale.refund_ids, ask.id)
    asked = RefundAsked(
        refund_id=ask.id,
        op_id=sale.basket.op_id,
        legs=changes(sale.legs, back.legs),
        amount_minor=back.minor,
        currency=sale.basket.currency,
        lines=back.lines,
        reason=ask.reason,
        point=ask.point,
        staff=ask.staff,
        approver=ask.approver,
    )
    return RefundRuling(asked=asked, sale=replace(after, refunded_minor=refunded, refund_ids=ids))


def eased(tally: Tally, days: tuple[int, int], given: Eased) -> Tally:
    """Return a band's tally after something went back to it; what was spent before these days is gone."""
    now = tally.on(*days)
    back = dict(given.categories)
    categories = tuple((name, max(0, minor - back.get(name, 0))) for name, minor in now.categories)
    return replace(now, minor=max(0, now.minor - given.minor), categories=categories)


def _void_fault(sale: Sale, ask: BackAsk, monotonic_ms: int) -> Objection | None:
    if ask.id in sale.void_ids:
        return Objection.DONE
    if sale.state in OVER or len(sale.void_ids) >= IDS_MAX:
        return Objection.ENDED
    if ask.pieces is not None and sale.state is not Authorisation.CAPTURED:
        return Objection.NOT_CAPTURED
    if ask.undo_band is None:
        return None
    if ask.undo_band not in {leg.band for leg in sale.legs}:
        return Objection.OTHER_BAND
    if ask.point != sale.basket.point:
        return Objection.OTHER_POINT
    return None if 0 <= monotonic_ms - sale.at_ms <= UNDO_MS_MAX else Objection.LATE


def _all_back(sale: Sale) -> Back | Objection:
    """All that is left; of what is only authorised there are no lines to give back yet."""
    if sale.state is Authorisation.CAPTURED:
        return reckon(sale, whole_of(sale))
    minor = sum(leg.left_minor for leg in sale.legs)
    return Back((), tuple(_wholly(leg) for leg in sale.legs), minor)


def _wholly(leg: Leg) -> Leg:
    return replace(leg, voided_minor=leg.amount_minor, voided_units=leg.units)


def _after(sale: Sale, back: Back, state: Authorisation) -> Sale:
    voided = sale.voided + back.lines
    after = replace(sale, legs=back.legs, voided=voided)
    whole = sale.state is Authorisation.AUTHORISED or not whole_of(after)
    return replace(after, state=state if whole else sale.state)


def _freed(
    before: tuple[Leg, ...], after: tuple[Leg, ...], leases: Iterable[Lease]
) -> tuple[Lease, ...] | Objection:
    """Return the leases that get units back, all of them or none."""
    known = {lease.id: lease for lease in leases}
    moved: dict[str, Lease] = {}
    for leg in changes(before, after):
        if not leg.is_leased or not leg.units:
            continue
        lease = moved.get(leg.lease) or known.get(leg.lease)
        freed = Refusal.FROZEN if lease is None else void(lease, leg.units)
        if isinstance(freed, Refusal):
            return Objection.LEASE_GONE
        moved[leg.lease] = freed
    return tuple(moved.values())


def _end(
    sale: Sale, minor: int, state: Authorisation, *, leases: Sequence[Lease], ask: CaptureAsk
) -> HoldRuling | Objection:
    if minor:
        legs = money_back(sale.legs, sale.money_minor - minor, sale.basket.currency)
    else:
        legs = tuple(_wholly(leg) for leg in sale.legs)
    freed = _freed(sale.legs, legs, leases)
    if isinstance(freed, Objection):
        return freed
    captured = state is Authorisation.CAPTURED
    ended = HoldEnded(
        op_id=sale.basket.op_id,
        state=state,
        captured_minor=minor,
        legs=legs,
        lines=sale.basket.lines,
        leases=tuple(report_of(lease) for lease in freed),
        currency=sale.basket.currency,
        point=ask.point,
        staff=ask.staff,
    )
    back = Back((), legs, 0)
    after = replace(sale, legs=legs, state=state, captured=captured)
    return HoldRuling(ended=ended, sale=after, leases=freed, eased=_eased(sale, back))


def _eased(sale: Sale, back: Back) -> tuple[Eased, ...]:
    """What each band's limits get back, and of which categories as far as lines tell."""
    sums: dict[bytes, int] = {}
    for leg in changes(sale.legs, back.legs):
        if leg.band is not None and leg.tender in (Tender.WALLET, Tender.RISK):
            sums[leg.band] = sums.get(leg.band, 0) + leg.amount_minor
    return tuple(Eased(band, minor, _categories(sale, back.lines, minor)) for band, minor in sums.items())


def _categories(sale: Sale, lines: tuple[VoidedLine, ...], minor: int) -> tuple[tuple[str, int], ...]:
    weights: dict[str, int] = {}
    for line in lines:
        name = sale.basket.lines[line.line].category
        weights[name] = weights.get(name, 0) + max(0, line.gross_minor)
    if not weights:
        return ()
    parts = allocate(Money(minor, sale.basket.currency), list(weights.values()))
    return tuple((name, part.minor) for name, part in zip(weights, parts, strict=True) if name)
