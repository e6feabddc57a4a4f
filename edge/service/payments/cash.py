"""Cash over the counter: paid in for a wallet and spendable here at once, or the rest of one paid out."""

from __future__ import annotations

import threading
from functools import partial

import msgspec
from msgspec.structs import replace

from edge.core.bands import Presented
from edge.core.decision import Family, Outcome, Reason, family
from edge.core.events import Kind, Lane
from edge.core.lease import LeaseKind, LeaseState, Refusal, ready
from edge.core.payment.counter import CounterAsk, decide_cash_out, decide_top_up
from edge.core.wallet import WalletLink
from edge.errors import Refused, Unknown
from edge.payviews import BasketState, CashKind, CashView, cash_guest_side
from edge.service.drawers import demand_shift
from edge.service.facts import ask
from edge.service.payments import chest, pins
from edge.service.payments.rung import WORD_MS_MAX
from edge.service.payments.show import refusal_words
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.service.verdict import Verdict, judge
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction

CASH = "cash"
DESK = "cash_desk"
"""Which cash waits for a band at a point."""
EVENT = "cash"
TOP_UP_MINOR_MAX = 10_000_000
AWAIT_MS_MAX = 180_000
ACTIONS = {CashKind.TOP_UP: Action.TOP_UP, CashKind.CASH_OUT: Action.CASH_OUT}
WAITS = (BasketState.AWAITING, BasketState.PIN)


