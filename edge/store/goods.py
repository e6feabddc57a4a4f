"""Goods: what the site sells, books and hands over, as central last told it; read once after a change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from edge.core.catalogue import ARTICLE, GROUP, Article, Catalogue, Group
from edge.core.conditions import CONDITIONS, UNTOLD, Conditions
from edge.core.goods import GOODS
from edge.core.orders import ORDER, STOCK, Order, Stock
from edge.core.profiles import Item
from edge.core.siblings import SIBLING, Sibling
from edge.core.slots import NO_TIMES, SLOT, Slot, Timetable

T = TypeVar("T", bound=msgspec.Struct)


class Goods:
    """Keeps each kind until an item of it changes; ``bodies`` reads all unsealed bodies of a kind."""

    def __init__(self, bodies: Callable[[str], Iterable[bytes]]) -> None:
        """Read nothing before somebody asks."""
        self._bodies = bodies
        self._kept: dict[str, tuple[msgspec.Struct, ...]] = {}
        self._catalogue: tuple[tuple[msgspec.Struct, ...], Catalogue] | None = None
        self._timetable = NO_TIMES
        self._round = 0
        self._telling = threading.Lock()

    def catalogue(self) -> Catalogue:
        """Return all that the site sells."""
        articles, groups = self._of(ARTICLE, Article), self._of(GROUP, Group)
        made = self._catalogue
        if made is None or made[0] is not articles or made[1].groups is not groups:
            made = (articles, Catalogue(articles=articles, groups=groups))
            self._catalogue = made
        return made[1]

    def slots(self) -> tuple[Slot, ...]:
        """Return the times that can be booked."""
        return self._of(SLOT, Slot)

    def timetable(self) -> Timetable:
        """Return the same for taps, which look for single ones."""
        slots, made = self.slots(), self._timetable
        if made.slots is not slots:
            made = self._timetable = Timetable(slots)
        return made

    def orders(self) -> tuple[Order, ...]:
        """Return what guests pick up at this site."""
        return self._of(ORDER, Order)

    def stock(self) -> tuple[Stock, ...]:
        """Return what the stores have, as last counted."""
        return self._of(STOCK, Stock)

    def conditions(self) -> Conditions:
        """Return what was told last of weather and crowd."""
        return next(iter(self._of(CONDITIONS, Conditions)), UNTOLD)

    def siblings(self) -> tuple[Sibling, ...]:
        """Return the devices of this site, this one among them."""
        return self._of(SIBLING, Sibling)

    def forget(self, page: Iterable[Item] | None = None) -> None:
        """Read anew when asked next: always, or the kinds that a page holds."""
        gone = GOODS if page is None else {item.kind for item in page if item.kind in GOODS}
        with self._telling:
            for kind in gone:
                self._round += 1
                self._kept.pop(kind, None)

    def _of(self, kind: str, form: type[T]) -> tuple[T, ...]:
        kept = self._kept.get(kind)
        if kept is not None:
            return kept  # type: ignore[return-value]  # what is kept of a kind has the kind's form
        with self._telling:
            began = self._round
        found = tuple(msgspec.msgpack.decode(body, type=form) for body in self._bodies(kind))
        with self._telling:
            # An item that came meanwhile makes this answer old: good for now, not to be kept.
            if began == self._round:
                self._kept[kind] = found
        return found
