"""Receipt: name, benefit, validity and terms within the columns of a roll, and the coupon's code below."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.renderings.plain import on_paper
from edge.core.renderings.said import Said

COLUMNS_MIN = 20
"""Narrower paper is none of a receipt printer's."""


class ReceiptSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Lines for paper: each part begins on a line of its own, and none is wider than the roll."""

    name: tuple[str, ...]
    price: tuple[str, ...]
    until: tuple[str, ...]
    terms: tuple[str, ...]
    mark: tuple[str, ...]
    code: str
    """What the QR code below says; empty: there is no coupon."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it, in the order of the paper."""
        return (*self.name, *self.price, *self.until, *self.terms, *self.mark)


def receipt(said: Said, *, columns: int, code: str = "") -> ReceiptSaid:
    """Return an offer as a printer with so many columns writes it."""
    room = max(COLUMNS_MIN, columns)
    texts = (said.name, said.price, said.until, said.terms, said.mark)
    name, price, until, terms, mark = (tuple(_wrapped(on_paper(text), room)) for text in texts)
    return ReceiptSaid(name=name, price=price, until=until, terms=terms, mark=mark, code=code)


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Yield lines that break at words; a word that is wider than the paper is cut where the paper ends."""
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > room:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while len(line) > room:
            yield line[:room]
            line = line[room:]
    if line:
        yield line
