"""A bundle: all offers of a site with their rules and limits, published once and never changed."""

from __future__ import annotations

from functools import cached_property

import msgspec

from edge.core.offers.offer import Offer
from edge.core.ranking.model import Model


class OfferRule(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A rule as an operator wrote it: one CEL expression over the documented context."""

    id: str
    version: int
    cel: str


class Group(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Offers of which so many at most stand side by side."""

    id: str
    most: int = 1


class Category(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How offers of one stacking category go together on a basket."""

    id: str
    exclusive: bool = False
    """With no offer of another category."""
    most: int = 1
    """Of this category on one basket."""


class Experiment(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Who does not get an offer so that its effect can be read: guests in the first ``share`` buckets."""

    id: str
    salt: str
    share: int = 5_000
    """Of 10,000 buckets."""
    planned: int = 0
    """Guests of each arm before anything is read."""


class Control(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Guests who get no personal offer at all, the same in every channel."""

    salt: str = ""
    share: int = 0
    """Of 10,000 buckets; 500 to 1,000 is usual, 0: nobody."""


class Bundle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """Everything that choosing an offer stands on, beside the guest and the moment."""

    version: int
    offers: tuple[Offer, ...] = ()
    rules: tuple[OfferRule, ...] = ()
    groups: tuple[Group, ...] = ()
    categories: tuple[Category, ...] = ()
    basket_most: int = 4
    """Offers on one basket at most, of all categories together."""
    point_minor: int = 1
    """What one point that an offer brings pays at a till, in minor units of the site's currency."""
    control: Control = Control()
    experiments: tuple[Experiment, ...] = ()
    model: Model | None = None
    """What ranks them; None: the order of priority."""

    @cached_property
    def offers_by_id(self) -> dict[str, Offer]:
        """Each offer under its id."""
        return {offer.id: offer for offer in self.offers}
