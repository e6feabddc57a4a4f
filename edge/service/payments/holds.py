"""Holds: what was only authorised is captured, given up, or ends by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from edge.core.basket import Basket, Line
from edge.core.events import Kind, Lane
from edge.core.payment import Authorisation
from edge.core.payment.back import (
    BackAsk,
    CaptureAsk,
    HoldRuling,
    decide_capture,
    expire,
    given_up_id,
)
from edge.core.payment.limits import age_doubt
from edge.core.payment.reckoning import Objection, Piece, chosen
from edge.core.profiles import Profile
from edge.errors import Refused
from edge.payviews import BasketState, BasketView, PaymentView
from edge.service.drawers import demand_shift
from edge.service.payments import rung
from edge.service.payments.rung import Rung
from edge.service.payments.settling import Placed, Settling, bands_of, or_refused, placed, sold
from edge.service.payments.show import payment_view
from edge.staff import Action, Session
from edge.store.transaction import Transaction

HELD_MAX = 200


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a hold turned out to be for: all of it, a later bill, other lines, or pieces of its own."""

    lines: tuple[Line, ...] | None = None
    pieces: tuple[Piece, ...] | None = None
    minor: int | None = None
    """A lower price of the only piece."""
    bill: str = ""
    """The basket that stands at the till and is what the hold was for: it becomes the sale."""

    def of(self, basket: Basket) -> tuple[Line, ...]:
        """Return the lines that are bought, or refuse what the basket does not hold."""
        if self.pieces is not None:
            return or_refused(chosen(basket, self.pieces, minor=self.minor))
        return basket.lines if self.lines is None else self.lines


class Holds(Settling):
    """Deposits, open tabs and baskets that are partly paid."""

    def held(self, point: str) -> tuple[PaymentView, ...]:
        """Return what is set aside at a point, the one that ends first before the others."""

        def act(tx: Transaction) -> list[Rung]:
            known = (rung.rung_by(tx, op_id) for op_id in rung.held_ops(tx))
            return [one for one in known if one is not None and _is_hold(one, point)]

        found = self._rooms.sequencer.submit(act)
        found.sort(key=lambda one: one.sale.until_ms if one.sale is not None else 0)
        return tuple(payment_view(one, self._screens.view(one)) for one in found[:HELD_MAX])

    def give_up(self, session: Session, point: str, op_id: str) -> BasketView:
        """Close a basket that is not sold, or release a hold: what was paid of it goes back at once.

        What is sold and waits for its undo is left paid: a void has its own right, limit and reason.
        """
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            if known.basket.point != point:
                raise Refused("This basket stands at another till.")
            if not known.open:
                return known
            if known.undoing:
                return self._put(tx, rung.left_paid(known))
            sale = known.sale
            if sale is None or not sale.legs:
                return self._put(tx, replace(known, stage=BasketState.GIVEN_UP, presented=None))
            ask = BackAsk(id=given_up_id(op_id), point=point, staff=session.staff, reason="given_up")
            after = self._voided(tx, known, ask)
            return self._put(tx, replace(after, stage=BasketState.GIVEN_UP))

        return self._commit(act)

    def capture(self, session: Session, op_id: str, what: Taken) -> BasketView:
        """Take what a hold was for in the end, or all of it; the rest of it goes back."""
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            sale = sold(known)
            if sale.captured:
                return known
            demand_shift(tx, session.point)
            lines = what.of(known.basket) if not what.bill else self._billed(tx, known, what.bill)
            ask = CaptureAsk(lines=lines, point=session.point, staff=session.staff)
            now = self._rooms.clock.monotonic_ms()
            ruling = decide_capture(sale, ask, self._leases(tx, sale), monotonic_ms=now)
            after = self._ended(tx, known, or_refused(ruling))
            return rung.stand(tx, after) if what.bill else after

        return self._commit(act)

    def _billed(self, tx: Transaction, known: Rung, bill: str) -> tuple[Line, ...]:
        """Return the lines of a bill that the hold pays for, and close it: its goods are sold once."""
        rung_up = rung.demand_open(rung.must_know(tx, bill), known.basket.point)
        if rung_up.sale is not None and rung_up.sale.legs:
            raise Refused("A part of this basket is paid.", hint="Have the rest paid, or give it up.")
        lines = rung_up.basket.lines
        for band in bands_of(sold(known).legs):
            if not _may_have(self._rooms.profiles.get(band), lines):
                raise Refused(
                    "Not all of this may be taken from what was set aside.",
                    hint="Have it paid by the band itself: there its limits and the age are looked at.",
                )
        self._put(tx, replace(rung_up, stage=BasketState.GIVEN_UP, presented=None))
        return lines

    def expire(self) -> None:
        """End every hold and every partly paid basket whose time is over: all of it goes back."""
        for op_id in self._rooms.sequencer.submit(rung.held_ops):
            found = self._rooms.sequencer.submit(partial(self._expired, op_id=op_id))
            if found is not None:
                self._told(found)

    def _expired(self, tx: Transaction, op_id: str) -> Placed | None:
        known = rung.rung_by(tx, op_id)
        sale = known.sale if known is not None else None
        if known is None or sale is None:
            return None
        now = self._rooms.clock.monotonic_ms()
        ruling = expire(sale, self._leases(tx, sale), monotonic_ms=now)
        if isinstance(ruling, Objection):
            return None
        return placed(tx, self._ended(tx, known, ruling))

    def _ended(self, tx: Transaction, known: Rung, ruling: HoldRuling) -> Rung:
        seq = tx.append(Kind.CAPTURED, ruling.ended, lane=Lane.PRIORITY)
        taken = ruling.sale.state is Authorisation.CAPTURED
        stage = BasketState.APPROVED if taken else BasketState.VOIDED
        after = replace(known, stage=stage, sale=ruling.sale, basket=ruling.sale.basket)
        return self._moved(tx, after, ruling, seq=seq)


def _is_hold(known: Rung, point: str) -> bool:
    return known.basket.point == point and known.sale is not None and known.sale.hold


def _may_have(profile: Profile | None, lines: Sequence[Line]) -> bool:
    """Whether nobody was to look at these lines: the hold was judged for others, maybe a child's."""
    link = profile.wallet if profile is not None else None
    if profile is None or link is None:
        return False
    limited = {limit.category for limit in link.categories}
    asked = [line for line in lines if line.category in limited]
    return not asked and age_doubt(profile, lines, frozenset()) is None
