"""Papers: the coupon that a purchase brings, chosen once, the same on its receipt and on each copy."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.offers import Counted, Level, Offer, exposure_of
from edge.core.payment.back import OVER
from edge.core.payment.promised import promise_of
from edge.core.places import Layout
from edge.offerviews import OfferTile
from edge.payviews import BasketState
from edge.service import coupons
from edge.service.facts import day_at
from edge.service.offerbook import Kept, book_of, kept_by, put_kept
from edge.service.offering import slots
from edge.service.offering.asking import Question, visit_of
from edge.service.offering.desk import Offers
from edge.service.offering.tiles import tiles_of
from edge.service.paperbook import Paper, has_none, open_of, paper_by, put_none, put_paper
from edge.service.payments.rung import Rung, rung_by, stands
from edge.service.payments.settling import bands_of
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

FRESH_MS = 600_000
"""So long after its payment a purchase may get its coupon; later only while it still stands at its till."""
GOOD_DAYS_MAX = 30


class PaperView(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase's coupon for whoever prints it: its words, and the code while it can be used."""

    tile: OfferTile
    bundle: int
    code: str
    """What its QR code says; empty: it was used, or the purchase was taken back."""
    used: bool
    withdrawn: bool


class Papers:
    """Chooses at the till for whoever paid, by the engine of every other place."""

    def __init__(self, rooms: Rooms, offers: Offers) -> None:
        """Act through these rooms; ``offers`` choose and count."""
        self._rooms, self._offers = rooms, offers

    def of_sale(self, op_id: str, *, fresh: bool = True) -> PaperView | None:
        """Return the coupon of a purchase; None: it has none. Asked again it is the same one.

        Its price is promised and its budget set aside from now on. ``fresh`` False: none is chosen any more,
        as for a receipt that was on paper before. Nor is one for a sale of long ago, so that nobody collects
        coupons of receipts that were not wanted, nor for one that was taken back.
        """
        if not self._rooms.coupon_key:
            return None

        known, sold = self._rooms.sequencer.submit(lambda tx: self._before(tx, op_id))
        if known is not None:
            return self._view(known)
        # Who stands there is asked outside the transaction: their consents are read in one of their own.
        asked = self._asked(sold) if fresh and sold is not None else None
        if asked is None:
            return None

        def act(tx: Transaction) -> Paper | None:
            before, now = paper_by(tx, op_id), self._fresh(tx, op_id)
            if before is None and has_none(tx, op_id):
                return None
            return before or (self._given(tx, asked, now) if now is not None else None)

        paper = self._rooms.sequencer.submit(act)
        return None if paper is None else self._view(paper)

    def printed(self, op_id: str) -> None:
        """Take a printer's or a phone's word that a coupon's code was seen: only now was it shown."""

        def act(tx: Transaction) -> None:
            paper = paper_by(tx, op_id)
            if paper is None or paper.printed or not paper.open:
                return
            put_paper(tx, replace(paper, printed=True))
            kept = kept_by(tx, paper.promise.exposure)
            if kept is not None:
                self._offers.note_shown(tx, kept, paper.promise.exposure, offer=paper.promise.offer)

        self._rooms.sequencer.submit(act)

    def _given(self, tx: Transaction, asked: Question, sold: Rung) -> Paper | None:
        # Of what no paper can show nobody is told that it was offered; of the rest one is, that is printed.
        guest = asked.profile.guest if asked.profile is not None else None
        coupons_ = (one.id for one in asked.live.bundle.offers if _is_coupon(one))
        among = tuple(name for name in coupons_ if not self._has(tx, guest, name))
        kept = self._offers.chosen(tx, asked, visit_of(tx, asked), among=among) if among else None
        if kept is None or not kept.choice.tiles:
            put_none(tx, sold.basket.op_id)
            return None
        (tile,) = kept.choice.tiles
        offer = asked.live.bundle.offers_by_id[tile.offer]
        return self._promised(tx, kept, (exposure_of(kept.choice, tile), offer), sold=sold)

    def _promised(self, tx: Transaction, kept: Kept, named: tuple[str, Offer], *, sold: Rung) -> Paper:
        exposure, offer = named
        layout, goods = self._rooms.profiles.layout(), self._rooms.profiles.catalogue()
        currency = layout.currency if layout is not None else sold.basket.currency
        (tile,) = tiles_of([(exposure, offer)], goods, currency=currency, taken=())
        label = self._offers.label(offer)
        promise = promise_of(offer, exposure=exposure, bundle=kept.choice.bundle, label=label)
        until = _until(layout, promise.until, tx.now.now_ms)
        paper = Paper(
            op_id=sold.basket.op_id,
            point=sold.basket.point,
            promise=replace(promise, coupon=True, until=until),
            tile=replace(tile, until=until),
            made_ms=tx.now.now_ms,
        )
        put_paper(tx, paper)
        put_kept(tx, replace(kept, taken=(*kept.taken, exposure)))
        slots.use(tx, kept.guest, (offer,), counted=Counted.REDEEMED, day=day_at(layout, tx.now.now_ms))
        self._offers.note_taken(tx, kept, exposure, offer=offer, op_id=paper.op_id)
        return paper

    def _before(self, tx: Transaction, op_id: str) -> tuple[Paper | None, Rung | None]:
        """Return what came with a purchase, and the purchase where something still may."""
        known = paper_by(tx, op_id)
        return known, None if known is not None or has_none(tx, op_id) else self._fresh(tx, op_id)

    def _fresh(self, tx: Transaction, op_id: str) -> Rung | None:
        """Return a purchase that was paid just now, or is still before its cashier, and is not taken back."""
        sold = rung_by(tx, op_id)
        if sold is None or sold.sale is None or sold.stage is not BasketState.APPROVED:
            return None
        if sold.sale.state in OVER:  # a refund leaves its basket's stage as it was
            return None
        age_ms = self._rooms.clock.monotonic_ms() - sold.sale.at_ms
        return sold if 0 <= age_ms <= FRESH_MS or stands(tx, sold) else None

    def _asked(self, sold: Rung) -> Question | None:
        if sold.sale is None:
            return None
        band, basket = next(iter(bands_of(sold.sale.legs)), None), sold.basket
        asked = self._offers.question(band, basket.point, lines=basket.lines, watched=True)
        return asked if asked is not None and any(map(_is_coupon, asked.live.bundle.offers)) else None

    def _has(self, tx: Transaction, guest: str | None, offer: str) -> bool:
        """Whether this guest holds that offer already: one at a time; of a stranger nobody knows."""
        if guest is None:
            return False
        if any(one.offer.id == offer for one in book_of(tx, guest).promises):
            return True
        return any(self._is_of(tx, exposure, guest) for exposure in open_of(tx, offer))

    def _is_of(self, tx: Transaction, exposure: str, guest: str) -> bool:
        before = kept_by(tx, exposure)
        return before is not None and before.guest == guest

    def _view(self, paper: Paper) -> PaperView:
        rooms = self._rooms
        return PaperView(
            tile=paper.tile,
            bundle=paper.promise.bundle,
            code=coupons.issue(rooms.coupon_key, rooms.device, paper.promise) if paper.open else "",
            used=paper.used,
            withdrawn=paper.withdrawn,
        )


def _until(layout: Layout | None, last: str, now_ms: int) -> str:
    """Return the last local date of a coupon, which always has one: a lost slip holds no budget for ever."""
    latest = date_text(day_at(layout, now_ms) + GOOD_DAYS_MAX)
    return min(last or latest, latest)


def _is_coupon(offer: Offer) -> bool:
    return offer.effect is not None and offer.effect.level is Level.COUPON
