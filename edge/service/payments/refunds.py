"""Refunds: what central has posted is given back by central, and never by one person to themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from edge.core.approvals import Approval, Deed, DeedKind, takes_two
from edge.core.events import Kind, Lane
from edge.core.payment import Authorisation, Sale
from edge.core.payment.back import (
    BackAsk,
    RefundRuling,
    decide_refund,
)
from edge.core.payment.reckoning import Piece
from edge.errors import Refused
from edge.payviews import BasketView
from edge.service.earlier import stated
from edge.service.paperbook import withdraw
from edge.service.payments import rung
from edge.service.payments.rung import Rung
from edge.service.payments.settling import Settling, bands_of, or_refused, sold
from edge.service.remarks import spoken
from edge.service.tallies import SecondNeeded
from edge.staff import Action, Role, Session
from edge.store.transaction import Transaction


class Refunds(Settling):
    """Asks central for refunds, each once under its own id."""

    def deed(
        self, session: Session, op_id: str, refund_id: str, *, pieces: Iterable[Piece] | None, reason: str
    ) -> Deed:
        """Return the refund that a person asks for, if it is possible at all."""
        self._permit(session, Action.REFUND)
        ask = self._refund_ask(session, refund_id, pieces, reason=reason)
        known = self._rooms.sequencer.submit(lambda tx: rung.must_know(tx, op_id))
        sale = sold(known)
        self._refuse_own(session, sale)
        return _deed(known, ask, self._refundable(sale, ask))

    def refund(
        self, session: Session, op_id: str, refund_id: str, *, pieces: Iterable[Piece] | None, reason: str
    ) -> BasketView:
        """Ask central to give back what it has posted; above the limit ``SecondNeeded`` is raised."""
        self._permit(session, Action.REFUND)
        ask = self._refund_ask(session, refund_id, pieces, reason=reason)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            sale = sold(known)
            if refund_id in sale.refund_ids:
                return known
            self._refuse_own(session, sale)
            ruling = self._refundable(sale, ask)
            most = self._rooms.limits.refund_minor_max if _leads(session) else 0
            if takes_two(_deed(known, ask, ruling), amount_minor_max=most):
                raise SecondNeeded
            return self._refunded(tx, known, ruling)

        return self._commit(act)

    def refund_by_two(self, approval: Approval, approver: str, grant: Callable[[Transaction], None]) -> None:
        """Ask central for the refund of an approval; the second person's word is spent in the same moment."""
        deed = approval.deed
        pieces = tuple(Piece(line, quantity) for line, quantity in deed.pieces) or None
        ask = BackAsk(
            id=deed.act,
            pieces=pieces,
            point=deed.point,
            staff=approval.asked_by,
            approver=approver,
            reason=deed.reason,
        )

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, deed.op_id)
            grant(tx)
            ruling = self._refundable(sold(known), ask)
            if ruling.asked.amount_minor != deed.amount_minor:
                raise Refused("The payment has changed meanwhile.", hint="Ask anew.")
            return self._refunded(tx, known, ruling)

        self._commit(act)

    def _refunded(self, tx: Transaction, known: Rung, ruling: RefundRuling) -> Rung:
        payer = next(iter(bands_of(ruling.sale.legs)), None)
        told = spoken(self._rooms, ruling.asked, Kind.REFUND_ASKED, band=None, about=payer)
        tx.append(Kind.REFUND_ASKED, told, lane=Lane.PRIORITY)
        if ruling.sale.state is Authorisation.REFUNDED:
            withdraw(tx, ruling.sale.basket.op_id)
        return rung.keep(tx, replace(known, sale=ruling.sale))

    def _refundable(self, sale: Sale, ask: BackAsk) -> RefundRuling:
        return or_refused(decide_refund(sale, ask))

    def _refund_ask(
        self, session: Session, refund_id: str, pieces: Iterable[Piece] | None, *, reason: str
    ) -> BackAsk:
        return BackAsk(
            id=refund_id,
            pieces=None if pieces is None else tuple(pieces),
            point=session.point,
            staff=session.staff,
            reason=stated(reason),
        )


def _leads(session: Session) -> bool:
    return Role.SUPERVISOR in session.roles


def _deed(known: Rung, ask: BackAsk, ruling: RefundRuling) -> Deed:
    bands = bands_of(sold(known).legs)
    return Deed(
        kind=DeedKind.REFUND,
        point=ask.point,
        reason=ask.reason,
        band=bands[0].hex() if bands else "",
        amount_minor=ruling.asked.amount_minor,
        currency=ruling.asked.currency,
        op_id=known.basket.op_id,
        act=ask.id,
        pieces=tuple((piece.line, piece.quantity) for piece in ask.pieces or ()),
    )
