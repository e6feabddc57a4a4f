"""Receipts: made from the journal, printed, marked as copies, or handed to the guest's phone."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.events import Acted, Kind, Lane
from edge.core.receipt import Receipt, ReceiptKind
from edge.core.receipting import receipt_of
from edge.errors import Refused, Unknown
from edge.service.drawers import last_closed
from edge.service.offering.desk import Offers
from edge.service.offering.papers import Papers
from edge.service.payments import rung
from edge.service.rooms import Rooms
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from hardware.port import NotPrinted, PaperFault, Slip, SlipRow

__all__ = ["Made", "PaperFault", "Printed", "Receipts", "Slip", "SlipRow"]

RECEIPT = "receipt"
PHONE_MS_MAX = 600_000
"""So long a code for a phone is good, once."""
PHONES_MAX = 500
PIECE = 200
BACK_MAX = 50_000
"""How far back a receipt is looked for: many days of one till."""
NO_PRINTER = "none"
COLUMNS = 42
"""Of a roll of 80 mm."""


class Printed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a slip: whether it came out, as which copy, and if not, why."""

    op_id: str
    printed: bool
    copy: int = 0
    """0 for the first one on paper, then which copy it is."""
    fault: str = ""
    """Word of ``PaperFault``, or ``none`` where no printer stands at this till."""
    seq: int = 0


Made = Callable[[Receipt, int], Slip]
"""Makes paper of a receipt, given which copy it is."""


class _Waiting(NamedTuple):
    op_id: str
    until_ms: int


