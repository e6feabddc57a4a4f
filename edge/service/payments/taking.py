"""Taking money back at the device that took it: void by staff, undo by the guest."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from edge.core.decision import Outcome, Reason
from edge.core.elsewhere import Limited
from edge.core.payment import Authorisation
from edge.core.payment.back import (
    BackAsk,
)
from edge.core.payment.reckoning import Objection, Piece
from edge.errors import Refused
from edge.payviews import BasketState, BasketView
from edge.service.earlier import stated
from edge.service.payments import rung
from edge.service.payments.rung import Last, Rung
from edge.service.payments.settling import WORDS, Settling, sold
from edge.service.tallies import tally_within
from edge.service.verdict import Verdict
from edge.staff import Action, Session
from edge.store.transaction import Transaction

OTHER_BOOT = "This payment is from before the last restart; a void takes it back."


class MoneyBack(Settling):
    """What was paid and is not to be; each act has an id of its own and is done once."""

    def void(
        self, session: Session, op_id: str, void_id: str, *, pieces: Iterable[Piece] | None, reason: str
    ) -> BasketView:
        """Take a payment, or pieces of its lines, back at the device that made it; offline too."""
        self._permit(session, Action.VOID)
        ask = BackAsk(
            id=void_id,
            pieces=None if pieces is None else tuple(pieces),
            point=session.point,
            staff=session.staff,
            reason=stated(reason),
        )

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            sale = sold(known)
            if void_id in sale.void_ids:
                return known
            self._refuse_own(session, sale)
            tally_within(tx, Limited.VOID, session.staff, limit=self._rooms.limits.voids_shift_max)
            return self._voided(tx, known, ask)

        return self._commit(act)

    def ask_undo(self, session: Session, point: str, op_id: str, *, void_id: str) -> BasketView:
        """Let the guest take the payment back by tapping the same band at the same reader again."""
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            sale = sold(known)
            if void_id in sale.void_ids or void_id == known.undoing:
                return known
            if known.boot != self._rooms.boot:
                raise Refused(OTHER_BOOT)
            if sale.state is not Authorisation.CAPTURED or known.basket.point != point:
                raise Refused(WORDS[Objection.OTHER_POINT if sale.captured else Objection.NOT_CAPTURED])
            other = rung.standing(tx, point)
            if other is not None and other.occupies:
                raise Refused("Another basket stands at this till.", hint="Finish it, or give it up.")
            return rung.stand(tx, replace(known, stage=BasketState.AWAITING, undoing=void_id))

        return self._commit(act)

    def by_tap(self, tx: Transaction, known: Rung, verdict: Verdict) -> Rung:
        """Take the payment back if this is the band that paid it; else leave it as it is and say so."""
        told, band = verdict.ruling.decision, verdict.band
        last = Last(reason=told.reason, at_ms=tx.now.now_ms, band=band)
        if told.outcome is not Outcome.GRANTED or known.sale is None:
            return rung.stand(tx, replace(known, last=last))
        ask = BackAsk(
            id=known.undoing, undo_band=band, point=verdict.facts.point.id, staff=known.basket.staff
        )
        ruling = self._ruled(tx, known.sale, ask)
        if isinstance(ruling, Objection):
            shown = replace(last, reason=Reason.LIMIT_REACHED)
            return rung.stand(tx, rung.left_paid(replace(known, last=shown)))
        return self._written(tx, known, ruling, band=band)
