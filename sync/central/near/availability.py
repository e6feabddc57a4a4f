"""Availability: what whoever asks outside a store is told of an article, in the words of its kiosk."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from edge.core.catalogue import Article
from edge.core.delivery import said
from edge.core.nearness import away, rank
from edge.core.orders import Shelf, shelf
from edge.errors import Unknown
from sync.central.days import zone_of
from sync.central.near import stock
from sync.central.registry import catalogue, layout
from sync.central.store import Connection, now_of


class At(NamedTuple):
    """One store's word for it, as sure as its figure is old."""

    store: str
    word: Shelf
    at_ms: int


class Available(NamedTuple):
    """Where an article can be had, and when it comes to whom it is sent: a sentence for each language."""

    article: Article
    stores: tuple[At, ...]
    delivery: dict[str, str]


def available(tx: Connection, site: str, id_: str, *, near: str = "") -> Available:
    """Return what is told of an article, or raise ``Unknown``; the stores next to a point come first."""
    article = catalogue.catalogue(tx, site).by_id.get(id_)
    if article is None:
        raise Unknown(f"There is no article {id_}.")
    now_ms = now_of(tx)
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone_of(tx, site)).date()
    found = [At(one.store, shelf(one, now_ms), one.at_ms) for one in stock.of_article(tx, site, id_)]
    if near:
        steps = away(layout.published(tx, site), near)
        if near not in steps:
            raise Unknown(f"There is no point {near[:40]} at this site.")
        found.sort(key=lambda one: rank(one.word, one.store, steps))
    return Available(article, tuple(found), said(article.delivery, today))