class Receipts:
    """Receipts of this device; a printer that fails undoes nothing and loses nothing."""

    def __init__(self, rooms: Rooms, offers: Offers) -> None:
        """Act through these rooms; ``offers`` choose what a purchase brings."""
        self._rooms, self.papers = rooms, Papers(rooms, offers)
        self._lock = threading.Lock()
        self._phones: OrderedDict[bytes, _Waiting] = OrderedDict()

    def receipt(self, op_id: str) -> Receipt:
        """Return the receipt of an act that moved money or closed a drawer, as the journal tells it.

        ``op_id`` is the act's own: a sale's, a void's, a refund's, that of cash, or a shift's.
        """
        receipt = self._found(op_id)
        if receipt is None:
            raise Unknown("There is no receipt of this here.", hint="Look at the device that sold it.")
        return self._rooms.sequencer.submit(lambda tx: _since(tx, receipt))

    def columns(self, point: str) -> int:
        """Return how wide the roll of a point's printer is; of none that of the usual one."""
        printer = self._rooms.printers.get(point)
        return COLUMNS if printer is None else printer.columns

    def is_new(self, op_id: str) -> bool:
        """Whether nothing of an act was on paper yet."""
        return not self._rooms.sequencer.submit(lambda tx: _count(tx, op_id))

    def _found(self, op_id: str) -> Receipt | None:
        """Return what the newest record under an id gives, looking from the newest back."""
        layout, journal = self._rooms.profiles.layout(), self._rooms.journal
        site, named = layout.site if layout else "", op_id.encode()
        last, first = journal.head(Lane.PRIORITY).seq, journal.anchor(Lane.PRIORITY).seq
        oldest = max(first, last - BACK_MAX)
        while last > oldest:
            after = max(oldest, last - PIECE)
            for event in reversed(journal.range(Lane.PRIORITY, after, last - after)):
                made = (
                    receipt_of(event, site=site, device=self._rooms.device) if named in event.body else None
                )
                if made is not None and made.op_id == op_id:
                    return made
            last = after
        return None

    def print(self, session: Session, op_id: str, make: Made) -> Printed:
        """Print a receipt; what was on paper before comes out marked as a copy."""
        permit(session, Action.SELL, self._rooms.clock.now_ms())
        receipt = self.receipt(op_id)
        printer = self._rooms.printers.get(receipt.point)
        if printer is None:
            return Printed(op_id=op_id, printed=False, fault=NO_PRINTER)
        before = self._rooms.sequencer.submit(lambda tx: _count(tx, op_id))
        try:
            printer.print(make(receipt, before))
        except NotPrinted as error:
            return Printed(op_id=op_id, printed=False, copy=before, fault=error.fault.value)

        def act(tx: Transaction) -> Printed:
            copy = _count(tx, op_id)
            tx.put(RECEIPT, op_id, msgspec.msgpack.encode(copy + 1))
            seq = _record(tx, session, receipt, how="copy" if copy else "printed", number=copy)
            return Printed(op_id=op_id, printed=True, copy=copy, seq=seq)

        return self._rooms.sequencer.submit(act)

    def print_slip(self, point: str, slip: Slip) -> PaperFault | str | None:
        """Print what is no receipt, as an X report; return why it did not come out, or None."""
        printer = self._rooms.printers.get(point)
        if printer is None:
            return NO_PRINTER
        try:
            printer.print(slip)
        except NotPrinted as error:
            return error.fault
        return None

    def open_drawer(self, session: Session, point: str) -> None:
        """Open the drawer without a sale, written down with the name."""
        permit(session, Action.OPEN_SHIFT, self._rooms.clock.now_ms())
        printer = self._rooms.printers.get(point)
        if printer is None:
            raise Refused("No drawer hangs on this till.", hint="It hangs on the receipt printer.")
        body = Acted(staff=session.staff, point=point, reason="drawer")
        self._rooms.sequencer.submit(lambda tx: tx.append(Kind.RECEIPT_MADE, body, lane=Lane.PRIORITY))
        try:
            printer.open_drawer()
        except NotPrinted as error:
            raise Refused(f"The drawer did not open: {error}.", hint=error.hint) from error

    def to_phone(self, session: Session, op_id: str) -> str:
        """Return a token that shows this receipt on one phone, once, within ten minutes."""
        permit(session, Action.SELL, self._rooms.clock.now_ms())
        receipt = self.receipt(op_id)
        self._rooms.sequencer.submit(lambda tx: _record(tx, session, receipt, how="phone", number=0))
        return self._wait("q", op_id)

    def word_for(self, op_id: str) -> str:
        """Return a token by which the phone that shows a receipt can say how it was, for ten minutes."""
        return self._wait("w", op_id)

    def by_word(self, token: str) -> Receipt:
        """Return the receipt of which a phone speaks."""
        with self._lock:
            waiting = self._phones.get(_kept_as(token)) if token.startswith("w") else None
        return self._waited(waiting)

    def _wait(self, sort: str, op_id: str) -> str:
        token = f"{sort}{secrets.token_urlsafe(18)}"
        with self._lock:
            until_ms = self._rooms.clock.monotonic_ms() + PHONE_MS_MAX
            self._phones[_kept_as(token)] = _Waiting(op_id, until_ms)
            while len(self._phones) > PHONES_MAX:
                self._phones.popitem(last=False)
        return token

    def by_phone(self, token: str) -> Receipt:
        """Return the receipt behind a token, which is good no more from now on."""
        with self._lock:
            waiting = self._phones.pop(_kept_as(token), None) if token.startswith("q") else None
        return self._waited(waiting)

    def _waited(self, waiting: _Waiting | None) -> Receipt:
        if waiting is None or self._rooms.clock.monotonic_ms() >= waiting.until_ms:
            raise Unknown("This code was used already, or is too old.", hint="Ask at the till for a new one.")
        return self.receipt(waiting.op_id)


def _since(tx: Transaction, receipt: Receipt) -> Receipt:
    """Add what the device knows beside the record: what was taken back since, why a drawer differed."""
    if receipt.kind is ReceiptKind.SHIFT:
        last = last_closed(tx, receipt.point)
        return (
            receipt if last is None or last.shift != receipt.op_id else replace(receipt, reason=last.reason)
        )
    known = rung.rung_by(tx, receipt.op_id) if receipt.kind is ReceiptKind.SALE else None
    if known is None or known.sale is None:
        return receipt
    return replace(receipt, back_minor=sum(line.gross_minor for line in known.sale.voided))


def _kept_as(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=16, person=b"polso receipt").digest()


def _count(tx: Transaction, op_id: str) -> int:
    body = tx.get(RECEIPT, op_id)
    return 0 if body is None else msgspec.msgpack.decode(body, type=int)


def _record(tx: Transaction, session: Session, receipt: Receipt, *, how: str, number: int) -> int:
    body = Acted(
        staff=session.staff, point=receipt.point, target=receipt.op_id, reason=how, amount=number or None
    )
    return tx.append(Kind.RECEIPT_MADE, body, lane=Lane.PRIORITY)
