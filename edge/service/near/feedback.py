"""Feedback: one word about a purchase or a visit, asked once, kept, and told without a name if wanted."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.basket import Line
from edge.core.calendar import day_of
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven, faults
from edge.core.payment import Authorisation, Payment, Sale
from edge.errors import Refused, Unknown
from edge.nearviews import FeedbackTaken
from edge.service.facts import zone_of
from edge.service.payments import rung
from edge.service.payments.settling import bands_of
from edge.service.rooms import Rooms
from edge.service.standing import Guest, HoldAgain, stands_in
from edge.store.transaction import Transaction

GIVEN = "feedback"
"""About what somebody has been asked, blinded: the key says nothing of whom."""
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
        given = self._rooms.sequencer.submit(lambda tx: tx.get(GIVEN, self._key(bought.op_id)))
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
            articles=_articles(bought.lines) if bought is not None else (),
        )
        band = guest.profile.band.id if named else None
        return self._rooms.sequencer.submit(lambda tx: _keep(tx, self._key(about), told, band=band))

    def is_asked(self, op_id: str) -> bool:
        """Say whether a sale of this device may still be asked about."""

        def act(tx: Transaction) -> bool:
            sale = _lately_sold(tx, op_id)
            return sale is not None and tx.get(GIVEN, self._key(op_id)) is None

        return self._rooms.sequencer.submit(act)

    def give_about(
        self, op_id: str, point: str, *, score: int, because: str = "", named: bool = False
    ) -> FeedbackTaken:
        """Take an answer about one sale, from the display of its till or the code of its receipt.

        Whoever paid by band can be named; of cash nobody is known. The first answer counts, wherever given.
        """
        wrong = faults(score, because)
        if wrong:
            raise Refused(wrong)

        def act(tx: Transaction) -> FeedbackTaken:
            sale = _lately_sold(tx, op_id)
            if sale is None or sale.basket.point != point:
                raise Unknown("There is no such purchase to speak of.", hint="Tell our staff instead.")
            band = next(iter(bands_of(sale.legs)), None) if named else None
            profile = self._rooms.profiles.get(band) if band is not None else None
            guest = profile.guest if profile is not None else None
            told = FeedbackGiven(
                score=score,
                point=point,
                about=op_id if guest else "",
                because=because,
                guest=guest or "",
                articles=_articles(sale.basket.lines),
            )
            return _keep(tx, self._key(op_id), told, band=band if guest else None)

        return self._rooms.sequencer.submit(act)

    def _key(self, about: str) -> str:
        """Return under which name it is kept that somebody was asked.

        Blinded by the site's key: who guesses guest and day learns nothing of them from a copied disk.
        """
        return f"{self._rooms.vault.blind(b'feedback ' + about.encode()):016x}"

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


def _keep(tx: Transaction, mark: str, told: FeedbackGiven, *, band: bytes | None) -> FeedbackTaken:
    if tx.get(GIVEN, mark) is not None:
        return FeedbackTaken(first=False)
    tx.append(Kind.FEEDBACK_GIVEN, told, band=band)
    tx.put(GIVEN, mark, str(tx.now.now_ms).encode())
    return FeedbackTaken(first=True)


def _lately_sold(tx: Transaction, op_id: str) -> Sale | None:
    known = rung.rung_by(tx, op_id)
    if known is None or known.sale is None or known.last is None:
        return None
    late = tx.now.now_ms - known.last.at_ms > FRESH_MS
    return None if late or known.sale.state is not Authorisation.CAPTURED else known.sale


def _articles(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.item for line in lines))
