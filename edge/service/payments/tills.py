"""Tills: a basket is rung up, the next band at the point's reader pays it, and screens are told."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.basket import Basket, BasketFault, Line, fault_of
from edge.core.cards import HINT as CARD_HINT
from edge.core.cards import WORDS as CARD_WORDS
from edge.core.cards import holds_card_number
from edge.core.decision import Reason
from edge.core.payment.bodies import Pin
from edge.core.payment.facts import Outside
from edge.errors import Refused
from edge.payviews import BasketState, BasketView
from edge.service import madeover
from edge.service.drawers import demand_shift
from edge.service.facts import Asked, ask
from edge.service.payments import chest, pins, rung
from edge.service.payments.paying import AGE, Payers
from edge.service.payments.redeeming import Redeeming
from edge.service.payments.rung import Last, Rung
from edge.service.payments.screens import TillScreens
from edge.service.rooms import Rooms
from edge.service.verdict import Verdict, judge
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction

HOLD_MS_MAX = 14 * 86_400_000
FAULTS = {
    BasketFault.OP_ID: "An op_id has 8 to 64 letters, digits, dots, colons and dashes, and a letter.",
    BasketFault.CURRENCY: "This site sells in no such currency.",
    BasketFault.EMPTY: "Nothing is rung up.",
    BasketFault.LINES: "A basket has at most 64 lines.",
    BasketFault.TEXT: "A line's texts are too long, or it names nothing.",
    BasketFault.QUANTITY: "A quantity is 1 to 9,999, taken back or not.",
    BasketFault.PRICE: "No price is that high.",
    BasketFault.TAX: "A tax is 0 to 1,000 permille.",
    BasketFault.TOTAL: "A basket costs nothing less than nothing.",
}


class Laid(NamedTuple):
    """Cash or a card on the counter, and by which act: the same one again is no second note."""

    outside: Outside
    act: str = ""


class Tills:
    """What staff and guests do with the basket at one point; each act is one transaction."""

    def __init__(self, rooms: Rooms, screens: TillScreens, redeeming: Redeeming) -> None:
        """Act through these rooms and tell these screens."""
        self._rooms, self.screens = rooms, screens
        self._payers, self._pins = Payers(rooms, redeeming), pins.GuestPins(rooms)

    # Ringing up

    def show(self, point: str) -> BasketView:
        """Return what stands at a point."""
        found = self._rooms.sequencer.submit(lambda tx: rung.standing(tx, point))
        return self.screens.idle(point) if found is None else self.screens.shown(found)

    def ring(
        self, session: Session, point: str, op_id: str, *, lines: Iterable[Line], rev: int
    ) -> BasketView:
        """Open a basket, or put other lines into it; ``rev`` is the one that the caller has seen.

        An empty ``op_id`` opens a new one. The same lines again are the same basket.
        """
        self._permit(session, Action.SELL)
        wanted = self._basket(session, point, op_id or _fresh_id(), lines=tuple(lines))

        def act(tx: Transaction) -> Rung:
            known = rung.rung_by(tx, wanted.op_id)
            if known is None:
                demand_shift(tx, point)
                _demand_free(tx, point)
                return rung.stand(tx, Rung(basket=wanted, rev=0, offers=chest.vouchers_here(tx)))
            rung.demand_open(known, point)
            same = known.basket.lines == wanted.lines
            if same and known.stage is BasketState.OPEN:
                return known
            if rev != known.rev:
                raise Refused("This basket has changed meanwhile.", hint="Look at it again.")
            if known.sale is not None and known.sale.legs and not same:
                raise Refused("A part of this basket is paid.", hint="Give it up, or have the rest paid.")
            basket = replace(known.basket, lines=wanted.lines)
            resting = replace(known, basket=basket, stage=_resting(known), presented=None, hold_ms=None)
            return rung.stand(tx, resting)

        return self._commit(act)

    def sell(self, session: Session, point: str, op_id: str, *, lines: Iterable[Line]) -> BasketView:
        """Open a whole bill that the next band at this point's reader pays; said again it is as it stands."""
        self._permit(session, Action.SELL)
        wanted = self._basket(session, point, op_id or _fresh_id(), lines=tuple(lines))
        _demand_sound(wanted)

        def act(tx: Transaction) -> Rung:
            known = rung.rung_by(tx, wanted.op_id)
            if known is None:
                demand_shift(tx, point)
                _demand_free(tx, point)
                return rung.stand(tx, Rung(basket=wanted, rev=0, stage=BasketState.AWAITING))
            if (known.basket.point, known.basket.lines) != (point, wanted.lines):
                raise Refused("Another bill has this op_id.", hint="Give each bill an op_id of its own.")
            return known

        return self._commit(act)

    def await_band(
        self, session: Session, point: str, op_id: str, *, minor: int | None = None, risk: bool = False
    ) -> BasketView:
        """Let the next band at this point's reader pay: all that is due, or ``minor`` of it."""
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            demand_shift(tx, point)
            _demand_sound(known.basket)
            if minor is not None and not 0 < minor <= known.due_minor:
                raise Refused("A part is more than nothing and at most what is due.")
            plain = replace(known, presented=None, hold_ms=None)
            return rung.stand(tx, replace(plain, stage=BasketState.AWAITING, asked_minor=minor, risk=risk))

        return self._commit(act)

    def await_hold(self, session: Session, point: str, op_id: str, *, hold_ms: int) -> BasketView:
        """Let the next band authorise what stands here, for so long; it is captured later."""
        self._permit(session, Action.SELL)
        if not 0 < hold_ms <= HOLD_MS_MAX:
            raise Refused("A hold lasts a minute to two weeks.")

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            demand_shift(tx, point)
            _demand_sound(known.basket)
            if known.sale is not None:
                raise Refused("A part of this basket is paid.")
            waiting = replace(known, stage=BasketState.AWAITING, presented=None, hold_ms=hold_ms)
            return rung.stand(tx, waiting)

        return self._commit(act)

    def set_vouchers(
        self, session: Session, point: str, op_id: str, *, declined: Iterable[str]
    ) -> BasketView:
        """Leave these kinds of voucher unused: the guest keeps them."""
        self._permit(session, Action.SELL)
        kinds = tuple(sorted(set(declined)))

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            return rung.stand(tx, replace(known, declined=kinds))

        return self._commit(act)

    # Who pays

    def by_tap(self, tx: Transaction, known: Rung, verdict: Verdict) -> Rung:
        """Let the band that was presented pay what stands at its point."""
        return rung.stand(tx, self._payers.by_band(tx, known, verdict))

    def type_pin(self, point: str, op_id: str, digits: str) -> BasketView:
        """Check the PIN of the band that waits for it, then let it pay; three wrong ones lock it."""
        asked, known = self._waiting_tap(point, op_id, (BasketState.PIN,))
        profile = asked.profile
        link = profile.wallet if profile is not None else None
        if profile is None or link is None:
            raise Refused("This band pays no more.", hint="Take another band.")
        tries = self._rooms.sequencer.submit(lambda tx: pins.count_try(tx, profile))
        right = known.last is not None and not tries.late and self._pins.matches(link, digits)

        def act(tx: Transaction) -> Rung:
            now = rung.demand_open(rung.must_know(tx, op_id), point)
            if now.stage is not BasketState.PIN:
                return now
            if right:
                pins.forgive(tx, profile)
                return self._by_earlier(tx, now, asked, pin=Pin.VERIFIED)
            seq = pins.note_wrong(tx, profile, tries, op_id=op_id, point=point)
            return rung.stand(tx, _wrong(now, seq=seq, left=tries.left, at_ms=tx.now.now_ms))

        return self._commit(act)

    def take_part(self, session: Session, point: str, op_id: str) -> BasketView:
        """Let the band read last pay what it has ready here; the rest stays due."""
        self._permit(session, Action.SELL)
        asked, _ = self._waiting_tap(point, op_id, (BasketState.SHORT,))

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            if known.part_minor < 1:
                raise Refused("This band has nothing ready here.", hint="Take another one, cash or a card.")
            return self._by_earlier(tx, replace(known, asked_minor=known.part_minor), asked)

        return self._commit(act)

    def take_risk(self, session: Session, point: str, op_id: str) -> BasketView:
        """Try what is missing on the operator's loss budget, as far as its leases here allow."""
        self._permit(session, Action.SELL)
        asked, _ = self._waiting_tap(point, op_id, (BasketState.SHORT,))

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            return self._by_earlier(tx, replace(known, risk=True), asked)

        return self._commit(act)

    def confirm_age(self, session: Session, point: str, op_id: str) -> BasketView:
        """Say that the guest was seen to be old enough for what is in the basket."""
        self._permit(session, Action.SELL)
        asked, _ = self._waiting_tap(point, op_id, (BasketState.DECLINED,))

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            seen = replace(known, confirmed=tuple(sorted({*known.confirmed, AGE})))
            return self._by_earlier(tx, seen, asked)

        return self._commit(act)

    def add(self, session: Session, point: str, op_id: str, *, laid: Laid) -> BasketView:
        """Take cash, or what an external terminal has charged, for all that is due or a part; once an act."""
        self._permit(session, Action.SELL)

        def act(tx: Transaction) -> Rung:
            known = rung.must_know(tx, op_id)
            if laid.act and laid.act in known.laid:
                return known
            rung.demand_open(known, point)
            demand_shift(tx, point)
            _demand_sound(known.basket)
            after = self._payers.by_outside(tx, replace(known, hold_ms=None), laid.outside)
            return rung.stand(tx, replace(after, laid=(*known.laid, laid.act)) if laid.act else after)

        return self._commit(act)

    def take_coupon(self, session: Session, point: str, op_id: str, *, code: str) -> BasketView:
        """Let a coupon lower what it is for; refused, it is not spent."""
        self._permit(session, Action.SELL)
        coupon = madeover.any_code(code, self._rooms)

        def act(tx: Transaction) -> Rung:
            known = rung.demand_open(rung.must_know(tx, op_id), point)
            demand_shift(tx, point)
            _demand_sound(known.basket)
            return rung.stand(tx, self._payers.by_coupon(tx, replace(known, hold_ms=None), coupon))

        return self._commit(act)

    # What time does

    def rest(self, point: str) -> None:
        """Let what stands at a point wait for no band any more; it stands there as it was."""

        def act(tx: Transaction) -> Rung | None:
            known = rung.standing(tx, point)
            if known is None or known.stage not in rung.ARMED:
                return None
            if known.undoing:
                return rung.stand(tx, rung.left_paid(known))
            return rung.stand(tx, replace(known, stage=_resting(known), presented=None, asked_minor=None))

        found = self._rooms.sequencer.submit(act)
        if found is not None:
            self.screens.tell(found)

    def lapse(self) -> None:
        """Stop waiting for bands and PINs that did not come."""
        for point in self.screens.late():
            self.rest(point)

    def _by_earlier(self, tx: Transaction, known: Rung, asked: Asked, *, pin: Pin = Pin.NONE) -> Rung:
        """Let the band that was read before pay, as somebody's word now allows."""
        verdict = judge(tx, asked, self._rooms.device)
        return rung.stand(tx, self._payers.by_band(tx, known, verdict, pin=pin))

    def _commit(self, act: Callable[[Transaction], Rung]) -> BasketView:
        return self.screens.tell(self._rooms.sequencer.submit(act))

    def _permit(self, session: Session, action: Action) -> None:
        permit(session, action, self._rooms.clock.now_ms())

    def _basket(self, session: Session, point: str, op_id: str, *, lines: tuple[Line, ...]) -> Basket:
        layout = self._rooms.profiles.layout()
        if layout is None or not layout.currency:
            raise Refused("This site has no currency yet.", hint="Central says it with the layout.")
        basket = Basket(
            op_id=op_id,
            point=point,
            currency=layout.currency,
            lines=lines,
            opened_ms=self._rooms.clock.now_ms(),
            staff=session.staff,
        )
        fault = fault_of(basket)
        if fault is not None and fault is not BasketFault.EMPTY:
            raise Refused(FAULTS[fault])
        if any(holds_card_number(f"{line.item} {line.name} {line.category}") for line in lines):
            raise Refused(CARD_WORDS, hint=CARD_HINT)
        return basket

    def _waiting_tap(self, point: str, op_id: str, stages: tuple[BasketState, ...]) -> tuple[Asked, Rung]:
        """Return the tap that a basket was left with, or refuse what comes too late for it."""
        known = self._rooms.sequencer.submit(lambda tx: rung.demand_open(rung.must_know(tx, op_id), point))
        age_ms = self._rooms.clock.monotonic_ms() - known.tapped_ms
        fresh = known.boot == self._rooms.boot and 0 <= age_ms < rung.WORD_MS_MAX
        if known.stage not in stages or known.presented is None or not fresh:
            raise Refused("No band waits for this any more.", hint="Let the guest tap again.")
        return ask(self._rooms, known.presented, point), known


