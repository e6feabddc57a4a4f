"""Redeeming: promises at a till, spent and given back in one transaction with the payment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.carried import CENTRAL, MadeOver
from edge.core.basket import LINES_MAX, Line
from edge.core.calendar import day_of
from edge.core.catalogue import Article
from edge.core.events import Kind
from edge.core.offers import Counted
from edge.core.offers.said import Told
from edge.core.payment.promised import Promise, Promised, Redeemed
from edge.core.profiles import Profile
from edge.errors import Refused
from edge.service.bundles import Bundles
from edge.service.coupons import Coupon
from edge.service.facts import zone_of
from edge.service.madeover import SentBefore, sent_by
from edge.service.offerbook import Mark, book_of, kept_by, marked, put_book, unmarked
from edge.service.paperbook import mark_used, paper_of
from edge.service.payments.rung import Rung
from edge.service.rooms import Rooms
from edge.service.voided import voided_by
from edge.store.transaction import Transaction

USED = "offer_used"
"""Which basket a promise was redeemed in, by its exposure: its one use, and what gives it back."""


class Use(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One promise that was redeemed: whose, in which basket, and the promise itself to give it back."""

    op_id: str
    book: str
    promise: Promise
    at_ms: int
    point: str
    told: Redeemed
    day: int = 0
    """Local day on which it counts as redeemed."""


_USE = msgspec.msgpack.Decoder(Use).decode


class UsedBefore(Refused):
    """This coupon was used before."""


class Redeeming:
    """What tills ask of offers, inside the transaction of the payment."""

    def __init__(self, rooms: Rooms, bundles: Bundles) -> None:
        """Act through these rooms."""
        self._rooms, self._bundles = rooms, bundles

    def promised(self, tx: Transaction, profile: Profile | None) -> Promised:
        """Return what a guest took up and has not used, and how such offers go together."""
        if profile is None or not profile.guest:
            return Promised()
        return self._with_rules(book_of(tx, profile.guest).promises)

    def by_coupon(self, tx: Transaction, coupon: Coupon | MadeOver) -> Promised:
        """Return the promise that a coupon is of; used before it is refused, and told when and where."""
        used = used_by(tx, coupon.exposure)
        if used is not None:
            when = dt.datetime.fromtimestamp(used.at_ms / 1_000, self._zone()).strftime("%Y-%m-%d %H:%M")
            raise UsedBefore(
                f"This coupon was used at {used.point}, {when}.",
                hint=f"In basket {used.op_id}; it is good once.",
            )
        if voided_by(tx, coupon.exposure) is not None:
            raise Refused(
                "Another coupon was made in place of this one.", hint="Take that one: it is good once."
            )
        if isinstance(coupon, MadeOver):
            # A device's signature is not enough: a stolen kiosk would give away what central never offered.
            if coupon.home != CENTRAL and not self._bundles.said(coupon.promise):
                raise Refused("This till knows no such offer.", hint="Keep it, and ask staff.")
            return self._with_rules((coupon.promise,))
        sent = sent_by(tx, coupon.exposure)
        if sent is not None:
            raise SentBefore(f"This offer is good at {sent.to}.")
        paper = paper_of(tx, coupon.exposure)
        if paper is not None and not paper.open:  # its use may be gone with the guest, and it stays used
            hint = "It is good once." if paper.used else "The purchase that it came with was taken back."
            raise Refused("This coupon is over.", hint=hint)
        if paper is not None:
            return self._with_rules((paper.promise,))
        kept = kept_by(tx, coupon.exposure)
        promises = book_of(tx, kept.book).promises if kept is not None else ()
        found = tuple(one for one in promises if one.exposure == coupon.exposure)
        if not found:
            raise Refused("This coupon is over.", hint="Its offer was declined or has ended.")
        return self._with_rules(found)

    def with_gifts(self, before: Rung, held: Promised) -> tuple[Rung, frozenset[str]]:
        """Put what offers give away on a bill, at its price, which they take off again; say which."""
        if before.sale is not None or before.hold_ms is not None or not before.basket.lines:
            return before, frozenset()
        goods, there = self._rooms.profiles.catalogue().by_id, {line.item for line in before.basket.lines}
        layout = self._rooms.profiles.layout()
        language = layout.languages[0] if layout is not None and layout.languages else "it"
        given = {
            one.exposure: goods[one.offer.gives]
            for one in held.promises
            if one.offer.gives in goods and one.offer.gives not in there
        }
        lines = tuple(_gift(article, language) for article in given.values())
        if not lines or len(before.basket.lines) + len(lines) > LINES_MAX:
            return before, frozenset()
        basket = replace(before.basket, lines=(*before.basket.lines, *lines))
        return replace(before, basket=basket), frozenset(given)

    def spend(self, tx: Transaction, held: Promised, redeemed: Iterable[Redeemed], *, at: At) -> None:
        """Take promises out of their guests' books, journal each, and count it: each is redeemed once."""
        by_exposure = {one.exposure: one for one in held.promises}
        for told in redeemed:
            promise = by_exposure[told.exposure]
            kept = kept_by(tx, told.exposure)
            name, day = kept.book if kept is not None else at.guest, self._day(tx.now.now_ms)
            use = Use(op_id=at.op_id, book=name, promise=promise, at_ms=tx.now.now_ms, point=at.point,
                      told=told, day=day)  # fmt: skip
            tx.put(USED, told.exposure, msgspec.msgpack.encode(use))
            mark_used(tx, told.exposure, used=True)
            if name:  # what was made over to here is nobody's whom this device knows
                book = book_of(tx, name)
                rest = tuple(one for one in book.promises if one.exposure != told.exposure)
                mark = Mark(told.offer, Counted.REDEEMED, day, book.visit)
                put_book(tx, name, marked(replace(book, promises=rest), mark))
            tx.append(Kind.OFFER_REDEEMED, _told(use))

    def _with_rules(self, promises: tuple[Promise, ...]) -> Promised:
        live = self._bundles.live()
        if live is None:
            return Promised(promises=promises)
        bundle = live.bundle
        return Promised(promises=promises, categories=bundle.categories, basket_most=bundle.basket_most)

    def _day(self, at_ms: int) -> int:
        layout = self._rooms.profiles.layout()
        return day_of(self._zone(), 0 if layout is None else layout.day_starts_min, at_ms)

    def _zone(self) -> dt.tzinfo:
        layout = self._rooms.profiles.layout()
        return zone_of("UTC" if layout is None else layout.timezone)


