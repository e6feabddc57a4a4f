"""The shelf: the bundles of offers as central last told them, read once after each change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import msgspec

from edge.core.profiles import Item
from edge.published import HEAD, PART, Head, Part

KINDS = frozenset({HEAD, PART})
_HEAD = msgspec.msgpack.Decoder(Head).decode
_PART = msgspec.msgpack.Decoder(Part).decode


class Told(msgspec.Struct, frozen=True):
    """One bundle as it lies here: nothing of it is checked yet."""

    head: Head
    parts: tuple[Part, ...]


class Shelf:
    """Keeps what lies here until an item of it changes; ``bodies`` reads all unsealed bodies of a kind."""

    def __init__(self, bodies: Callable[[str], Iterable[bytes]]) -> None:
        """Read nothing before somebody asks."""
        self._bodies = bodies
        self._kept: tuple[Told, ...] | None = None
        self._round = 0
        self._telling = threading.Lock()

    def told(self) -> tuple[Told, ...]:
        """Return every bundle that lies here, whole or not; the same object until one of them changes."""
        kept = self._kept
        if kept is None:
            with self._telling:
                began = self._round
            parts = [_PART(body) for body in self._bodies(PART)]
            heads = [_HEAD(body) for body in self._bodies(HEAD)]
            kept = tuple(
                Told(head, tuple(part for part in parts if part.slot == head.slot)) for head in heads
            )
            with self._telling:
                # An item that came meanwhile makes this answer old: good for now, not to be kept.
                self._kept = kept if began == self._round else None
        return kept

    def forget(self, page: Iterable[Item] | None = None) -> None:
        """Read anew when asked next: always, or if a page holds any of it."""
        if page is None or any(item.kind in KINDS for item in page):
            with self._telling:
                self._round += 1
                self._kept = None
