"""Feedback: one word about a purchase or a visit, asked once, kept, and told without a name if wanted."""

from __future__ import annotations

import hashlib

import msgspec

from edge.core.calendar import day_of
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven, faults
from edge.core.payment import Payment
from edge.errors import Refused
from edge.nearviews import FeedbackTaken
from edge.service.facts import zone_of
from edge.service.rooms import Rooms
from edge.service.standing import Guest, HoldAgain, stands_in
from edge.store.transaction import Transaction

GIVEN = "feedback"
"""About what somebody has been asked; the key says nothing of whom."""
VISIT = "visit"
LOOK_BACK = 500
"""So many events of money are looked through for a guest's last purchase."""
FRESH_MS = 12 * 3_600_000
_PAYMENT = msgspec.msgpack.Decoder(Payment).decode


class Feedback:
    """Takes answers of one face and at most one reason."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def asked(self, guest: Guest) -> str:
        """Return the purchase about which this guest may be asked now, if any."""
        bought = self._last(guest.profile.band.id)
        if bought is None:
            return ""
        given = self._rooms.sequencer.submit(lambda tx: tx.get(GIVEN, _key(bought.op_id)))
        return bought.op_id if given is None else ""

    def give(
        self, tap_id: str, point: str, *, score: int, because: str = "", named: bool = False
    ) -> FeedbackTaken:
        """Take an answer about the last purchase, or about the visit; the first one counts."""
        wrong = faults(score, because)
        if wrong:
            raise Refused(wrong)

        def act(tx: Transaction) -> tuple[Guest, int]:
            guest = stands_in(tx, self._rooms, tap_id, point=point)
            if guest is None:
                raise HoldAgain
            return guest, tx.now.now_ms

        guest, now_ms = self._rooms.sequencer.submit(act)
        bought = self._last(guest.profile.band.id)
        about = bought.op_id if bought is not None else self._visit(guest, now_ms)
        told = FeedbackGiven(
            score=score,
            point=point,
            about=bought.op_id if bought is not None and named else VISIT if bought is None else "",
            because=because,
            guest=guest.id if named else "",
            articles=tuple(dict.fromkeys(line.item for line in bought.lines)) if bought is not None else (),
        )

        def keep(tx: Transaction) -> FeedbackTaken:
            if tx.get(GIVEN, _key(about)) is not None:
                return FeedbackTaken(first=False)
            band = guest.profile.band.id if named else None
            tx.append(Kind.FEEDBACK_GIVEN, told, band=band)
            tx.put(GIVEN, _key(about), str(now_ms).encode())
            return FeedbackTaken(first=True)

        return self._rooms.sequencer.submit(keep)

    def _visit(self, guest: Guest, now_ms: int) -> str:
        layout = self._rooms.profiles.layout()
        zone = zone_of(layout.timezone if layout is not None else "UTC")
        day = day_of(zone, layout.day_starts_min if layout is not None else 0, now_ms)
        return f"{VISIT}/{guest.id}/{day}"

    def _last(self, band: bytes) -> Payment | None:
        """Return what this band bought last at this device, if it was lately."""
        journal, since_ms = self._rooms.journal, self._rooms.clock.now_ms() - FRESH_MS
        head = journal.head(1).seq
        for event in reversed(journal.range(1, max(0, head - LOOK_BACK))):
            if event.kind == Kind.PAID and event.band == band and event.hlc >> 16 >= since_ms:
                bought = _PAYMENT(event.body)
                if bought.state is not None:
                    return bought
        return None


def _key(about: str) -> str:
    """Return under which name it is kept that somebody was asked: nobody reads a guest out of it."""
    return hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
