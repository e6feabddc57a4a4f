"""Feedback: one word about a purchase or a visit, asked once, kept, and told without a name if wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.basket import Line
from edge.core.calendar import day_of
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven, Word, faults
from edge.core.payment import Authorisation, Payment, Sale
from edge.errors import Refused, Unknown
from edge.nearviews import FeedbackTaken
from edge.service.facts import zone_of
from edge.service.near.spoken import lots_of, spoken_freely
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
    """Takes answers of one face, at most one reason and, by phone, a few words."""

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

    def give(self, tap_id: str, point: str, word: Word, *, call: str = "") -> FeedbackTaken:
        """Take an answer about the last purchase, or about the visit; the first one counts.

        ``call`` names the call for help that goes with it.
        """
        wrong, named = faults(word), word.named
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
        articles = _articles(bought.lines) if bought is not None else ()
        told = FeedbackGiven(
            score=word.score,
            point=point,
            about=bought.op_id if bought is not None and named else VISIT if bought is None else "",
            because=word.because,
            call=call,
            guest=guest.id if named else "",
            articles=articles,
            lots=lots_of(self._rooms, articles, bought.point, sold_ms=bought.at_ms) if bought else (),
        )
        band = guest.profile.band.id if named else None
        return self._rooms.sequencer.submit(lambda tx: _keep(tx, self._key(about), told, band=band))

    def is_asked(self, op_id: str) -> bool:
        """Say whether a sale of this device may still be asked about."""

        def act(tx: Transaction) -> bool:
            sale = _lately_sold(tx, op_id)
            return sale is not None and tx.get(GIVEN, self._key(op_id)) is None

        return self._rooms.sequencer.submit(act)

    def give_about(self, op_id: str, point: str, word: Word, *, call: str = "") -> FeedbackTaken:
        """Take an answer about one sale, from the display of its till or the code of its receipt.

        Whoever paid by band can be named; of cash nobody is known. The first answer counts, wherever given.
        ``call`` names the call for help that goes with it.
        """
        wrong = faults(word)
        if wrong:
            raise Refused(wrong)

        def act(tx: Transaction) -> FeedbackTaken:
            sold = _lately_sold(tx, op_id)
            if sold is None or sold.sale.basket.point != point:
                raise Unknown("There is no such purchase to speak of.", hint="Tell our staff instead.")
            band = next(iter(bands_of(sold.sale.legs)), None)
            profile = self._rooms.profiles.get(band) if band is not None else None
            known = profile if word.named and profile is not None and profile.guest else None
            articles = _articles(sold.sale.basket.lines)
            told = FeedbackGiven(
                score=word.score,
                point=point,
                about=op_id if known is not None else "",
                because=word.because,
                call=call,
                guest=known.guest or "" if known is not None else "",
                articles=articles,
                lots=lots_of(self._rooms, articles, point, sold_ms=sold.at_ms),
            )
            band = band if known is not None else None
            told = spoken_freely(self._rooms, told, word.text, payer=profile, band=band)
            return _keep(tx, self._key(op_id), told, band=band)

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


class _Sold(NamedTuple):
    """A sale that can be spoken of, and when it was paid."""

    sale: Sale
    at_ms: int


def _lately_sold(tx: Transaction, op_id: str) -> _Sold | None:
    known = rung.rung_by(tx, op_id)
    if known is None or known.sale is None or known.last is None:
        return None
    late = tx.now.now_ms - known.last.at_ms > FRESH_MS
    done = known.sale.state is Authorisation.CAPTURED
    return _Sold(known.sale, known.last.at_ms) if done and not late else None


def _articles(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.item for line in lines))
