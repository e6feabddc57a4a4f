"""Voiding: the only device that knows of a coupon takes it out of use, so that another one can be made."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.events import Kind, Lane
from edge.core.offers import Counted
from edge.core.offers.anew import Became, CouponAnswer, CouponAsk, answered
from edge.core.payment.promised import Promise
from edge.service.facts import day_at
from edge.service.madeover import sent_by
from edge.service.offerbook import Mark, book_of, kept_by, marked, put_book
from edge.service.paperbook import paper_of, put_paper
from edge.service.payments.redeeming import used_by
from edge.service.rooms import Rooms
from edge.service.voided import Voided, put_voided, voided_by
from edge.store.transaction import Transaction

ANSWERED = "coupon_answered"
"""Kind of the asks that were answered, by their id: when. Told again they change nothing."""
KEPT_DAYS = 90
"""So long: an item of the feed is gone by then."""


class Voiding:
    """Answers care's asks, each in one transaction with what it changes."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def answer(self, ask: CouponAsk) -> None:
        """Void a coupon if nobody used it, and say in the journal what became of it; durable at return.

        Whoever scans it at the same moment has a turn before this or after it, and never both.
        """
        self._rooms.sequencer.submit(lambda tx: self._answered(tx, ask))

    def _answered(self, tx: Transaction, ask: CouponAsk) -> None:
        if tx.get(ANSWERED, ask.id) is not None:
            return
        tx.put(ANSWERED, ask.id, msgspec.msgpack.encode(tx.now.now_ms))
        tx.append(Kind.COUPON_ANSWERED, self._ruled(tx, ask), lane=Lane.PRIORITY)

    def _ruled(self, tx: Transaction, ask: CouponAsk) -> CouponAnswer:
        before = voided_by(tx, ask.exposure)
        if before is not None:
            return _voided(ask, before)
        use, sent = used_by(tx, ask.exposure), sent_by(tx, ask.exposure)
        if use is not None:
            told = answered(ask, Became.USED)
            return replace(told, point=use.point, at_ms=use.at_ms, op_id=use.op_id)
        if sent is not None:
            told = replace(answered(ask, Became.SENT), to=sent.to, until=sent.promise.until)
            return replace(told, offer=sent.promise.offer.id, bundle=sent.promise.bundle)
        paper = paper_of(tx, ask.exposure)
        if paper is not None and paper.used:  # when is gone with the guest
            return answered(ask, Became.USED)
        promise = next((one for one in self._open(tx, ask.exposure) if one.holds_on(self._today(tx))), None)
        if promise is None and (not ask.handed or "" < ask.until < self._today(tx)):
            return answered(ask, Became.OVER)
        gone = Voided(ask.offer, ask.bundle, ask.until)
        if promise is not None:
            gone = Voided(promise.offer.id, promise.bundle, promise.until)
            self._take_out(tx, promise)
        put_voided(tx, ask.exposure, gone)
        return _voided(ask, gone)

    def _open(self, tx: Transaction, exposure: str) -> Iterator[Promise]:
        """Yield the promise of a coupon that can still be used here."""
        paper = paper_of(tx, exposure)
        if paper is not None:
            yield from [paper.promise] if paper.open else []
            return
        kept = kept_by(tx, exposure)
        if kept is not None:
            yield from (one for one in book_of(tx, kept.book).promises if one.exposure == exposure)

    def _take_out(self, tx: Transaction, promise: Promise) -> None:
        """Leave no till a promise to redeem; it counts as redeemed, so that it is not offered again."""
        paper, kept = paper_of(tx, promise.exposure), kept_by(tx, promise.exposure)
        if paper is not None:
            put_paper(tx, replace(paper, voided=True))
        if kept is not None:
            book = book_of(tx, kept.book)
            rest = tuple(one for one in book.promises if one.exposure != promise.exposure)
            mark = Mark(promise.offer.id, Counted.REDEEMED, self._day(tx), book.visit)
            put_book(tx, kept.book, marked(replace(book, promises=rest), mark))

    def _day(self, tx: Transaction) -> int:
        return day_at(self._rooms.profiles.layout(), tx.now.now_ms)

    def _today(self, tx: Transaction) -> str:
        return date_text(self._day(tx))


def _voided(ask: CouponAsk, gone: Voided) -> CouponAnswer:
    told = answered(ask, Became.VOIDED)
    return replace(told, offer=gone.offer, bundle=gone.bundle, until=gone.until)
