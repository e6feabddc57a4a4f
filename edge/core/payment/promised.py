"""Promises: offers that a guest took up, as they were said then."""

from __future__ import annotations

import msgspec

from edge.core.offers.bundle import Category
from edge.core.offers.offer import Offer

PROMISES_MAX = 12
"""Offers that one guest may hold at a time; the basket takes fewer still."""
LABEL_CHARS_MAX = 40


class Promise(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One offer as it was said when somebody took it up: a later version changes nothing of it."""

    exposure: str
    """Of the tile that was shown; a coupon's is its own id. It is redeemed once."""
    offer: Offer
    """Only what moves a price; its words are in ``label``."""
    bundle: int
    label: str
    """What receipts call it."""
    until: str = ""
    """Last local date, ISO 8601; empty: no such end."""
    coupon: bool = False

    def holds_on(self, date: str) -> bool:
        """Say whether it still holds on a local date."""
        return not self.until or date <= self.until


class Promised(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """All that one guest holds, and how such offers go together on a basket."""

    promises: tuple[Promise, ...] = ()
    categories: tuple[Category, ...] = ()
    basket_most: int = 4

    @property
    def kinds(self) -> frozenset[str]:
        """Which budgets they are paid out of."""
        return frozenset(one.offer.budget.id for one in self.promises if one.offer.budget is not None)


class Redeemed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one promise came to at a till."""

    exposure: str
    offer: str
    bundle: int
    minor: int
    units: int
    """Of its budget, or points."""


def promise_of(offer: Offer, *, exposure: str, bundle: int, label: str) -> Promise:
    """Return an offer as a promise: what chose it is left out, what it does stays."""
    bare = Offer(
        id=offer.id,
        kind=offer.kind,
        campaign=offer.campaign,
        priority=offer.priority,
        excludes=offer.excludes,
        stack=offer.stack,
        budget=offer.budget,
        effect=offer.effect,
        gives=offer.gives,
        points_earned=offer.points_earned,
        points_spent=offer.points_spent,
    )
    last = offer.period.last
    return Promise(exposure=exposure, offer=bare, bundle=bundle, label=label[:LABEL_CHARS_MAX], until=last)
