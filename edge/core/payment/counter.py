"""Money over the counter: paid in to a wallet at this device, or paid out of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.core.lease import Lease, Refusal, mint, ready, report_of, spend
from edge.core.money import MINOR_MAX
from edge.core.payment.bodies import CashedOut, ToppedUp
from edge.core.payment.legs import Tender


class CounterAsk(msgspec.Struct, frozen=True, kw_only=True):
    """So much goes into a wallet or out of it, and who answers for it."""

    op_id: str
    amount_minor: int
    tender: Tender = Tender.CASH
    drawer: str = ""
    point: str = ""
    staff: str = ""
    approver: str = ""
    reason: str = ""


class ToppedUpRuling(msgspec.Struct, frozen=True, kw_only=True):
    """The event's body and the lease that holds the money now."""

    topped_up: ToppedUp
    lease: Lease


class CashedOutRuling(msgspec.Struct, frozen=True, kw_only=True):
    """The event's body and the leases that gave the money."""

    cashed_out: CashedOut
    leases: tuple[Lease, ...]


def decide_top_up(lease: Lease, ask: CounterAsk) -> ToppedUpRuling | Refusal:
    """Count money that was paid in: spendable here at once, elsewhere when central has heard of it."""
    if not 1 <= ask.amount_minor <= MINOR_MAX:
        return Refusal.NO_AMOUNT if ask.amount_minor < 1 else Refusal.TOO_MUCH
    minted = mint(lease, ask.amount_minor)
    if isinstance(minted, Refusal):
        return minted
    topped_up = ToppedUp(
        op_id=ask.op_id,
        wallet=lease.wallet,
        amount_minor=ask.amount_minor,
        currency=lease.unit,
        tender=ask.tender,
        leases=(report_of(minted),),
        drawer=ask.drawer,
        point=ask.point,
        staff=ask.staff,
        approver=ask.approver,
        reason=ask.reason,
    )
    return ToppedUpRuling(topped_up=topped_up, lease=minted)


def decide_cash_out(
    leases: Sequence[Lease], ask: CounterAsk, *, monotonic_ms: int
) -> CashedOutRuling | Refusal:
    """Pay out what leases of one wallet hold here, in their order; all of the amount or nothing."""
    rest = ask.amount_minor
    if rest < 1:
        return Refusal.NO_AMOUNT
    moved: list[Lease] = []
    for lease in leases:
        piece = min(rest, ready(lease, monotonic_ms))
        if piece > 0:
            spent = spend(lease, piece, now_ms=monotonic_ms)
            if isinstance(spent, Refusal):  # pragma: no cover - the piece is no more than what is ready
                return spent
            moved.append(spent)
            rest -= piece
    if rest or not moved:
        return Refusal.SHORT
    cashed_out = CashedOut(
        op_id=ask.op_id,
        wallet=moved[0].wallet,
        amount_minor=ask.amount_minor,
        currency=moved[0].unit,
        leases=tuple(report_of(lease) for lease in moved),
        drawer=ask.drawer,
        point=ask.point,
        staff=ask.staff,
        approver=ask.approver,
    )
    return CashedOutRuling(cashed_out=cashed_out, leases=tuple(moved))
