"""Said: what one offer says in one language, before any channel gives it a form."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Protocol

import msgspec

from edge.core.offers import Message, Offer, Worth, benefit, in_language

DIGEST_CHARS = 8


class Tongue(Protocol):
    """How a language writes what is no text of a campaign: words around a figure, amounts, dates."""

    language: str

    def __call__(self, key: str, /, **places: object) -> str:
        """Return a sentence with its places filled in."""

    def money(self, minor: int) -> str:
        """Return an amount of the site's currency."""

    def date(self, text: str) -> str:
        """Return a date that is given as ISO 8601."""


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """One message, whole: every rendering is made of this and of nothing else."""

    campaign: str
    offer: str
    version: int
    """Of the bundle that it was published in; 0: of none yet."""
    language: str
    name: str
    headline: str
    body: str
    terms: str
    call: str
    price: str
    """What it costs or brings, in words; empty: it is no matter of money or points."""
    was: str = ""
    until: str = ""
    """How long it holds, in words; empty: as long as it is shown."""
    image: str = ""
    alt: str = ""

    @cached_property
    def digest(self) -> str:
        """Return hex digits that differ wherever one channel said something else than another."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:DIGEST_CHARS]

    @cached_property
    def mark(self) -> str:
        """Return the mark that each rendering bears: which version it is, and of which words."""
        return f"v{self.version} {self.digest}"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """As much of an offer as its words are made of: what a screen's tile holds, too."""

    campaign: str
    offer: str
    messages: dict[str, Message]
    worth: Worth
    until: str = ""
    """Its last day, ISO 8601; empty: as long as it is shown."""


def say(offer: Offer, worth: Worth, *, version: int, tongue: Tongue) -> Said | None:
    """Return what an offer says in a language, else in Italian; None: it says nothing in either."""
    told = About(
        campaign=offer.campaign,
        offer=offer.id,
        messages=offer.messages,
        worth=worth,
        until=offer.period.last,
    )
    return say_of(told, version=version, tongue=tongue)


def say_of(about: About, *, version: int, tongue: Tongue) -> Said | None:
    """Return the same of as much as a screen was told of an offer."""
    message, worth = in_language(about.messages, tongue.language), about.worth
    if message is None:
        return None
    told = benefit(worth)
    amount = "" if told.minor is None else tongue.money(told.minor)
    price = tongue(told.key, amount=amount, percent=told.percent, points=told.points) if told.key else ""
    lowered = worth.was_minor is not None and worth.was_minor != worth.price_minor
    return Said(
        campaign=about.campaign,
        offer=about.offer,
        version=version,
        language=tongue.language,
        name=message.name,
        headline=message.headline,
        body=message.body,
        terms=message.terms,
        call=message.call,
        price=price,
        was=tongue("offer.was", amount=tongue.money(worth.was_minor or 0)) if lowered else "",
        until=tongue("kiosk.voucher_until", date=tongue.date(about.until)) if about.until else "",
        image=message.image,
        alt=message.alt,
    )
