"""Stacking: the combination of offers by which a basket costs least, among those that may stand together."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations

import msgspec

from edge.core.basket import Line
from edge.core.offers.bundle import Bundle, Category
from edge.core.offers.offer import Offer
from edge.core.offers.price import Reach, in_order, priced, reach

NODES_MAX = 5_000
"""Combinations that are looked at for one priority; twelve offers have fewer."""
LOOKS_MAX = 24_576
"""Offers that are looked at beside them: what twelve can need, 12 * 2^11."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: offers in the order in which they lower the price."""

    offers: tuple[str, ...] = ()
    minor: int = 0
    """What they take off together."""
    greedy: bool = False
    """There were too many combinations: this is the best of those that were looked at."""


def best(bundle: Bundle, lines: Sequence[Line], offers: Iterable[Offer]) -> Stack:
    """Return the best legal combination, the higher priority first and for good.

    Of combinations that save the same, the one that is found first stands, whatever order they came in.
    """
    left = priced(lines)
    useful = [one for one in (reach(offer, lines) for offer in offers) if one.worth(left)]
    chosen: tuple[Reach, ...] = ()
    minor, greedy = 0, False
    for priority in sorted({one.offer.priority for one in useful}, reverse=True):
        search = _Search(bundle, left, chosen)
        search.run([one for one in useful if one.offer.priority == priority])
        chosen, minor, greedy = search.best, search.minor, greedy or search.is_over
    return Stack(offers=tuple(one.offer.id for one in chosen), minor=minor, greedy=greedy)


def legal(bundle: Bundle, offers: Sequence[Offer]) -> bool:
    """Say whether offers may lower the price of one basket together."""
    known = {category.id: category for category in bundle.categories}
    return (
        len(offers) <= bundle.basket_most
        and not any(_clash(known, one, other) for one, other in combinations(offers, 2))
        and all(sum(one.stack == id for one in offers) <= category.most for id, category in known.items())
    )


def _clash(known: Mapping[str, Category], one: Offer, other: Offer) -> bool:
    """Whether two offers can never be on one basket."""
    if one.id in other.excludes or other.id in one.excludes:
        return True
    alone = [known[offer.stack].exclusive for offer in (one, other) if offer.stack in known]
    return one.stack != other.stack and any(alone)


class _Table:
    """The offers of one search in the order in which they are applied, and who may join whom, as bits."""

    def __init__(self, bundle: Bundle, offers: Iterable[Reach]) -> None:
        known = {category.id: category for category in bundle.categories}
        by_id = {one.offer.id: one for one in offers}
        self.rows = [by_id[offer.id] for offer in in_order(one.offer for one in by_id.values())]
        self.places = {one.offer.id: place for place, one in enumerate(self.rows)}
        self.room = bundle.basket_most
        facts = [one.offer for one in self.rows]
        self.clashes = [
            _bits(one is not other and _clash(known, one, other) for other in facts) for one in facts
        ]
        self.kin = [_bits(other.stack == one.stack for other in facts) for one in facts]
        self.limit = [known[one.stack].most if one.stack in known else self.room for one in facts]

    def mask(self, offers: Iterable[Reach]) -> int:
        """Return the bits of these offers."""
        return sum(1 << self.places[one.offer.id] for one in offers)

    def may_join(self, place: int, taken: int) -> bool:
        """Whether an offer that is not taken yet may stand beside those taken."""
        if taken.bit_count() >= self.room or taken & self.clashes[place]:
            return False
        return (taken & self.kin[place]).bit_count() < self.limit[place]

    def bounds(self, place: int, worth: list[int], room: int) -> list[int]:
        """Return for each place from one on what the largest from there can come to, category by category."""
        largest: dict[str, list[int]] = {}
        bounds, bound = [], 0
        for step in range(len(worth) - 1, -1, -1):
            if worth[step]:
                kin = largest.setdefault(self.rows[place + step].offer.stack, [])
                insort(kin, worth[step])
                del kin[: -self.limit[place + step]]
                bound = sum(sorted(chain.from_iterable(largest.values()))[-room:])
            bounds.append(bound)
        return bounds[::-1]


