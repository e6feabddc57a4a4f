"""Till and the guest's display: one line for the thing, one for what it takes off."""

from __future__ import annotations

import msgspec

from edge.core.renderings.said import Said


class TillSaid(msgspec.Struct, frozen=True, kw_only=True):
    """Two lines of a basket, and what staff read out when somebody asks."""

    line: str
    discount: str
    until: str
    terms: str
    mark: str


def till(said: Said) -> TillSaid:
    """Return an offer as a till shows it."""
    return TillSaid(line=said.name, discount=said.price, until=said.until, terms=said.terms, mark=said.mark)
