"""Own words: what was typed of articles, by article and reason; never whose, where or on which day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sync.central.care.spoken import Heard
from sync.central.near.feedback import VISIT

TEXTS_MAX = 20
"""So many are shown of one article and reason, the newest."""


class Group(NamedTuple):
    """What was typed of one article for one reason (of none: empty), with the face that each chose."""

    article: str
    name: str
    because: str
    texts: tuple[tuple[int, str], ...]


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
