"""Shifts: a drawer is opened with a counted float, moved by two, and closed with what was counted."""

from __future__ import annotations

import secrets

import msgspec

from edge.core.approvals import Approval, Deed, DeedKind
from edge.core.events import Kind, Lane
from edge.core.shift import (
    CashMove,
    CashMoved,
    Shift,
    ShiftClosed,
    ShiftFault,
    ShiftOpened,
    Takings,
    close_shift,
    fault_of,
    takings_of,
)
from edge.errors import Refused, Unknown
from edge.service.drawers import CLOSED, CLOSED_BY, SHIFT, NoShift, closed_by, last_closed, open_shift
from edge.service.four_eyes import Grant
from edge.service.payments import cash, rung
from edge.service.remarks import spoken
from edge.service.rooms import Rooms
from edge.staff import Action, Session, permit
from edge.store.journal import RANGE_MAX
from edge.store.transaction import Transaction

BUSY = "This drawer's shift is open already."
UNFINISHED = "A basket at this till is not finished."
WORDS = {
    ShiftFault.AMOUNT: "That cannot be counted: an amount is nothing or more.",
    ShiftFault.REASON: "What is counted differs from what should be there.",
}
HINTS = {
    ShiftFault.AMOUNT: "Count again.",
    ShiftFault.REASON: "Count again; if it stays, say why.",
}


class DiffersFromExpected(Refused):
    """What is counted differs from what should be there."""

    hint = HINTS[ShiftFault.REASON]