class _Search:
    """Branch and bound over the offers of one priority, beside those that are chosen already.

    Offers are met in the order in which they are applied. What one would take off what is left now is the
    most that it can take later, since what is left only falls: the largest of these make the bound.
    """

    def __init__(self, bundle: Bundle, left: list[int], fixed: tuple[Reach, ...]) -> None:
        self.bundle, self.left, self.fixed = bundle, left, fixed
        self.best, self.minor = fixed, -1
        self.nodes, self.looks = 0, 0

    @property
    def is_over(self) -> bool:
        """Whether it looked as long as it may."""
        return self.nodes >= NODES_MAX or self.looks >= LOOKS_MAX

    def run(self, offers: Sequence[Reach]) -> None:
        """Look for the best combination of these with the fixed ones, from a good one on."""
        self.table = _Table(self.bundle, [*self.fixed, *offers])
        self.must = self.table.mask(self.fixed)
        self._take_greedily(offers)
        worth = [one.worth(self.left) for one in self.table.rows]
        self._visit(_Node(0, self.left, worth, 0, 0))

    def _take_greedily(self, offers: Iterable[Reach]) -> None:
        """Begin with whatever saves most by itself and may still join."""
        table, taken, left = self.table, self.must, self.left
        for one in sorted(offers, key=lambda one: (-one.worth(left), one.offer.id)):
            place = table.places[one.offer.id]
            taken |= table.may_join(place, taken) << place
        self.best = self._rows(taken)
        for one in self.best:
            left = _less(left, one.takes(left))
        self.minor = sum(self.left) - sum(left)

    def _visit(self, node: _Node) -> None:
        """Add one of the offers from a place on, and then others, to what was taken so far."""
        place, table, must = node.place, self.table, self.must
        if not must >> place and node.minor > self.minor:
            self.best, self.minor = self._rows(node.taken), node.minor
        room = table.room - node.taken.bit_count()
        at_most = [
            worth if must >> step & 1 or table.may_join(step, node.taken | must) else 0
            for step, worth in enumerate(node.worth, place)
        ]
        most = min(sum(node.left), max(table.bounds(place, at_most, room), default=0)) if room else 0
        if self.is_over or node.minor + most <= self.minor:
            return
        self.looks += len(at_most)
        worth = [
            one.worth(node.left) if most else 0 for one, most in zip(table.rows[place:], at_most, strict=True)
        ]
        for step, bound in enumerate(table.bounds(place, worth, room)):
            fixed = must >> (place + step) & 1
            if node.minor + bound <= self.minor:
                return
            if fixed or worth[step]:
                self.nodes += 1
                self._visit(self._child(node, worth, step))
            if fixed:
                return

    def _child(self, node: _Node, worth: list[int], step: int) -> _Node:
        place, room = node.place + step, self.table.room - node.taken.bit_count()
        left = _less(node.left, self.table.rows[place].takes(node.left)) if room > 1 else node.left
        return _Node(place + 1, left, worth[step + 1 :], node.taken | 1 << place, node.minor + worth[step])

    def _rows(self, taken: int) -> tuple[Reach, ...]:
        return tuple(one for place, one in enumerate(self.table.rows) if taken >> place & 1)


class _Node(msgspec.Struct, frozen=True):
    """A combination so far: which place comes next, what is left of each line, and what it saves."""

    place: int
    left: list[int]
    worth: list[int]
    """What those from ``place`` on can save at most."""
    taken: int
    minor: int


def _bits(flags: Iterable[bool]) -> int:
    return sum(flag << place for place, flag in enumerate(flags))


def _less(left: list[int], off: list[int]) -> list[int]:
    return [one - less for one, less in zip(left, off, strict=True)]
