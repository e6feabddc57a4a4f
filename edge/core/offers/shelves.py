"""Shelves: how articles are to be had at a site, as a rule may ask, from what its stores counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge.core.catalogue import Article
from edge.core.offers.context import AboutStock
from edge.core.orders import Shelf, Stock, shelf

UNCOUNTED = frozenset({Shelf.IN_STOCK})


def about_shelves(
    goods: Sequence[Article], counted: Iterable[Stock], now_ms: int, *, taken: Mapping[tuple[str, str], int]
) -> AboutStock:
    """Return how each of these articles is to be had: the best of a site's shelves counts, a sure one first.

    ``taken`` is what was set aside since, by article and store. What nobody counts is there unless it was
    switched off; of what was counted long ago somebody must be asked.
    """
    asked, known = {article.id for article in goods}, dict[str, set[Shelf]]()
    for one in counted:
        if one.article in asked:
            left = taken.get((one.article, one.store), 0)
            known.setdefault(one.article, set()).add(shelf(one, now_ms, taken=left))
    told: dict[Shelf, list[str]] = {word: [] for word in Shelf}
    for article in goods:
        words = known.get(article.id, UNCOUNTED)
        best = next(word for word in Shelf if word in words)
        told[Shelf.NONE if article.off else best].append(article.id)
    return AboutStock(
        in_stock=tuple(told[Shelf.IN_STOCK]),
        last_pieces=tuple(told[Shelf.LAST]),
        call_us=tuple(told[Shelf.ASK]),
        out=tuple(told[Shelf.NONE]),
    )
