"""The pay desk: all that tills, guests' displays and readers can ask of the payments of this device."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from edge.core.basket import Line
from edge.core.payment import Tender
from edge.core.payment.facts import Outside
from edge.core.payment.reckoning import Piece
from edge.errors import StoreError
from edge.payviews import BasketView, CardStopped, CashKind, CashView, Exposure, PaymentView
from edge.service.attempts import written_down
from edge.service.bundles import Bundles
from edge.service.consents import Consents
from edge.service.payments.cash import CashDesk
from edge.service.payments.climbing import Climbing
from edge.service.payments.holds import Holds, Taken
from edge.service.payments.lifetime import Lifetime
from edge.service.payments.placement import Placement
from edge.service.payments.reading import Desks, Reading
from edge.service.payments.redeeming import Redeeming
from edge.service.payments.refunds import Refunds
from edge.service.payments.screens import TillScreens
from edge.service.payments.stopping import Stopping
from edge.service.payments.taking import MoneyBack
from edge.service.payments.tills import Laid, Tills
from edge.service.rooms import Rooms
from edge.staff import Session

LOG = logging.getLogger("polso.payments")


class PayDesk:
    """The part of ``Service`` that is about money; any thread may ask."""

    def __init__(self, rooms: Rooms, bundles: Bundles, consents: Consents) -> None:
        """Act through these rooms; offers that were taken up are those of these bundles."""
        self._lifetime, proven = Lifetime(rooms), rooms.current
        # Deadlines of another clock are as little to be spent by as a journal that may be an old one.
        rooms = replace(rooms, current=lambda: proven() and not self._lifetime.unsettled)
        self._pay_rooms, screens = rooms, TillScreens(rooms, Climbing(rooms, consents))
        self._tills = Tills(rooms, screens, Redeeming(rooms, bundles))
        self._cash = CashDesk(rooms)
        self._money_back, self._refunds = MoneyBack(rooms, screens), Refunds(rooms, screens)
        self._holds, self._stopping = Holds(rooms, screens), Stopping(rooms)
        self.placement = Placement(rooms, bundles.live)
        desks = Desks(self._tills, self._cash, self._money_back, self.placement)
        self._at_tills = Reading(rooms, desks)
        duties = (self._tills.lapse, self._cash.lapse, self._holds.expire)
        self._pay_duties = (*duties, self._lifetime.look)

    def look(self) -> None:
        """Do once what time asks of what is paid or set aside here; the watch does it every round."""
        for duty in self._pay_duties:
            duty()

    def recall_tills(self) -> None:
        """Show again, after a start, what stands at each till; nobody pays twice."""
        try:
            self._lifetime.resume()
            self._tills.screens.recall()
        except StoreError as error:
            LOG.warning("what stands at the tills cannot be read yet: %s", error)

    def stop_card(self, tap_id: str, point: str, pin: str = "") -> CardStopped:
        """Charge nothing more to what the guest stored who tapped here; in force at once, offline too."""
        return self._stopping.by_guest(tap_id, point, pin)

    def stop_card_by_staff(self, session: Session, band_hex: str) -> None:
        """Take the same from staff, who heard it from the guest; journaled with the name."""
        with written_down(self._pay_rooms, session, "stop_card", target=band_hex):
            self._stopping.by_staff(session, band_hex)

    def exposure(self) -> Exposure:
        """Return what lies at this device and what could be lost with it."""
        return self._lifetime.exposure()

    def basket(self, point: str) -> BasketView:
        """Return what is rung up at a till's point."""
        return self._tills.show(point)

    def payments(self, point: str, limit: int = 20) -> tuple[PaymentView, ...]:
        """Return the last payments at a point as they stand now, newest first."""
        return self._tills.screens.recent(point, limit)

    def ring(
        self, session: Session, point: str, op_id: str, *, lines: Iterable[Line], rev: int = 0
    ) -> BasketView:
        """Open a basket (empty ``op_id``: the device names it) or change its lines; it is durable then."""
        return self._tills.ring(session, point, op_id, lines=lines, rev=rev)

    def sell(self, session: Session, point: str, op_id: str, *, lines: Iterable[Line]) -> BasketView:
        """Open a whole bill that the next band at the point's reader pays; once per ``op_id``."""
        return self._tills.sell(session, point, op_id, lines=lines)

    def await_band(
        self, session: Session, point: str, op_id: str, *, minor: int | None = None, risk: bool = False
    ) -> BasketView:
        """Let the next band at the point's reader pay all that is due, or ``minor`` of it."""
        return self._tills.await_band(session, point, op_id, minor=minor, risk=risk)

    def decline_vouchers(
        self, session: Session, point: str, op_id: str, *, kinds: Iterable[str]
    ) -> BasketView:
        """Leave these kinds of voucher unused."""
        return self._tills.set_vouchers(session, point, op_id, declined=kinds)

    def type_pin(self, point: str, op_id: str, digits: str) -> BasketView:
        """Check the PIN that the guest typed on their side of the till."""
        return self._tills.type_pin(point, op_id, digits)

    def take_part(self, session: Session, point: str, op_id: str) -> BasketView:
        """Let the band read last pay what it has ready here."""
        return self._tills.take_part(session, point, op_id)

    def take_risk(self, session: Session, point: str, op_id: str) -> BasketView:
        """Try what is missing on the operator's loss budget."""
        return self._tills.take_risk(session, point, op_id)

    def confirm_age(self, session: Session, point: str, op_id: str) -> BasketView:
        """Say that the guest was seen to be old enough."""
        return self._tills.confirm_age(session, point, op_id)

    def add_cash(self, session: Session, point: str, op_id: str, *, minor: int, act: str = "") -> BasketView:
        """Take cash for what is due, or a part of it; the same ``act`` again is the same note."""
        return self._tills.add(session, point, op_id, laid=_laid(Tender.CASH, minor, act))

    def add_card(self, session: Session, point: str, op_id: str, *, minor: int, act: str = "") -> BasketView:
        """Note what an external terminal has charged; the same ``act`` again is the same charge."""
        return self._tills.add(session, point, op_id, laid=_laid(Tender.CARD, minor, act))

    def take_coupon(self, session: Session, point: str, op_id: str, *, code: str) -> BasketView:
        """Let a coupon lower what it is for."""
        return self._tills.take_coupon(session, point, op_id, code=code)

    def give_up(self, session: Session, point: str, op_id: str) -> BasketView:
        """Close a basket that is not sold; what was paid of it goes back at once."""
        return self._holds.give_up(session, point, op_id)

    def hold(self, session: Session, point: str, op_id: str, *, minutes: int) -> BasketView:
        """Let the next band only authorise: a deposit or an open tab, for so long."""
        return self._tills.await_hold(session, point, op_id, hold_ms=minutes * 60_000)

    def holds(self, point: str) -> tuple[PaymentView, ...]:
        """Return what is set aside at a point, the one that ends first before the others."""
        return self._holds.held(point)

    def capture(self, session: Session, op_id: str, what: Taken | None = None) -> BasketView:
        """Take what a hold was for in the end, by default all; the rest goes back."""
        return self._holds.capture(session, op_id, what or Taken())

    def void(
        self,
        session: Session,
        op_id: str,
        void_id: str,
        *,
        pieces: Iterable[Piece] | None = None,
        reason: str,
    ) -> BasketView:
        """Take a payment, or pieces of its lines, back at this device; offline too, once per ``void_id``."""
        with written_down(self._pay_rooms, session, "void", target=op_id):
            return self._money_back.void(session, op_id, void_id, pieces=pieces, reason=reason)

    def undo_payment(self, session: Session, point: str, op_id: str, *, void_id: str) -> BasketView:
        """Let the guest take it back within five minutes: the same band at the same reader."""
        return self._money_back.ask_undo(session, point, op_id, void_id=void_id)

    def refund(
        self,
        session: Session,
        op_id: str,
        refund_id: str,
        *,
        pieces: Iterable[Piece] | None = None,
        reason: str,
    ) -> BasketView:
        """Ask central to give back what it has posted; above the limit ``SecondNeeded`` is raised."""
        with written_down(self._pay_rooms, session, "refund", target=op_id):
            return self._refunds.refund(session, op_id, refund_id, pieces=pieces, reason=reason)

    def top_up(self, session: Session, point: str, op_id: str, *, minor: int) -> CashView:
        """Take cash for the wallet of the next band at the point's reader; offline too."""
        return self._cash.ask(session, point, op_id, kind=CashKind.TOP_UP, minor=minor)

    def cash_out(self, session: Session, point: str, op_id: str) -> CashView:
        """Pay out what this device holds of the next band's wallet."""
        return self._cash.ask(session, point, op_id, kind=CashKind.CASH_OUT)

    def type_cash_pin(self, point: str, op_id: str, digits: str) -> CashView:
        """Check the PIN of the band whose rest is to be paid out."""
        return self._cash.type_pin(point, op_id, digits)

    def give_up_cash(self, session: Session, point: str, op_id: str) -> CashView:
        """Move no cash after all."""
        return self._cash.give_up(session, point, op_id)


def _laid(tender: Tender, minor: int, act: str) -> Laid:
    return Laid(Outside(tender=tender, amount_minor=minor), act)