class At(msgspec.Struct, frozen=True, kw_only=True):
    """In which basket, where, and whose band paid."""

    op_id: str
    point: str
    guest: str = ""


def give_back(tx: Transaction, op_id: str) -> None:
    """Give the promises of a basket back whose sale was taken back whole: they are as if never used."""
    for exposure, use in all_used(tx):
        if use.op_id != op_id:
            continue
        tx.delete(USED, exposure)
        on_paper = mark_used(tx, exposure, used=False)
        if use.book:
            book = unmarked(book_of(tx, use.book), use.told.offer, Counted.REDEEMED, day=use.day)
            back = () if on_paper else (use.promise,)
            put_book(tx, use.book, replace(book, promises=(*book.promises, *back)))
        tx.append(Kind.OFFER_RETURNED, _told(use))


def _gift(article: Article, language: str) -> Line:
    return Line(
        item=article.id,
        name=article.name(language),
        quantity=1,
        price_minor=article.price_minor,
        tax_permille=article.tax_permille,
        category=article.category,
        age_min=article.age_min,
    )


def used_by(tx: Transaction, exposure: str) -> Use | None:
    """Return in which basket a promise was redeemed."""
    body = tx.get(USED, exposure)
    return None if body is None else _USE(body)


def all_used(tx: Transaction) -> list[tuple[str, Use]]:
    """Return every promise that was redeemed here, by its exposure."""
    return [(exposure, _USE(body)) for exposure, body in tx.rows(USED)]


def _told(use: Use) -> Told:
    promise = use.promise
    return Told(
        exposure=promise.exposure,
        offer=promise.offer.id,
        campaign=promise.offer.campaign,
        bundle=promise.bundle,
        guest=use.book or None,
        point=use.point,
        op_id=use.op_id,
        minor=use.told.minor,
        units=use.told.units,
        earned=promise.offer.points_earned,
    )
