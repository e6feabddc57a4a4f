"""Kiosk: a small tile among others, and the same offer large once it is touched."""

from __future__ import annotations

import msgspec

from edge.core.renderings.said import Said


class KioskSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a kiosk paints; a campaign's colours are in its picture and nowhere else."""

    tile: tuple[str, ...]
    """Headline, and what it costs or brings."""
    name: str
    headline: str
    body: str
    price: str
    was: str
    """What it costs without it, in words; empty: nothing is lowered."""
    until: str
    terms: str
    call: str
    image: str
    alt: str
    mark: str


def kiosk(said: Said) -> KioskSaid:
    """Return an offer as a kiosk shows it."""
    return KioskSaid(
        tile=tuple(filter(None, (said.headline, said.price))),
        name=said.name,
        headline=said.headline,
        body=said.body,
        price=said.price,
        was=said.was,
        until=said.until,
        terms=said.terms,
        call=said.call,
        image=said.image,
        alt=said.alt,
        mark=said.mark,
    )