def _fresh_id() -> str:
    """Return a new op_id; the letter keeps it from ever looking like a card's number."""
    return f"b-{secrets.token_hex(10)}"


def _demand_free(tx: Transaction, point: str) -> None:
    """Refuse a second basket beside one that somebody is about to pay."""
    found = rung.standing(tx, point)
    if found is not None and found.occupies:
        raise Refused("Another basket stands at this till.", hint="Finish it, or give it up.")


def _demand_sound(basket: Basket) -> None:
    fault = fault_of(basket)
    if fault is not None:
        raise Refused(FAULTS[fault])


def _resting(known: Rung) -> BasketState:
    partly = known.sale is not None and bool(known.sale.legs)
    return BasketState.PARTLY_PAID if partly else BasketState.OPEN


def _wrong(known: Rung, *, seq: int, left: int, at_ms: int) -> Rung:
    """Return a basket after a wrong PIN: asked again, or locked after the third."""
    before = known.last or Last(reason=Reason.PIN_WRONG)
    reason = Reason.PIN_WRONG if left else Reason.PIN_LOCKED
    last = replace(before, reason=reason, seq=seq, at_ms=at_ms, tries_left=left)
    stage = BasketState.PIN if left else BasketState.DECLINED
    return replace(known, stage=stage, last=last, presented=known.presented if left else None)
