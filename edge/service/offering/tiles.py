"""Tiles: an offer as a screen shows it, its price to the minor unit from the offer and the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from edge.core.basket import Line
from edge.core.catalogue import Article, Catalogue
from edge.core.offers import Level, Offer, in_language
from edge.core.offers.price import applied
from edge.offerviews import OfferTile


def tiles_of(
    offers: Iterable[tuple[str, Offer]], goods: Catalogue, *, currency: str, taken: Collection[str]
) -> Iterator[OfferTile]:
    """Yield each exposure's offer as a tile; what it costs is what a till would take for one."""
    for exposure, offer in offers:
        article, effect = _about(offer, goods), offer.effect
        was = article.price_minor if article is not None else None
        yield OfferTile(
            exposure=exposure,
            offer=offer.id,
            kind=offer.kind,
            messages=offer.messages,
            until=offer.period.last,
            currency=currency,
            price_minor=_price(offer, article),
            was_minor=was,
            off_minor=effect.off_minor if effect is not None else 0,
            percent=effect.percent if effect is not None else 0,
            points_earned=offer.points_earned,
            points_spent=offer.points_spent,
            taken=exposure in taken,
        )


def name_of(offer: Offer, language: str) -> str:
    """Return what an offer is called on receipts and to staff."""
    message = in_language(offer.messages, language)
    return message.name if message is not None else offer.id


def _about(offer: Offer, goods: Catalogue) -> Article | None:
    """Return the one article that an offer is about, if it is about just one."""
    named = offer.effect.articles if offer.effect is not None else offer.needs
    named = (offer.gives,) if offer.gives else named
    return goods.by_id.get(named[0]) if len(named) == 1 else None


def _price(offer: Offer, article: Article | None) -> int | None:
    """Return what one costs with the offer, by the very reckoning of the till."""
    if article is None or offer.effect is None or offer.effect.level is not Level.LINE:
        return article.price_minor if article is not None else None
    line = Line(
        item=article.id,
        name="",
        quantity=1,
        price_minor=article.price_minor,
        tax_permille=article.tax_permille,
        category=article.category,
    )
    return article.price_minor - sum(one.minor for one in applied([line], [offer]))