class Cash(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One movement of cash as this device keeps it under its op_id, for ever."""

    op_id: str
    kind: CashKind
    point: str
    currency: str
    staff: str
    badge: str = ""
    """BandId of the badge of who asked for it, in hex: nobody serves themselves."""
    minor: int = 0
    stage: BasketState = BasketState.AWAITING
    reason: Reason = Reason.IDENTIFIED
    band: bytes | None = None
    ready_minor: int | None = None
    presented: Presented | None = None
    tapped_ms: int = 0
    boot: str = ""
    seq: int = 0
    at_ms: int = 0


_DECODE = msgspec.msgpack.Decoder(Cash).decode


class CashDesk:
    """Top-ups and cash-outs at the points of this device; the band that taps next is the one meant."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms
        self._pins = pins.GuestPins(rooms)
        self._lock = threading.Lock()
        self._since_ms: dict[str, int] = {}

    def ask(self, session: Session, point: str, op_id: str, *, kind: CashKind, minor: int = 0) -> CashView:
        """Let the next band at this point get cash put on its wallet, or have its rest paid out."""
        permit(session, ACTIONS[kind], self._rooms.clock.now_ms())
        layout = self._rooms.profiles.layout()
        if layout is None or not layout.currency:
            raise Refused("This site has no currency yet.", hint="Central says it with the layout.")
        if kind is CashKind.TOP_UP and not 0 < minor <= TOP_UP_MINOR_MAX:
            raise Refused("A top-up is more than nothing, and not endless.")
        asked = Cash(
            op_id=op_id,
            kind=kind,
            point=point,
            currency=layout.currency,
            staff=session.staff,
            badge=session.badge,
            minor=minor,
        )

        def act(tx: Transaction) -> Cash:
            known = cash_by(tx, op_id)
            if known is not None:
                return known
            demand_shift(tx, point)
            other = self.waiting(tx, point)
            if other is not None:
                raise Refused("Other cash waits for a band at this till.", hint="Give it up first.")
            return _kept(tx, asked)

        return self.tell(self._rooms.sequencer.submit(act))

    def give_up(self, session: Session, point: str, op_id: str) -> CashView:
        """Move no cash after all."""
        permit(session, Action.SELL, self._rooms.clock.now_ms())
        return self.tell(self._rooms.sequencer.submit(lambda tx: _given_up(tx, point, op_id)))

    def waiting(self, tx: Transaction, point: str) -> Cash | None:
        """Return the cash that waits for a band at a point."""
        body = tx.get(DESK, point)
        return None if body is None else cash_by(tx, body.decode())

    def by_tap(self, tx: Transaction, known: Cash, verdict: Verdict) -> Cash:
        """Move the cash for the band that was presented."""
        after = self._moved(tx, known, verdict, proven=False)
        waits = family(after.reason) is Family.ASK
        after = replace(
            after,
            band=verdict.band,
            presented=verdict.facts.presented if waits else None,
            tapped_ms=self._rooms.clock.monotonic_ms(),
            boot=self._rooms.boot,
        )
        return _kept(tx, after)

    def type_pin(self, point: str, op_id: str, digits: str) -> CashView:
        """Check the PIN of the band whose rest is asked for; three wrong ones lock it."""
        known = self._rooms.sequencer.submit(lambda tx: must_know(tx, op_id))
        age_ms = self._rooms.clock.monotonic_ms() - known.tapped_ms
        fresh = known.boot == self._rooms.boot and 0 <= age_ms < WORD_MS_MAX
        if known.stage is not BasketState.PIN or known.presented is None or not fresh or known.point != point:
            raise Refused("No band waits for a PIN.", hint="Let the guest tap again.")
        asked = ask(self._rooms, known.presented, point)
        profile = asked.profile
        link = profile.wallet if profile is not None else None
        if profile is None or link is None:
            raise Refused("This band has no wallet any more.")
        tries = self._rooms.sequencer.submit(lambda tx: pins.count_try(tx, profile))
        right = not tries.late and self._pins.matches(link, digits)

        def act(tx: Transaction) -> Cash:
            now = must_know(tx, op_id)
            if now.stage is not BasketState.PIN:
                return now
            if right:
                pins.forgive(tx, profile)
                verdict = judge(tx, asked, self._rooms.device)
                return _kept(tx, self._moved(tx, now, verdict, proven=True))
            seq = pins.note_wrong(tx, profile, tries, op_id=op_id, point=point)
            reason = Reason.PIN_WRONG if tries.left else Reason.PIN_LOCKED
            stage = BasketState.PIN if tries.left else BasketState.DECLINED
            return _kept(tx, replace(now, reason=reason, stage=stage, seq=seq, at_ms=tx.now.now_ms))

        return self.tell(self._rooms.sequencer.submit(act))

    def lapse(self) -> None:
        """Wait no longer for bands that did not come; no cash was moved."""
        now = self._rooms.clock.monotonic_ms()
        with self._lock:
            late = [point for point, since_ms in self._since_ms.items() if now - since_ms >= AWAIT_MS_MAX]
        for point in late:
            found = self._rooms.sequencer.submit(partial(self._lapsed, point=point))
            with self._lock:
                self._since_ms.pop(point, None)
            if found is not None:
                self.tell(found)

    def tell(self, known: Cash) -> CashView:
        """Tell the till how it stands; never before it is durable."""
        with self._lock:
            if known.stage in WAITS:
                self._since_ms[known.point] = self._rooms.clock.monotonic_ms()
            else:
                self._since_ms.pop(known.point, None)
        view = self._view(known)
        self._rooms.feed.publish(f"till-{known.point}", EVENT, view)
        self._rooms.feed.publish(f"guest-{known.point}", EVENT, cash_guest_side(view))
        return view

    def _lapsed(self, tx: Transaction, point: str) -> Cash | None:
        known = self.waiting(tx, point)
        return None if known is None else _kept(tx, replace(known, stage=BasketState.GIVEN_UP))

    def _moved(self, tx: Transaction, known: Cash, verdict: Verdict, *, proven: bool) -> Cash:
        """Judge the band and move the cash; what is refused moves nothing and says why."""
        reason = self._fault(tx, known, verdict, proven=proven)
        if reason is not None:
            stage = BasketState.PIN if reason is Reason.PIN_REQUIRED else BasketState.DECLINED
            return replace(known, stage=stage, reason=reason, at_ms=tx.now.now_ms)
        link = _link(verdict)
        if link is None:  # pragma: no cover - `_fault` has said so
            return known
        move = self._paid_in if known.kind is CashKind.TOP_UP else self._paid_out
        return move(tx, replace(known, band=verdict.band), link)

    def _fault(self, tx: Transaction, known: Cash, verdict: Verdict, *, proven: bool) -> Reason | None:
        told = verdict.ruling.decision
        profile, link = verdict.facts.profile, _link(verdict)
        if told.outcome is not Outcome.GRANTED:
            return told.reason
        if profile is None or link is None or link.currency != known.currency:
            return Reason.PAYMENTS_OFF
        if profile.staff == known.staff or profile.band.id.hex() == known.badge.lower():
            return Reason.PAYMENTS_OFF
        if link.blocked or chest.block_epoch(tx, link.id) > link.block_epoch:
            return Reason.WALLET_BLOCKED
        if not self._rooms.current():
            return Reason.LEASE_FROZEN
        if known.kind is CashKind.TOP_UP:
            return None
        if link.no_charge or not profile.payments:
            return Reason.PAYMENTS_OFF
        if not pins.tries_of(tx, profile).left:
            return Reason.PIN_LOCKED
        return Reason.PIN_REQUIRED if link.pin_hash and not proven else None

    def _paid_in(self, tx: Transaction, known: Cash, link: WalletLink) -> Cash:
        now = self._rooms.clock.monotonic_ms()
        who = (self._rooms.device, self._rooms.incarnation)
        lease = chest.own_lease(tx, link.id, link.currency, who=who, now_ms=now)
        ruling = decide_top_up(lease, _asked(known, known.minor))
        if isinstance(ruling, Refusal):
            return replace(known, stage=BasketState.DECLINED, reason=Reason.LEASE_FROZEN)
        chest.keep(tx, ruling.lease)
        seq = tx.append(Kind.TOPPED_UP, ruling.topped_up, band=known.band, lane=Lane.PRIORITY)
        return self._done(tx, known, link.id, seq=seq)

    def _paid_out(self, tx: Transaction, known: Cash, link: WalletLink) -> Cash:
        """Pay out all that this device holds of the wallet, and close its leases here."""
        now = self._rooms.clock.monotonic_ms()
        mine = ("", known.band.hex() if known.band is not None else "")
        held = [
            lease
            for lease in chest.leases_of(tx, link.id)
            if lease.kind == LeaseKind.MONEY and lease.band in mine
        ]
        amount = sum(ready(lease, now) for lease in held)
        ruling = decide_cash_out(held, _asked(known, amount), monotonic_ms=now)
        if isinstance(ruling, Refusal):
            return replace(known, stage=BasketState.DECLINED, reason=Reason.INSUFFICIENT_HERE)
        for lease in ruling.leases:
            chest.keep(tx, lease)
        seq = tx.append(Kind.CASHED_OUT, ruling.cashed_out, band=known.band, lane=Lane.PRIORITY)
        for lease in ruling.leases:
            chest.end_own(tx, lease, why="cash_out")
        return self._done(tx, replace(known, minor=amount), link.id, seq=seq)

    def _done(self, tx: Transaction, known: Cash, wallet: str, *, seq: int) -> Cash:
        now = self._rooms.clock.monotonic_ms()
        here = sum(
            ready(lease, now)
            for lease in chest.leases_of(tx, wallet)
            if lease.kind == LeaseKind.MONEY and lease.state is LeaseState.OPEN
        )
        return replace(
            known,
            stage=BasketState.APPROVED,
            reason=Reason.PAID,
            ready_minor=here,
            seq=seq,
            at_ms=tx.now.now_ms,
        )

    def _view(self, known: Cash) -> CashView:
        profile = self._rooms.profiles.get(known.band) if known.band is not None else None
        waits, done = known.stage is BasketState.AWAITING, known.stage is BasketState.APPROVED
        words = f"pay.{known.kind.value}.{'await_tap' if waits else 'done'}"
        return CashView(
            op_id=known.op_id,
            kind=known.kind,
            point=known.point,
            state=known.stage,
            currency=known.currency,
            amount_minor=known.minor,
            words=words if waits or done else refusal_words(known.reason),
            family=None if waits else family(known.reason),
            reason=None if waits else known.reason,
            ready_here_minor=known.ready_minor,
            band_short=short(known.band),
            name=profile.name if profile is not None else "",
            language=profile.language if profile is not None else "",
            at_ms=known.at_ms,
            seq=known.seq,
        )


def cash_by(tx: Transaction, op_id: str) -> Cash | None:
    """Return what is kept under an op_id."""
    body = tx.get(CASH, op_id)
    return None if body is None else _DECODE(body)


def must_know(tx: Transaction, op_id: str) -> Cash:
    """Return what is kept under an op_id, or raise ``Unknown``."""
    found = cash_by(tx, op_id)
    if found is None:
        raise Unknown("No such cash was asked for here.", hint="Begin anew.")
    return found


def _asked(known: Cash, minor: int) -> CounterAsk:
    return CounterAsk(
        op_id=known.op_id, amount_minor=minor, drawer=known.point, point=known.point, staff=known.staff
    )


def _link(verdict: Verdict) -> WalletLink | None:
    profile = verdict.facts.profile
    return profile.wallet if profile is not None else None


def _kept(tx: Transaction, known: Cash) -> Cash:
    """Keep it as it is now; what waits for no band leaves its point free."""
    tx.put(CASH, known.op_id, msgspec.msgpack.encode(known))
    if known.stage in WAITS:
        tx.put(DESK, known.point, known.op_id.encode())
    elif tx.get(DESK, known.point) == known.op_id.encode():
        tx.delete(DESK, known.point)
    return known


def _given_up(tx: Transaction, point: str, op_id: str) -> Cash:
    known = must_know(tx, op_id)
    if known.point != point:
        raise Refused("This cash stands at another till.")
    return known if known.stage not in WAITS else _kept(tx, replace(known, stage=BasketState.GIVEN_UP))
