"""Sending: an offer that was taken up here is made over to another device's till, and is gone from here."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.carried import CODE_CHARS_MAX, MadeOver, issue
from edge.core.events import Kind
from edge.core.offers import Counted
from edge.core.offers.said import Told
from edge.core.payment.promised import Promise
from edge.core.siblings import TillThere, tills_there
from edge.errors import Refused, Unknown
from edge.offerviews import TakenView, TillElsewhere
from edge.service.facts import day_at
from edge.service.madeover import SENT, SentBefore, sent_by
from edge.service.offerbook import Mark, book_of, kept_by, marked, put_book
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction


def goes_along(promise: Promise) -> bool:
    """Say whether a promise can be used by its code alone: of points only a band says whose they are."""
    return not promise.offer.points_earned and not promise.offer.points_spent


class Sending:
    """Hands promises on; without any wire between the two devices."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def tills(self) -> tuple[TillElsewhere, ...]:
        """Return where a promise can be made over to; nowhere where this device signs nothing."""
        return tuple(
            TillElsewhere(device=one.device, point=one.point.id, names=one.point.names)
            for one in (self._there() if self._rooms.coupon_key else ())
        )

    def make_over(self, exposure: str, point: str, *, device: str) -> TakenView:
        """Hand a promise to another device: it leaves this one's book in the transaction that signs it.

        From then on no till here knows of it, so that only one place is left that can redeem it. What was set
        aside for it here is free again; the other till pays out of its own part of the budget.
        """
        if device not in {one.device for one in self._there()}:
            raise Unknown("There is no such till.", hint="Choose one of those on the screen.")

        def act(tx: Transaction) -> MadeOver:
            known = sent_by(tx, exposure)
            if known is not None and known.to != device:
                raise SentBefore
            return known or self._sent(tx, exposure, point=point, device=device)

        return self.view(self._rooms.sequencer.submit(act))

    def view(self, made: MadeOver) -> TakenView:
        """Return it as its guest sees it; asked again it is the same code."""
        promise = made.promise
        return TakenView(
            exposure=promise.exposure,
            offer=promise.offer.id,
            label=promise.label,
            until=promise.until,
            code=issue(self._rooms.coupon_key, made),
            elsewhere=tuple(one for one in self.tills() if one.device == made.to),
            to=made.to,
        )

    def _there(self) -> tuple[TillThere, ...]:
        known = self._rooms.profiles
        return tills_there(known.layout(), known.goods.siblings(), own=self._rooms.device)

    def _sent(self, tx: Transaction, exposure: str, *, point: str, device: str) -> MadeOver:
        kept = kept_by(tx, exposure)
        book = book_of(tx, kept.book) if kept is not None else None
        found = [one for one in book.promises if one.exposure == exposure] if book is not None else []
        if found and not goes_along(found[0]):
            raise Refused("This offer goes with the band alone.", hint="Use it at a till here.")
        if kept is None or book is None or not found:
            raise Unknown("There is no such offer here.", hint="Take it up first.")
        made = MadeOver(found[0], self._rooms.device, device)
        if len(issue(self._rooms.coupon_key, made)) > CODE_CHARS_MAX:
            raise Refused("This offer names too many things for a code.", hint="Use it at a till here.")
        rest = tuple(one for one in book.promises if one is not found[0])
        mark = Mark(found[0].offer.id, Counted.REDEEMED, self._day(tx.now.now_ms), book.visit)
        put_book(tx, kept.book, marked(replace(book, promises=rest), mark))
        tx.put(SENT, exposure, msgspec.msgpack.encode(made))
        tx.append(Kind.OFFER_MADE_OVER, _told(found[0], kept.guest, point=point, to=device))
        return made

    def _day(self, at_ms: int) -> int:
        return day_at(self._rooms.profiles.layout(), at_ms)


def _told(promise: Promise, guest: str | None, *, point: str, to: str) -> Told:
    return Told(
        exposure=promise.exposure,
        offer=promise.offer.id,
        campaign=promise.offer.campaign,
        bundle=promise.bundle,
        guest=guest,
        point=point,
        to=to,
    )
