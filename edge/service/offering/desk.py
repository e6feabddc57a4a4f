"""The offers' desk: chosen once per visit, shown when painted, taken up, declined, explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from edge.carried import MadeOver
from edge.core.basket import Line
from edge.core.calendar import date_text
from edge.core.checks.clock import doubt_ms
from edge.core.consent import Channel
from edge.core.events import Kind
from edge.core.offers import Counted, Offer, exposure_of
from edge.core.offers.asked import asked_of, fitted
from edge.core.offers.choose import choose
from edge.core.offers.dealing import is_dealt
from edge.core.offers.occasion import Standing
from edge.core.offers.said import Told
from edge.core.payment.promised import Promise, promise_of
from edge.errors import Refused, Unknown
from edge.offerviews import ExplainedView, OffersView, TakenView
from edge.service import coupons
from edge.service.bundles import Bundles, Live
from edge.service.consents import Consents
from edge.service.facts import day_at
from edge.service.madeover import sent_by
from edge.service.offerbook import (
    EXPOSURE,
    NOBODY,
    Book,
    Kept,
    Mark,
    all_kept,
    book_of,
    kept_by,
    marked,
    put_book,
    put_kept,
    with_promise,
)
from edge.service.offering import slots
from edge.service.offering.asking import CHANNELS, Asking, Question, standing_of, visit_of
from edge.service.offering.sending import Sending, goes_along
from edge.service.offering.tiles import name_of, tiles_of
from edge.service.offering.voiding import Voiding
from edge.service.paperbook import lapse
from edge.service.payments.redeeming import used_by
from edge.service.rooms import Rooms
from edge.service.voided import forget_voided, voided_by
from edge.store.transaction import Transaction

KEEP_MS = 7 * 86_400_000
"""So long a choice is explained at its device; the journal and central keep it longer."""
EXPLAINED_MAX = 200


class Offers:
    """What screens and staff can ask of offers; any thread may ask, each act is one transaction."""

    def __init__(self, rooms: Rooms, consents: Consents, bundles: Bundles) -> None:
        """Act through these rooms."""
        self._rooms, self._consents, self.bundles = rooms, consents, bundles
        self._asking = Asking(rooms, consents)
        self.sending, self.voiding = Sending(rooms), Voiding(rooms)
        self._pruned_ms = 0

    # For screens

    def offers_for(
        self, band: bytes | None, point: str, *, lines: Sequence[Line] = (), watched: bool = True
    ) -> OffersView:
        """Return what a guest, or whoever stands there, is offered at a point: once per visit of its zone.

        When clock, weather or crowd let others be made, it is chosen anew, within the same session.
        A guest who did not allow offers gets what an unknown visitor gets. ``watched``: others see it.
        """
        asked = self.question(band, point, lines=lines, watched=watched)
        if asked is None:
            return OffersView(point=point)

        turn = self._asking.turn(asked)

        def act(tx: Transaction) -> tuple[Kept, Book, set[str]]:
            visit, name = visit_of(tx, asked), _book_name(asked)
            book = book_of(tx, name)
            same = (book.visit, book.turn) == (visit, turn)
            known = kept_by(tx, book.exposure) if same and book.exposure else None
            if known is not None and not asked.lines:
                return known, book, _over(tx, known)
            kept = self.chosen(tx, asked, visit)
            after = replace(book, visit=visit, turn=turn, exposure=kept.choice.exposure)
            put_book(tx, name, after)
            return kept, after, set()

        kept, book, over = self._rooms.sequencer.submit(act)
        return self._view(asked, kept, book, over=over)

    def shown(self, exposure: str) -> bool:
        """Take a screen's word that it has painted a tile; say whether that was news."""

        def act(tx: Transaction) -> bool:
            kept, offer = self._tile(tx, exposure)
            return exposure not in kept.shown and self.note_shown(tx, kept, exposure, offer=offer)

        return self._rooms.sequencer.submit(act)

    def accept(self, exposure: str, point: str, *, staff: str = "") -> TakenView:
        """Take up an offer that was shown: its price is kept for the guest as it was said.

        Its budget is set aside here with it; where too little is left, the offer is over.
        ``staff``: who does it in the guest's place.
        """

        def act(tx: Transaction) -> Promise | MadeOver:
            kept, offer = self._tile(tx, exposure)
            book, sent = book_of(tx, kept.book), sent_by(tx, exposure)
            if sent is not None:
                return sent
            known = next((one for one in book.promises if one.exposure == exposure), None)
            if known is not None:
                return known
            if exposure not in kept.shown or exposure in kept.taken or kept.guest is None:
                raise Refused("This offer is not to be taken up.", hint="Hold the band to the reader first.")
            budget, label = offer.budget, self.label(offer)
            if budget is not None and self._asking.slices(tx).get(budget.id, 0) < budget.each:
                raise Refused("This offer is over.", hint="Look at the others.")
            at = slots.At(self._rooms.device, self._today(tx), self._rooms.current())
            if not slots.is_left(tx, kept.guest, offer, at=at):
                raise Refused(
                    "This offer was taken up as often as it may be here.", hint="Look at the others."
                )
            promise = promise_of(offer, exposure=exposure, bundle=kept.choice.bundle, label=label)
            after = with_promise(book, promise)
            if after is None:
                raise Refused("There is no room for more offers.", hint="Use one of them first.")
            told = _told(kept, offer, exposure=exposure, point=point)
            tx.append(Kind.OFFER_TAKEN, replace(told, staff=staff))
            slots.use(tx, kept.guest, (offer,), counted=Counted.REDEEMED, day=at.day)
            put_book(tx, kept.book, after)
            put_kept(tx, replace(kept, taken=(*kept.taken, exposure)))
            return promise

        taken = self._rooms.sequencer.submit(act)
        return self.sending.view(taken) if isinstance(taken, MadeOver) else self._taken(taken)

    def decline(self, exposure: str, point: str, *, staff: str = "") -> None:
        """Take that a guest does not want this one: it stays away for the rest of the visit."""

        def act(tx: Transaction) -> None:
            kept, offer = self._tile(tx, exposure)
            if exposure in kept.declined:
                return
            told = _told(kept, offer, exposure=exposure, point=point)
            tx.append(Kind.OFFER_DECLINED, replace(told, staff=staff))
            put_kept(tx, replace(kept, declined=(*kept.declined, exposure)))
            book = book_of(tx, kept.book)
            rest = tuple(one for one in book.promises if one.exposure != exposure)
            put_book(tx, kept.book, replace(book, promises=rest))

        self._rooms.sequencer.submit(act)

    def quiet(self, band: bytes, point: str, *, quiet: bool = True) -> None:
        """Take one tap's wish: no offers for the rest of the day, or offers again."""
        profile = self._rooms.profiles.get(band)
        if profile is None:
            raise Unknown("Nobody wears this band.")
        self._consents.set_quiet(profile, quiet=quiet, point=point)

    # For staff

    def guest_of(self, exposure: str) -> str | None:
        """Return for whom a tile was chosen; None: for anybody, or there is no such tile."""
        kept = self._rooms.sequencer.submit(lambda tx: kept_by(tx, exposure))
        return kept.guest if kept is not None else None

    def explained(self, point: str | None = None, limit: int = 20) -> tuple[ExplainedView, ...]:
        """Return the last choices at a point or at all, newest first, each with why and why not."""
        live = self.bundles.live()
        found = self._rooms.sequencer.submit(all_kept)
        mine = [one for one in found if point is None or one.point == point]
        return tuple(self._explained(one, live) for one in mine[: min(limit, EXPLAINED_MAX)])

    def look(self) -> None:
        """Forget choices that are old; for the watch."""
        now_ms = self._rooms.clock.now_ms()
        if now_ms - self._pruned_ms < KEEP_MS // 168:
            return
        self._pruned_ms = now_ms

        def act(tx: Transaction) -> None:
            for one in all_kept(tx):
                if one.at_ms < now_ms - KEEP_MS:
                    tx.delete(EXPOSURE, one.choice.exposure)
            moment = self._rooms.clock.moment()
            # The first day that it may be: a clock that jumped ahead ends nobody's coupon.
            today = date_text(day_at(self._rooms.profiles.layout(), moment.now_ms - doubt_ms(moment)))
            lapse(tx, today)
            if self._rooms.clock.sure():  # else a code from elsewhere might be good again
                forget_voided(tx, today)

        self._rooms.sequencer.submit(act)

    # For the coupon of a purchase

    def question(
        self, band: bytes | None, point: str, *, lines: Iterable[Line], watched: bool
    ) -> Question | None:
        """Return who stands before what; None: there is nothing to offer at such a point."""
        live, layout = self.bundles.live(), self._rooms.profiles.layout()
        where = layout.points_by_id.get(point) if layout is not None else None
        if live is None or layout is None or where is None:
            return None
        profile = self._rooms.profiles.get(band) if band is not None else None
        profile = profile if profile is not None and profile.guest else None
        channel = CHANNELS.get(where.kind, Channel.KIOSK)
        standing = standing_of(self._consents, profile, channel)
        if not standing.offers:
            # The same as anybody; but a child stays a child, and who asked for quiet has it.
            profile = None
            standing = Standing(child=standing.child, quiet=standing.quiet)
        return Question(live, layout, where, profile, standing, tuple(lines), watched)

    def chosen(self, tx: Transaction, asked: Question, visit: str, *, among: tuple[str, ...] = ()) -> Kept:
        """Choose for whoever was asked for, one of ``among`` if told so, and keep and journal the choice."""
        occasion = replace(self._asking.occasion(tx, asked, visit=visit), among=among)
        choice = choose(occasion)
        band = asked.profile.band.id if asked.profile is not None else None
        tx.append(Kind.OFFERS_EXPOSED, fitted(asked_of(occasion), choice), band=band)
        kept = Kept(
            choice=choice,
            book=_book_name(asked),
            guest=occasion.guest,
            point=occasion.point,
            at_ms=tx.now.now_ms,
        )
        put_kept(tx, kept)
        # Chosen is used up: who knows which screen paints it still, when the next one asks?
        chosen, day = (asked.live.bundle.offers_by_id[tile.offer] for tile in choice.tiles), self._today(tx)
        slots.use(tx, occasion.guest, chosen, counted=Counted.SHOWN, day=day)
        return kept

    def _view(self, asked: Question, kept: Kept, book: Book, *, over: set[str]) -> OffersView:
        bundle = asked.live.bundle
        taken = {one.exposure for one in book.promises}
        tiles = [
            (exposure_of(kept.choice, tile), bundle.offers_by_id[tile.offer])
            for tile in kept.choice.tiles
            if exposure_of(kept.choice, tile) not in over and tile.offer in bundle.offers_by_id
        ]
        goods = self._rooms.profiles.catalogue()
        made = tiles_of(tiles, goods, currency=asked.layout.currency, taken=taken)
        personal = kept.guest is not None
        return OffersView(
            point=kept.point,
            exposure=kept.choice.exposure,
            bundle=kept.choice.bundle,
            tiles=tuple(replace(one, personal=personal) for one in made),
            quiet=asked.standing.quiet,
        )

    def _tile(self, tx: Transaction, exposure: str) -> tuple[Kept, Offer]:
        kept, live = kept_by(tx, exposure), self.bundles.live()
        tiles = {exposure_of(kept.choice, tile): tile.offer for tile in kept.choice.tiles} if kept else {}
        name = tiles.get(exposure)
        offer = live.bundle.offers_by_id.get(name) if live is not None and name is not None else None
        if kept is None or offer is None or live is None or kept.choice.bundle != live.bundle.version:
            raise Unknown("There is no such offer here.", hint="It may be over; look at the others.")
        return kept, offer

    def note_shown(self, tx: Transaction, kept: Kept, exposure: str, *, offer: Offer) -> bool:
        """Journal and count that a tile was seen; say whether it counts: a slot is its choice's day's."""
        day = day_at(self._rooms.profiles.layout(), kept.at_ms)
        if is_dealt(offer, Counted.SHOWN) and day != self._today(tx):
            return False
        tx.append(Kind.OFFER_SHOWN, _told(kept, offer, exposure=exposure))
        put_kept(tx, replace(kept, shown=(*kept.shown, exposure)))
        for name in {kept.book, f"{NOBODY}{kept.point}"}:  # of a stranger both are one
            self._mark_shown(tx, name, offer.id)
        return True

    def note_taken(self, tx: Transaction, kept: Kept, exposure: str, *, offer: Offer, op_id: str) -> None:
        """Journal that a purchase brought a tile."""
        tx.append(Kind.OFFER_TAKEN, replace(_told(kept, offer, exposure=exposure), op_id=op_id))

    def _mark_shown(self, tx: Transaction, name: str, offer: str) -> None:
        day, book = self._today(tx), book_of(tx, name)
        put_book(tx, name, marked(book, Mark(offer, Counted.SHOWN, day, book.visit)))

    def _today(self, tx: Transaction) -> int:
        return day_at(self._rooms.profiles.layout(), tx.now.now_ms)

    def _taken(self, promise: Promise) -> TakenView:
        rooms = self._rooms
        code = coupons.issue(rooms.coupon_key, rooms.device, promise) if rooms.coupon_key else ""
        return TakenView(
            exposure=promise.exposure,
            offer=promise.offer.id,
            label=promise.label,
            until=promise.until,
            code=code,
            elsewhere=self.sending.tills() if goes_along(promise) else (),
        )

    def label(self, offer: Offer) -> str:
        """Return what receipts call an offer, in the site's first language."""
        layout = self._rooms.profiles.layout()
        return name_of(offer, layout.languages[0] if layout is not None and layout.languages else "it")

    def _explained(self, kept: Kept, live: Live | None) -> ExplainedView:
        offers = live.bundle.offers if live is not None else ()
        return ExplainedView(
            exposure=kept.choice.exposure,
            point=kept.point,
            at_ms=kept.at_ms,
            choice=kept.choice,
            shown=kept.shown,
            taken=kept.taken,
            declined=kept.declined,
            names={offer.id: self.label(offer) for offer in offers},
            personal=kept.guest is not None,
        )


def _over(tx: Transaction, kept: Kept) -> set[str]:
    """Return which tiles its screen shows no more: declined, used at a till by now, or made anew."""
    return {*kept.declined, *(one for one in kept.taken if used_by(tx, one) or voided_by(tx, one))}


def _told(kept: Kept, offer: Offer, *, exposure: str, point: str = "") -> Told:
    return Told(
        exposure=exposure,
        offer=offer.id,
        campaign=offer.campaign,
        bundle=kept.choice.bundle,
        guest=kept.guest,
        point=point or kept.point,
    )


def _book_name(asked: Question) -> str:
    guest = asked.profile.guest if asked.profile is not None else None
    return guest or f"{NOBODY}{asked.point.id}"
