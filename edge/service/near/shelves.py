"""Shelves: where everything can be had whose stock is known, in words, and when it is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from edge.core.delivery import said as delivery_said
from edge.core.nearness import away, rank
from edge.core.orders import Shelf, Stock, shelf
from edge.nearviews import ArticleView, ShelfView, Shelves
from edge.service.rooms import Rooms


def has_shelves(rooms: Rooms) -> bool:
    """Say whether of anything it is known where it can be had, or when it comes."""
    goods, sold = rooms.profiles.goods, rooms.profiles.catalogue()
    return bool(goods.stock()) or any(one.delivery is not None for one in sold.articles)


def shelves_of(rooms: Rooms, taken: Mapping[tuple[str, str], int], point: str, *, today: dt.date) -> Shelves:
    """Return it less what was ``taken`` here, by article and store, since the shelves were counted.

    Stores that have it come first, those next to a point before others.
    """
    now_ms, sold, layout = rooms.clock.now_ms(), rooms.profiles.catalogue(), rooms.profiles.layout()
    told: dict[str, list[Stock]] = {one.id: [] for one in sold.articles if one.delivery}
    for one in rooms.profiles.goods.stock():
        told.setdefault(one.article, []).append(one)
    steps = away(layout, point)

    def seen(one: Stock) -> ShelfView:
        word = shelf(one, now_ms, taken=taken.get((one.article, one.store), 0))
        here = one.device == rooms.device
        return ShelfView(store=one.store, word=word.value, at_ms=one.at_ms, here=here)

    def place(one: ShelfView) -> tuple[bool, int, str] | tuple[()]:
        return rank(Shelf(one.word), one.store, steps) if steps else ()

    articles = [
        ArticleView(
            article=id_,
            names=sold.by_id[id_].names,
            price_minor=sold.by_id[id_].price_minor,
            currency=layout.currency if layout is not None else "",
            shelves=tuple(sorted(map(seen, stock), key=place)),
            delivery=delivery_said(sold.by_id[id_].delivery, today),
        )
        for id_, stock in sorted(told.items())
        if id_ in sold.by_id
    ]
    return Shelves(articles=tuple(articles), at_ms=now_ms)
