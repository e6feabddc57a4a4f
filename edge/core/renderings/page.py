"""Page: what a phone shows once a QR code was read: words, terms and a coupon, and nobody's profile."""

from __future__ import annotations

import msgspec

from edge.core.renderings.markup import document, part, parts_of
from edge.core.renderings.said import Said


class PageSaid(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a phone."""

    title: str
    lines: tuple[str, ...]
    """What it says, without its markup."""
    html: str
    mark: str


def page(said: Said, *, code: str = "") -> PageSaid:
    """Return an offer as a page; ``code`` is a coupon that is good once, and all that names anybody."""
    told = [*parts_of(said), part("code", code), part("mark", said.mark)]
    words = (said.headline, said.name, said.body, said.price, said.was, said.until, said.terms, code)
    return PageSaid(
        title=said.name,
        lines=tuple(filter(None, (*words, said.mark))),
        html=document(said, filter(None, told)),
        mark=said.mark,
    )
