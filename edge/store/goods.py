"""Goods: the catalogue as central last told it, read once after each change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import msgspec

from edge.core.catalogue import ARTICLE, GROUP, Article, Catalogue, Group
from edge.core.profiles import Item

KINDS = frozenset({ARTICLE, GROUP})
_DECODE_ARTICLE = msgspec.msgpack.Decoder(Article).decode
_DECODE_GROUP = msgspec.msgpack.Decoder(Group).decode


class Goods:
    """Keeps the catalogue until an item of it changes; ``bodies`` reads all unsealed bodies of a kind."""

    def __init__(self, bodies: Callable[[str], Iterable[bytes]]) -> None:
        """Read nothing before somebody asks."""
        self._bodies = bodies
        self._kept: Catalogue | None = None
        self._round = 0
        self._telling = threading.Lock()

    def catalogue(self) -> Catalogue:
        """Return all that the site sells."""
        kept = self._kept
        if kept is None:
            with self._telling:
                began = self._round
            kept = Catalogue(
                articles=tuple(_DECODE_ARTICLE(body) for body in self._bodies(ARTICLE)),
                groups=tuple(_DECODE_GROUP(body) for body in self._bodies(GROUP)),
            )
            with self._telling:
                # An item that came meanwhile makes this answer old: good for now, not to be kept.
                self._kept = kept if began == self._round else None
        return kept

    def forget(self, page: Iterable[Item] | None = None) -> None:
        """Read anew when asked next: always, or if a page holds goods."""
        if page is None or any(item.kind in KINDS for item in page):
            with self._telling:
                self._round += 1
                self._kept = None
