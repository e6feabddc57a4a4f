"""Holds: what was only authorised is captured, given up, or ends by itself."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from msgspec.structs import replace

from edge.core.basket import Line
from edge.core.events import Kind, Lane
from edge.core.payment import Authorisation
from edge.core.payment.back import (
    BackAsk,
    CaptureAsk,
    HoldRuling,
    decide_capture,
    expire,
)
from edge.core.payment.reckoning import Objection
from edge.errors import Refused
from edge.payviews import BasketState, BasketView
from edge.service.payments import rung
from edge.service.payments.rung import Rung
from edge.service.payments.settling import Settling, or_refused, sold
from edge.staff import Action, Session
from edge.store.transaction import Transaction


class Holds(Settling):
    """Deposits, open tabs and baskets that are partly paid."""

    def give_up(self, session: Session, point: str, op_id: str) -> BasketView:
        """Close a basket that is not sold: what was paid of it goes back at once."""
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            if known.basket.point != point:
                raise Refused("This basket stands at another till.")
            if not known.open:
                return known
            sale = known.sale
            if sale is None or not sale.legs:
                return rung.stand(tx, replace(known, stage=BasketState.GIVEN_UP, presented=None))
            ask = BackAsk(id=f"{op_id}:given-up", point=point, staff=session.staff, reason="given_up")
            after = self._voided(tx, known, ask)
            return rung.stand(tx, replace(after, stage=BasketState.GIVEN_UP))

        return self._commit(act)

    def capture(self, session: Session, op_id: str, *, lines: Iterable[Line]) -> BasketView:
        """Take what a hold was for in the end; the rest of it goes back."""
        self._permit(session, Action.SELL)
        ask = CaptureAsk(lines=tuple(lines), point=session.point, staff=session.staff)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            sale = sold(known)
            leases = self._leases(tx, sale)
            now = self._rooms.clock.monotonic_ms()
            ruling = decide_capture(sale, ask, leases, monotonic_ms=now)
            if ruling is Objection.DONE:
                return known
            return self._ended(tx, known, or_refused(ruling))

        return self._commit(act)

    def expire(self) -> None:
        """End every hold and every partly paid basket whose time is over: all of it goes back."""
        for op_id in self._rooms.sequencer.submit(rung.held_ops):
            found = self._rooms.sequencer.submit(partial(self._expired, op_id=op_id))
            if found is not None:
                self._screens.tell(found)

    def _expired(self, tx: Transaction, op_id: str) -> Rung | None:
        known = rung.rung_by(tx, op_id)
        sale = known.sale if known is not None else None
        if known is None or sale is None:
            return None
        now = self._rooms.clock.monotonic_ms()
        ruling = expire(sale, self._leases(tx, sale), monotonic_ms=now)
        return None if isinstance(ruling, Objection) else self._ended(tx, known, ruling)

    def _ended(self, tx: Transaction, known: Rung, ruling: HoldRuling) -> Rung:
        seq = tx.append(Kind.CAPTURED, ruling.ended, lane=Lane.PRIORITY)
        taken = ruling.sale.state is Authorisation.CAPTURED
        stage = BasketState.APPROVED if taken else BasketState.VOIDED
        after = replace(known, stage=stage, sale=ruling.sale, basket=ruling.sale.basket)
        return self._moved(tx, after, ruling, seq=seq)
