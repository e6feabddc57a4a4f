"""Worth: what an offer does to a price, as every screen and every letter says it."""

from __future__ import annotations

import msgspec

from edge.core.basket import Line
from edge.core.catalogue import Article, Catalogue
from edge.core.offers.offer import Effect, Level, Offer
from edge.core.offers.price import applied

NOTHING = Effect()


class Worth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody gets by an offer; each channel shows the first of these that says anything."""

    price_minor: int | None = None
    """What one costs with it, where it is about one article."""
    was_minor: int | None = None
    """What one costs without it."""
    off_minor: int = 0
    percent: int = 0
    points_earned: int = 0
    points_spent: int = 0


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """Which words say it, and the one figure in them."""

    key: str
    """Of the texts, as ``offer.percent``; empty: there is nothing to say of a price."""
    minor: int | None = None
    percent: int = 0
    points: int = 0


def worth_of(offer: Offer, goods: Catalogue) -> Worth:
    """Return what an offer does to a price, by the very reckoning of the till."""
    article, effect = _about(offer, goods), offer.effect or NOTHING
    return Worth(
        price_minor=_price(offer, article),
        was_minor=article.price_minor if article is not None else None,
        off_minor=effect.off_minor,
        percent=effect.percent,
        points_earned=offer.points_earned,
        points_spent=offer.points_spent,
    )


def benefit(worth: Worth) -> Benefit:
    """Return how it is said: a price before a share, a share before an amount, money before points."""
    price = worth.price_minor
    if price == 0:
        return Benefit(key="offer.free", minor=0)
    if price is not None and price != worth.was_minor:
        return Benefit(key="offer.price", minor=price)
    if worth.percent:
        return Benefit(key="offer.percent", percent=worth.percent)
    if worth.off_minor:
        return Benefit(key="offer.off", minor=worth.off_minor)
    if worth.points_earned:
        return Benefit(key="offer.points", points=worth.points_earned)
    if worth.points_spent:
        return Benefit(key="offer.for_points", points=worth.points_spent)
    return Benefit(key="" if price is None else "offer.price", minor=price)


def _about(offer: Offer, goods: Catalogue) -> Article | None:
    """Return the one article that an offer is about, if it is about just one."""
    named = offer.effect.articles if offer.effect is not None else offer.needs
    named = (offer.gives,) if offer.gives else named
    return goods.by_id.get(named[0]) if len(named) == 1 else None


def _price(offer: Offer, article: Article | None) -> int | None:
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