class ShiftView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a drawer stands; what should lie in it is not told before it is counted."""

    point: str
    open: bool
    shift: str = ""
    staff: str = ""
    name: str = ""
    opened_ms: int = 0
    float_minor: int = 0
    currency: str = ""
    takings: Takings | None = None
    last: ShiftClosed | None = None
    """The closing before."""


class Shifts:
    """One drawer a till; every change is one transaction with its record."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def view(self, point: str, *, whole: bool = False) -> ShiftView:
        """Return how a till's shift stands; ``whole`` with what it has taken so far (an X report)."""
        shift, last = self._rooms.sequencer.submit(lambda tx: (open_shift(tx, point), last_closed(tx, point)))
        if shift is None:
            return ShiftView(point=point, open=False, currency=self._currency(), last=last)
        names = {member.id: member.name for member in self._rooms.profiles.staff()}
        return ShiftView(
            point=point,
            open=True,
            shift=shift.id,
            staff=shift.staff,
            name=names.get(shift.staff, shift.staff),
            opened_ms=shift.opened_ms,
            float_minor=shift.float_minor,
            currency=shift.currency,
            takings=self._takings(shift) if whole else None,
            last=last,
        )

    def open(self, session: Session, point: str, *, counted_minor: int) -> ShiftView:
        """Begin a shift with the float that was counted; the same person asking again has begun it."""
        permit(session, Action.OPEN_SHIFT, self._rooms.clock.now_ms())
        _demand(fault_of(counted_minor))
        currency = self._currency()
        if not currency:
            raise Refused("This site has no currency yet.", hint="Central says it with the layout.")
        fresh = f"s-{secrets.token_hex(8)}"

        def act(tx: Transaction) -> None:
            known = open_shift(tx, point)
            if known is not None:
                if known.staff == session.staff and known.float_minor == counted_minor:
                    return
                raise Refused(BUSY, hint="Close it first; whoever goes on opens a new one.")
            body = ShiftOpened(
                shift=fresh, drawer=point, staff=session.staff, float_minor=counted_minor, currency=currency
            )
            seq = tx.append(Kind.SHIFT_OPENED, body, lane=Lane.PRIORITY)
            shift = Shift(
                id=fresh,
                drawer=point,
                staff=session.staff,
                opened_ms=tx.now.now_ms,
                after_seq=seq,
                float_minor=counted_minor,
                currency=currency,
            )
            tx.put(SHIFT, point, msgspec.msgpack.encode(shift))

        self._rooms.sequencer.submit(act)
        return self.view(point)

    def close(
        self, session: Session, point: str, *, counted_minor: int, reason: str = "", act: str = ""
    ) -> ShiftClosed:
        """End a shift with what was counted; a difference needs its reason, and is told as it is.

        The same ``act`` again, also after a restart, is told of the closing that it did.

        The takings are added up outside the transaction: a sale that comes meanwhile makes it begin again.
        """
        permit(session, Action.CLOSE_SHIFT, self._rooms.clock.now_ms())
        while True:
            known = self._rooms.sequencer.submit(
                lambda tx: closed_by(tx, point, act) or open_shift(tx, point)
            )
            if isinstance(known, ShiftClosed):
                return known
            if known is None:
                raise NoShift
            closed = self._close(session, known, counted_minor=counted_minor, reason=reason, act=act)
            if closed is not None:
                return closed

    def _close(
        self, session: Session, shift: Shift, *, counted_minor: int, reason: str, act: str
    ) -> ShiftClosed | None:
        point = shift.drawer
        head = self._rooms.journal.head(Lane.PRIORITY).seq
        takings = self._takings(shift)

        def closing(tx: Transaction) -> ShiftClosed | None:
            if open_shift(tx, point) != shift:
                raise NoShift(hint="Somebody has closed it meanwhile.")
            if tx.chain.heads[Lane.PRIORITY].seq != head:
                return None
            _demand_finished(tx, point)
            last = last_closed(tx, point)
            number = last.number + 1 if last is not None else 1
            closed = close_shift(
                shift, takings, counted_minor=counted_minor, reason=reason, by=(session.staff, number)
            )
            if isinstance(closed, ShiftFault):
                _demand(closed)
                raise AssertionError("a fault is always refused")
            told = spoken(self._rooms, closed, Kind.SHIFT_CLOSED, band=None)
            tx.append(Kind.SHIFT_CLOSED, told, lane=Lane.PRIORITY)
            tx.put(CLOSED, point, msgspec.msgpack.encode(closed))
            tx.put(CLOSED_BY, point, act.encode())
            tx.delete(SHIFT, point)
            return closed

        return self._rooms.sequencer.submit(closing)

    def deed(self, session: Session, point: str, move: CashMove, *, amount_minor: int, reason: str) -> Deed:
        """Return the act of moving cash, which takes two persons."""
        permit(session, Action.MOVE_CASH, self._rooms.clock.now_ms())
        shift = self._rooms.sequencer.submit(lambda tx: open_shift(tx, point))
        if shift is None:
            raise NoShift
        if amount_minor < 1 or fault_of(amount_minor) is not None:
            raise Refused(WORDS[ShiftFault.AMOUNT], hint=HINTS[ShiftFault.AMOUNT])
        return Deed(
            kind=DeedKind.MOVE_CASH,
            point=point,
            reason=f"{move.value} {reason.strip()}".strip(),
            tap_id=shift.id,
            amount_minor=amount_minor,
            currency=shift.currency,
        )

    def move(self, approval: Approval, approver: str, grant: Grant) -> None:
        """Move the cash that a second person has agreed to, with the grant in one transaction."""
        deed = approval.deed
        word, _, reason = deed.reason.partition(" ")

        def act(tx: Transaction) -> None:
            grant(tx)
            shift = open_shift(tx, deed.point)
            if shift is None or shift.id != deed.tap_id:
                raise Unknown(NoShift.__doc__ or "", hint="The shift that this was asked in is closed.")
            body = CashMoved(
                shift=shift.id,
                drawer=deed.point,
                move=CashMove(word),
                amount_minor=deed.amount_minor,
                currency=deed.currency,
                staff=approval.asked_by,
                approver=approver,
                reason=reason,
            )
            told = spoken(self._rooms, body, Kind.CASH_MOVED, band=None)
            tx.append(Kind.CASH_MOVED, told, lane=Lane.PRIORITY)

        self._rooms.sequencer.submit(act)

    def _takings(self, shift: Shift) -> Takings:
        """Add up what came behind the shift's record, a read at a time."""
        events, after = [], shift.after_seq
        while piece := self._rooms.journal.range(Lane.PRIORITY, after, RANGE_MAX):
            events += piece
            after = piece[-1].seq
        return takings_of(shift.drawer, events)

    def _currency(self) -> str:
        layout = self._rooms.profiles.layout()
        return layout.currency if layout is not None else ""


def _demand(fault: ShiftFault | None) -> None:
    if fault is ShiftFault.REASON:
        raise DiffersFromExpected
    if fault is not None:
        raise Refused(WORDS[fault], hint=HINTS[fault])


def _demand_finished(tx: Transaction, point: str) -> None:
    """Nothing may still wait for a band here: what it paid would lie in nobody's shift."""
    known = rung.standing(tx, point)
    if (known is not None and known.stage in rung.ARMED) or tx.get(cash.DESK, point) is not None:
        raise Refused(UNFINISHED, hint="Have it paid, or give it up; then close.")
