"""Coupon slips: what a purchase brings, below its receipt, by the one rendering that every channel has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import NamedTuple

from edge.core.offers import Worth
from edge.core.receipt import Receipt, ReceiptKind
from edge.core.renderings import About, Said, receipt, say_of
from edge.offerviews import OfferTile
from edge.service.offering.papers import PaperView
from edge.service.receipts import SlipRow
from kiosk.ask import Ask
from kiosk.slips import Words
from kiosk.texts import Texts
from kiosk.tongue import Spoken

BACK = frozenset({ReceiptKind.VOID, ReceiptKind.REFUND})


class Below(NamedTuple):
    """What stands below a receipt, and the code of it; nothing where no coupon came with the purchase."""

    rows: tuple[SlipRow, ...] = ()
    code: str = ""


def said_of(tile: OfferTile, texts: Texts, *, language: str, version: int) -> Said | None:
    """Return what a tile says in a language of this device; None: it has no words at all."""
    about = About(
        campaign=tile.campaign,
        offer=tile.offer,
        messages=tile.messages,
        worth=Worth(**{name: getattr(tile, name) for name in Worth.__struct_fields__}),
        until=tile.until,
    )
    return say_of(about, version=version, tongue=Spoken(texts, language, tile.currency))


def coupon_of(ask: Ask, found: Receipt, *, fresh: bool) -> PaperView | None:
    """Return the coupon of a purchase, or of the one that a receipt takes back; one is chosen once."""
    papers = ask.house.service.receipts.papers
    if found.kind is ReceiptKind.SALE:
        return papers.of_sale(found.op_id, fresh=fresh)
    return papers.of_sale(found.about, fresh=False) if found.kind in BACK else None


def below(view: PaperView | None, words: Words, *, columns: int) -> Below:
    """Return a coupon as a printer with so many columns writes it: whole while it can be used."""
    if view is None:
        return Below()
    if not view.code:
        over = "receipt.coupon_used" if view.used else "receipt.coupon_over"
        return Below((SlipRow(rule=True), SlipRow(words(over), centred=True)))
    said = said_of(view.tile, words.ask.house.texts, language=words.language, version=view.bundle)
    if said is None:
        return Below()
    paper = receipt(said, columns=columns, code=view.code)
    head = (SlipRow(rule=True), SlipRow(words("receipt.coupon"), centred=True))
    strong = (*paper.name, *paper.price)
    rest = (*paper.until, *paper.terms, *_wrapped(words("receipt.coupon_how"), columns), *paper.mark)
    rows = (*_rows(strong, strong=True), *_rows(rest, strong=False))
    return Below((*head, *rows), paper.code)


def _rows(lines: tuple[str, ...], *, strong: bool) -> Iterator[SlipRow]:
    yield from (SlipRow(line, centred=True, strong=strong) for line in lines)


def _wrapped(text: str, columns: int) -> list[str]:
    """Return a sentence of this device in lines of the roll."""
    return textwrap.wrap(text, columns)
