"""Tiles: an offer as a screen shows it, its price to the minor unit from the offer and the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import asdict

from edge.core.catalogue import Catalogue
from edge.core.offers import Offer, in_language, worth_of
from edge.offerviews import OfferTile


def tiles_of(
    offers: Iterable[tuple[str, Offer]], goods: Catalogue, *, currency: str, taken: Collection[str]
) -> Iterator[OfferTile]:
    """Yield each exposure's offer as a tile; what it costs is what a till would take for one."""
    for exposure, offer in offers:
        yield OfferTile(
            exposure=exposure,
            offer=offer.id,
            kind=offer.kind,
            campaign=offer.campaign,
            messages=offer.messages,
            until=offer.period.last,
            currency=currency,
            taken=exposure in taken,
            **asdict(worth_of(offer, goods)),
        )


def name_of(offer: Offer, language: str) -> str:
    """Return what an offer is called on receipts and to staff."""
    message = in_language(offer.messages, language)
    return message.name if message is not None else offer.id
