"""App: the message as fields, for the guest's app and the shop on the net."""

from __future__ import annotations

import msgspec

from edge.core.offers import Period, Worth
from edge.core.renderings.said import Said


class AppSaid(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the channel API answers: words as everywhere, and the same facts as figures."""

    campaign: str
    offer: str
    version: int
    digest: str
    language: str
    name: str
    headline: str
    body: str
    terms: str
    call: str
    price: str
    was: str = ""
    until: str = ""
    image: str = ""
    alt: str = ""
    currency: str
    worth: Worth
    period: Period


def app(said: Said, worth: Worth, *, period: Period, currency: str) -> AppSaid:
    """Return an offer as an app reads it."""
    words = msgspec.structs.asdict(said)
    return AppSaid(**words, digest=said.digest, worth=worth, period=period, currency=currency)
