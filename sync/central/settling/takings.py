"""Takings: the events of money that a device has sent, each booked once in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.payment import (
    CashedOut,
    HoldEnded,
    LeaseMoved,
    LeasePassed,
    LeaseTaken,
    Payment,
    RefundAsked,
    ToppedUp,
    Voided,
)
from edge.core.shift import CashMoved, ShiftClosed
from edge.core.vouchers import VOUCHER_KINDS, base_of
from edge.errors import PolsoError
from sync.central import alarms
from sync.central.accounting import drawers, ops
from sync.central.accounting.ops import Note, What
from sync.central.machines.lanes import Stream
from sync.central.money import bookings, ledger, passings, placed, repeats, restored
from sync.central.money.bookings import Booked, Where
from sync.central.money.foreseen import reports_of
from sync.central.money.hearing import Hearing, Moves
from sync.central.money.hearing import Told as Told
from sync.central.money.pots import counted_in, free_of
from sync.central.money.reopening import Reopener
from sync.central.money.risk import OF_SITE
from sync.central.near import bearable
from sync.central.offers import earned
from sync.central.registry import bands, members, wallets
from sync.central.store import AHEAD, Connection, wake_after
from sync.packing import UNREADABLE

BODIES: dict[int, type[msgspec.Struct]] = {
    Kind.PAID: Payment,
    Kind.PAYMENT_VOIDED: Voided,
    Kind.TOPPED_UP: ToppedUp,
    Kind.LEASE_GRANTED: LeaseMoved,
    Kind.LEASE_RETURNED: LeaseMoved,
    Kind.LEASE_STATE: LeaseMoved,
    Kind.LEASE_PASSED: LeasePassed,
    Kind.LEASE_TAKEN: LeaseTaken,
    Kind.CAPTURED: HoldEnded,
    Kind.REFUND_ASKED: RefundAsked,
    Kind.CASHED_OUT: CashedOut,
    Kind.SHIFT_CLOSED: ShiftClosed,
    Kind.CASH_MOVED: CashMoved,
}
"""Kinds of events that move money, and what their bodies say."""
KEPT_BACK = frozenset({Reason.INSUFFICIENT_HERE, Reason.OFFLINE_LIMIT})
"""Refusals for want of money at that device alone."""
_decoders = {kind: msgspec.msgpack.Decoder(body) for kind, body in BODIES.items()}


class Read(NamedTuple):
    """The same, read."""

    told: Told
    said: msgspec.Struct


class Till(Hearing):
    """What is known of leases and baskets while a batch is booked."""

    def __init__(self, tx: Connection, stream: Stream, read: Sequence[Read], *, again: bool = False) -> None:
        """Load, and hold, all that these events may move."""
        said = [one.said for one in read]
        reports = [report for one in read for report in reports_of(one.said)]
        units = (*reports, *(leg for one in read for leg in getattr(one.said, "legs", ())))
        self.vouchers = {one.wallet for one in units if base_of(one.kind) in VOUCHER_KINDS}
        """Wallets of which vouchers move: held first, for what is withdrawn goes on afterwards."""
        reopener = Reopener(tx, stream, again=again)
        wallets.lock_all(tx, stream.site, self.vouchers | reopener.wallets(reports, said))
        super().__init__(tx, stream, reports, said=said, reopener=reopener)
        self.ops = ops.by_id(tx, stream.site, {_op_id(one.said) for one in read})
        self.known_ops = set(self.ops)
        self.posted = ledger.postings_of(tx, stream.site, {repeats.key_of(one.said) for one in read} - {""})
        self.moved_leases: set[str] = set()
        self.moved_parts: set[str] = set()
        self.moved_ops: set[str] = set()
        self.notes: list[Note] = []

    def work_out(self, one: Read, *, again: bool) -> Moves:
        """Return what an event moves, or raise what is wrong with it; nothing is changed by this."""
        moves = Moves()
        self.hear(one.said, reports_of(one.said), told=one.told, moves=moves)
        if again:
            return moves
        where = Where(
            site=self.stream.site,
            device=self.stream.device,
            at_ms=one.told.at_ms,
            counted=self._counted(one.said, moves),
        )
        return msgspec.structs.replace(moves, booked=self._book(one, where))

    def tell(self, one: Read) -> None:
        """Work out what an event moves; what was booked before moves nothing, what is wrong is set aside."""
        stands = self.posted.get(repeats.key_of(one.said))
        if stands is not None and not repeats.is_of(stands, one.said):
            self.aside(one.told, f"{stands.key} stands in the ledger with other content.")
            return
        try:
            moves = self.work_out(one, again=stands is not None)
            for posting in moves.postings:
                ledger.check(posting)
        except PolsoError as error:
            if error.retryable:
                raise
            self.aside(one.told, str(error))
            return
        if stands is not None:
            self.noted(one.told, What.DUPLICATE, of=stands.key)
        self.keep(one, moves)

    def keep(self, one: Read, moves: Moves) -> None:
        """Take over what an event moves, and note what a person should know of it."""
        if moves.is_late:
            of = next(iter(moves.leases), "")
            self.noted(one.told, What.LATE, of=of, minor=moves.late, why="after its lease was written off")
        if isinstance(one.said, Payment) and one.said.state is None and one.said.reason in KEPT_BACK:
            self._note_false_denial(one.told, one.said)
        self.postings += moves.postings
        self.posted |= {posting.key: posting for posting in moves.booked.postings}
        self.leases |= moves.leases
        self.parts |= moves.parts
        self.moved_parts |= set(moves.parts)
        self.moved_leases |= set(moves.leases)
        if moves.booked.op is not None:
            self.ops[moves.booked.op.id] = moves.booked.op
            self.moved_ops.add(moves.booked.op.id)

    def store(self) -> None:
        """Write postings, leases, baskets and notes as they are now."""
        ledger.post_all(self.tx, self.postings)
        rows = [self.leases[id_] for id_ in sorted(self.moved_leases)]
        placed.add(self.tx, self.stream.site, [row for row in rows if row.id not in self.stored])
        placed.put(self.tx, self.stream.site, [row for row in rows if row.id in self.stored])
        parts = [self.parts[id_] for id_ in sorted(self.moved_parts)]
        passings.put(self.tx, self.stream.site, parts, known=self.known_parts)
        told = [self.ops[id_] for id_ in sorted(self.moved_ops)]
        fresh = [one for one in told if one.id not in self.known_ops]
        ops.put(self.tx, self.stream.site, fresh, moved=[one for one in told if one.id in self.known_ops])
        earned.look_again(self.tx, self.stream.site, sorted(self.moved_ops & self.known_ops))
        ops.note(self.tx, self.notes)
        if self.reopener.told:
            claims = self.reopener.told.values()
            booked = {one.lease for one in claims if self._has(one.lease, one.granted)}
            left = [one for one in claims if one.lease not in booked]
            restored.note_claims(self.tx, self.stream.site, left, booked=booked)

    def _has(self, lease: str, granted: int) -> bool:
        return lease in self.leases and self.leases[lease].placed.counters.granted >= granted

    def aside(self, told: Told, why: str) -> None:
        """Set an event aside with what is wrong with it."""
        self.noted(told, What.ASIDE, of=f"kind {told.kind}", why=_words(why))

    def noted(self, told: Told, what: What, *, of: str = "", minor: int = 0, why: str = "") -> None:
        """Keep a note of an event."""
        self.notes.append(Note(self.stream, told.seq, what, of, minor, why, told.at_ms))

    def _note_false_denial(self, told: Told, refused: Payment) -> None:
        """Note a guest whom a device refused although what was due was free at central."""
        owners = dict(bands.owners(self.tx, self.stream.site, [told.band])) if told.band else {}
        guest = owners.get(told.band or b"")
        held = members.members_by_guest(self.tx, self.stream.site, [guest] if guest else [])
        for one in held.values():
            free = free_of(self.tx, self.stream.site, one.wallet, currency=refused.currency)
            if free >= max(refused.missing_minor, 1):
                words = f"{refused.reason.value}, {free} free"
                self.noted(told, What.FALSE_DENIAL, of=refused.op_id, minor=refused.due_minor, why=words)

    def _book(self, one: Read, where: Where) -> Booked:
        match said := one.said:
            case ShiftClosed() | CashMoved():
                key = drawers.key_of(said, where.device, one.told.seq)
                moved = drawers.booked(said, key, site=where.site, device=where.device, at_ms=where.at_ms)
                return Booked((moved,) if moved is not None else ())
            case Payment(state=None):
                return Booked(())
            case Payment():
                return bookings.paid(said, self.ops.get(said.op_id), where)
            case Voided():
                return bookings.voided(said, self.ops.get(said.op_id), where)
            case HoldEnded():
                return bookings.hold_ended(said, self.ops.get(said.op_id), where)
            case RefundAsked():
                return bookings.refunded(said, self.ops.get(said.op_id), where)
            case ToppedUp():
                return bookings.topped_up(said, where)
            case CashedOut():
                return bookings.cashed_out(said, where)
            case _:
                return Booked(())

    def _counted(self, said: msgspec.Struct, moves: Moves) -> dict[str, str]:
        """Return the ledger's unit of each lease that an event's legs name, as far as it is known here."""
        found = {}
        for leg in getattr(said, "legs", ()):
            row = moves.leases.get(leg.lease) or self.leases.get(leg.lease)
            if row is not None:
                found[leg.lease] = counted_in(row.placed.kind, row.placed.unit, row.day)
        return found


def take(tx: Connection, stream: Stream, told: Iterable[Told], *, again: bool = False) -> list[str]:
    """Book events that were just stored, and return the wallets, now held, of which vouchers moved.

    What cannot be booked is set aside, with why, and stops nothing.
    ``again``: they were set aside before, and an operator who has them tried knows of them.
    Call it where the lane is held: no other worker then books of this device. All that a batch moves is
    written at one stroke.
    """
    asides: list[tuple[Told, str]] = []
    read = []
    for one in told:
        try:
            said = _decoders[one.kind].decode(one.body)
        except UNREADABLE as error:
            asides.append((one, str(error)))
            continue
        if bearable.storable(said):
            read.append(Read(one, said))
        else:
            asides.append((one, "It says what no database can hold."))
    if not read and not asides:
        return []
    till = Till(tx, stream, read, again=again)
    for event in read:
        till.tell(event)
    for one, why in asides:
        till.aside(one, why)
    till.store()
    _raise(tx, stream, [one for one in till.notes if not again or one.what is not What.ASIDE])
    if any(till.leases[id_].placed.wallet == OF_SITE for id_ in till.moved_leases):
        wake_after(tx, AHEAD)  # a part of the loss budget came back or was used: another may lack it
    return sorted(till.vouchers)


def _raise(tx: Connection, stream: Stream, notes: Iterable[Note]) -> None:
    """Call the operator: money that could not be booked, and money that was given up and came after all."""
    for what, reason in ((What.ASIDE, "money_aside"), (What.LATE, "money_late")):
        found = [one for one in notes if one.what is what]
        if found:
            first = min(one.at_ms for one in found)
            alarm = alarms.Alarm(
                device=stream.device, id=reason, reason=reason, point="", at_ms=first, times=len(found)
            )
            alarms.raise_alarm(tx, stream.site, alarm)


def _op_id(said: msgspec.Struct) -> str:
    return str(getattr(said, "op_id", ""))


def _words(text: str) -> str:
    """Return what every database can hold: an error quotes what it found."""
    return "".join(char if char.isprintable() else "?" for char in text)
