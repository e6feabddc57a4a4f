"""Settling: how a sale that changes afterwards is written, whichever act changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from edge.core.decision import Reason
from edge.core.events import Kind, Lane
from edge.core.lease import Lease
from edge.core.payment import Authorisation, Leg, Sale
from edge.core.payment.back import BackAsk, Eased, HoldRuling, VoidRuling, decide_void, eased
from edge.core.payment.limits import days_about
from edge.core.payment.reckoning import Objection
from edge.errors import Refused
from edge.payviews import BasketState, BasketView
from edge.service.attempts import OwnBand
from edge.service.earlier import is_own
from edge.service.facts import NOWHERE, zone_of
from edge.service.paperbook import withdraw
from edge.service.payments import chest, rung
from edge.service.payments.paying import tally_of
from edge.service.payments.redeeming import give_back
from edge.service.payments.rung import Last, Rung
from edge.service.payments.screens import TillScreens
from edge.service.remarks import spoken
from edge.service.rooms import Rooms
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction

WORDS = {
    Objection.DONE: "This was done already.",
    Objection.ENDED: "Nothing of this payment is left.",
    Objection.NOT_CAPTURED: "This payment is not complete; give it up instead.",
    Objection.NOT_HELD: "This is no hold.",
    Objection.LATE: "It is too late for that.",
    Objection.OTHER_BAND: "Another band has paid this.",
    Objection.OTHER_POINT: "It was paid at another reader.",
    Objection.UNKNOWN_LINE: "The basket has no such line.",
    Objection.TOO_MUCH: "More would be taken back than was paid.",
    Objection.NOTHING: "Nothing of it can be taken back.",
    Objection.LEASE_GONE: "The money has left this device; ask for a refund instead.",
}
TAKEN_BACK = frozenset({Authorisation.VOIDED, Authorisation.EXPIRED})
"""States in which nothing of a sale stands, and what offers were spent for it are the guests' again."""
T = TypeVar("T")


class Placed(NamedTuple):
    """A basket, and whether its till shows it."""

    rung: Rung
    stands: bool


class Settling:
    """What void, undo, capture and expiry share: the event, the leases and the sale in one transaction."""

    def __init__(self, rooms: Rooms, screens: TillScreens) -> None:
        """Act through these rooms and tell these screens."""
        self._rooms, self._screens = rooms, screens

    def _voided(self, tx: Transaction, known: Rung, ask: BackAsk) -> Rung:
        return self._written(tx, known, or_refused(self._ruled(tx, sold(known), ask)), band=None)

    def _ruled(self, tx: Transaction, sale: Sale, ask: BackAsk) -> VoidRuling | Objection:
        now = self._rooms.clock.monotonic_ms()
        return decide_void(sale, ask, self._leases(tx, sale), monotonic_ms=now)

    def _written(self, tx: Transaction, known: Rung, ruling: VoidRuling, *, band: bytes | None) -> Rung:
        payer = next(iter(bands_of(ruling.sale.legs)), None)
        told = spoken(self._rooms, ruling.voided, Kind.PAYMENT_VOIDED, band=band, about=payer)
        seq = tx.append(Kind.PAYMENT_VOIDED, told, band=band, lane=Lane.PRIORITY)
        whole = ruling.sale.state is not Authorisation.CAPTURED
        stage = BasketState.VOIDED if whole else BasketState.APPROVED
        return self._moved(tx, replace(known, stage=stage, sale=ruling.sale, undoing=""), ruling, seq=seq)

    def _moved(self, tx: Transaction, after: Rung, ruling: VoidRuling | HoldRuling, *, seq: int) -> Rung:
        for lease in ruling.leases:
            chest.keep(tx, lease)
        if ruling.sale.state in TAKEN_BACK:
            give_back(tx, ruling.sale.basket.op_id)
            withdraw(tx, ruling.sale.basket.op_id)
        for given in ruling.eased:
            self._ease(tx, given)
        before = after.last or Last(reason=Reason.PAID)
        last = replace(
            before, reason=Reason.PAID, seq=seq, at_ms=tx.now.now_ms, ready_minor=None, vouchers=()
        )
        return self._put(tx, replace(after, last=last, presented=None))

    def _put(self, tx: Transaction, after: Rung) -> Rung:
        """Keep a basket without taking its till from one that came later."""
        return rung.stand(tx, after) if rung.stands(tx, after) else rung.keep(tx, after)

    def _ease(self, tx: Transaction, given: Eased) -> None:
        layout = self._rooms.profiles.layout()
        zone = zone_of(layout.timezone if layout is not None else NOWHERE)
        days = days_about(zone, layout.day_starts_min if layout is not None else 0, tx.now)
        after = eased(tally_of(tx, given.band), days, given)
        tx.put(rung.TALLY, given.band.hex(), msgspec.msgpack.encode(after))

    def _leases(self, tx: Transaction, sale: Sale) -> tuple[Lease, ...]:
        if not self._rooms.current():
            return ()
        names = dict.fromkeys(leg.lease for leg in sale.legs if leg.lease)
        return tuple(lease for name in names if (lease := chest.lease_by(tx, name)) is not None)

    def _refuse_own(self, session: Session, sale: Sale) -> None:
        """Nobody takes money back for their own band."""
        if any(is_own(self._rooms, session, band.hex()) for band in bands_of(sale.legs)):
            raise OwnBand

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _commit(self, act: Callable[[Transaction], Rung]) -> BasketView:
        return self._told(self._rooms.sequencer.submit(lambda tx: placed(tx, act(tx))))

    def _told(self, found: Placed) -> BasketView:
        """Tell the screens; a basket behind the one that stands at its till is shown on none."""
        return self._screens.tell(found.rung) if found.stands else self._screens.note(found.rung)


def placed(tx: Transaction, known: Rung) -> Placed:
    """Return a basket with whether its till shows it."""
    return Placed(known, rung.stands(tx, known))


def sold(known: Rung) -> Sale:
    """Return the sale of a basket of which something was paid, or refuse it."""
    if known.sale is None or not known.sale.legs:
        raise Refused("Nothing was paid of this basket.")
    return known.sale


def bands_of(legs: Iterable[Leg]) -> list[bytes]:
    """Return the bands that paid, each once."""
    return list(dict.fromkeys(leg.band for leg in legs if leg.band is not None))


def or_refused(ruling: T | Objection) -> T:
    """Return a ruling, or refuse in words."""
    if isinstance(ruling, Objection):
        raise Refused(WORDS[ruling])
    return ruling
