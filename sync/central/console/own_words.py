"""Own words: what was typed of articles, by article and reason; never whose, where or on which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sync.central.care.spoken import Heard
from sync.central.near.feedback import VISIT, Monthly

TEXTS_MAX = 20
"""So many are shown of one article and reason, the newest."""


class Group(NamedTuple):
    """What was typed of one article for one reason (of none: empty), with the face that each chose."""

    article: str
    name: str
    because: str
    texts: tuple[tuple[int, str], ...]


def visitors(counted: Iterable[Monthly], found: Iterable[Heard], *, outside: Collection[str]) -> int:
    """Return how many people surely spoke of the visit: each word at a screen of ours, each guest elsewhere.

    ``outside`` are the places that are channels: who is not known there can say as much as they like.
    """
    here = sum(one.times for one in counted if one.article == VISIT and one.point not in outside)
    there = (one for one in found if one.typed.point in outside and not one.typed.articles)
    return here + len({one.guest for one in there if one.guest})


def grouped(found: Iterable[Heard], told: Collection[str], *, names: Mapping[str, str]) -> tuple[Group, ...]:
    """Return the words about articles of which ten have spoken, articles by name, reasons in order.

    ``told`` are those articles: of others a word would lead to who said it.
    """
    groups: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for one in found:
        for article in one.typed.articles or (VISIT,):
            if one.text and article in told:
                groups[article, one.typed.because].append((one.typed.score, one.text))
    rows = [
        Group(article, names.get(article, article), because, tuple(texts[:TEXTS_MAX]))
        for (article, because), texts in groups.items()
    ]
    return tuple(sorted(rows, key=lambda one: (one.name, one.article, one.because)))
