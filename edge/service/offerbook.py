"""The book of one guest's offers at this device: visits, how often each was shown, and what was taken up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from edge.core.offers import Choice, Counted, Span
from edge.core.offers.elsewhere import OFFER_TIMES, WEEK_DAYS, Times, Totals, summed
from edge.core.offers.occasion import Count
from edge.core.payment.promised import PROMISES_MAX, Promise
from edge.service.paperbook import promised_on_paper
from edge.store.transaction import Transaction

BOOK, EXPOSURE = "offers", "exposure"
"""Kinds of what is kept: a guest's book by their pseudonym, each choice by its id."""
MARKS_MAX = 400
"""Marks of one guest; the oldest go first, after more than a campaign's worth of showing."""
NOBODY = "@"
"""How the book of a screen begins, which counts for whoever stands there."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """An offer was shown or redeemed once."""

    offer: str
    counted: Counted
    day: int
    visit: str


class Book(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What this device remembers of one guest's offers."""

    visit: str = ""
    """Which visit of which zone the last choice was made for, and by which bundle."""
    turn: str = ""
    """In which turn of clock, weather and crowd it was made."""
    exposure: str = ""
    marks: tuple[Mark, ...] = ()
    promises: tuple[Promise, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One choice as this device keeps it for its screens and its staff."""

    choice: Choice
    book: str
    guest: str | None
    point: str
    at_ms: int
    shown: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()


_BOOK = msgspec.msgpack.Decoder(Book).decode
_KEPT = msgspec.msgpack.Decoder(Kept).decode
_TOTALS = msgspec.msgpack.Decoder(Totals).decode


def book_of(tx: Transaction, name: str) -> Book:
    """Return a guest's book, or an empty one."""
    body = tx.get(BOOK, name)
    return Book() if body is None else _BOOK(body)


def put_book(tx: Transaction, name: str, book: Book) -> None:
    """Keep a guest's book."""
    tx.put(BOOK, name, msgspec.msgpack.encode(replace(book, marks=book.marks[-MARKS_MAX:])))


def times_elsewhere(tx: Transaction, name: str) -> Totals:
    """Return how often other devices told that they showed or redeemed what, of one guest."""
    body = tx.get(OFFER_TIMES, name)
    return {} if body is None else _TOTALS(body)


def kept_by(tx: Transaction, exposure: str) -> Kept | None:
    """Return the choice that an exposure is of; a tile's id is its choice's and its place."""
    body = tx.get(EXPOSURE, exposure.partition(".")[0])
    return None if body is None else _KEPT(body)


def put_kept(tx: Transaction, kept: Kept) -> None:
    """Keep a choice as it stands."""
    tx.put(EXPOSURE, kept.choice.exposure, msgspec.msgpack.encode(kept))


def all_kept(tx: Transaction) -> list[Kept]:
    """Return every choice that is kept, the newest first."""
    return sorted((_KEPT(body) for _, body in tx.rows(EXPOSURE)), key=lambda one: -one.at_ms)


def promised_of(tx: Transaction) -> dict[str, int]:
    """Return what open promises of all guests will cost of each budget at most."""
    sums = promised_on_paper(tx)
    for _, body in tx.rows(BOOK):
        for one in _BOOK(body).promises:
            budget = one.offer.budget
            if budget is not None:
                sums[budget.id] = sums.get(budget.id, 0) + budget.each
    return sums


def marked(book: Book, mark: Mark) -> Book:
    """Return a book with one more mark."""
    return replace(book, marks=(*book.marks, mark))


def unmarked(book: Book, offer: str, counted: Counted, *, day: int) -> Book:
    """Return a book with one mark of that day less, the newest."""
    for at, mark in reversed(tuple(enumerate(book.marks))):
        if (mark.offer, mark.counted, mark.day) == (offer, counted, day):
            return replace(book, marks=book.marks[:at] + book.marks[at + 1 :])
    return book


def with_promise(book: Book, promise: Promise) -> Book | None:
    """Return a book with a promise in it; None: there is no room for more."""
    rest = tuple(one for one in book.promises if one.offer.id != promise.offer.id)
    if len(rest) >= PROMISES_MAX:
        return None
    return replace(book, promises=(*rest, promise))


def counts_of(
    book: Book, screen: Book, elsewhere: Mapping[str, Sequence[Times]], *, day: int, visit: str
) -> tuple[Count, ...]:
    """Return how often each offer was shown or redeemed to a guest, and on a screen, over every span."""
    there = summed(elsewhere, day=day)
    of_guest = _counts(_summed(book.marks, day, visit), there)
    return (*of_guest, *_counts(_summed(screen.marks, day, visit), {}, screen=True))


Sums = dict[tuple[str, Counted, Span], int]


def _summed(marks: Iterable[Mark], day: int, visit: str) -> Sums:
    sums: Sums = {}
    for mark in marks:
        for span in Span:
            if _within(span, mark, day=day, visit=visit):
                key = (mark.offer, mark.counted, span)
                sums[key] = sums.get(key, 0) + 1
    return sums


def _counts(here: Sums, there: Sums, *, screen: bool = False) -> Iterable[Count]:
    for key in sorted({*here, *there}):
        offer, counted, span = key
        yield Count(
            offer=offer,
            counted=counted,
            span=span,
            here=here.get(key, 0),
            elsewhere=there.get(key, 0),
            screen=screen,
        )


def _within(span: Span, mark: Mark, *, day: int, visit: str) -> bool:
    match span:
        case Span.SESSION:
            return mark.visit == visit
        case Span.DAY:
            return mark.day == day
        case Span.WEEK:
            return day - WEEK_DAYS < mark.day <= day
        case Span.CAMPAIGN:
            return True
