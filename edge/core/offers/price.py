"""The price of a basket under offers: what each takes off each line, and what comes back with the goods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edge.core.basket import Line
from edge.core.money import MINOR_MAX, Money, allocate, rounded
from edge.core.offers.offer import Effect, Level, Offer, Unit

PERCENT = 100
LEVELS = tuple(Level)
NO_EFFECT = Effect()


class Applied(msgspec.Struct, frozen=True, array_like=True):
    """What one offer takes off each line of a basket, in minor units, zero or more."""

    offer: str
    off: tuple[int, ...]

    @property
    def minor(self) -> int:
        """What it takes off in all."""
        return sum(self.off)


class Reach(msgspec.Struct, frozen=True):
    """What of a basket an offer lowers the price of: lines, how many things they have, how many count."""

    offer: Offer
    parts: tuple[tuple[int, int, int], ...]

    def worth(self, left: Sequence[int]) -> int:
        """Return what it takes off where this is left of each line; of more left never less."""
        effect, off = self.offer.effect or NO_EFFECT, 0
        if effect.level is Level.LINE:
            for number, quantity, count in self.parts:
                off += _off(effect, left[number] * count // quantity, count)
        else:
            off = _off(effect, sum(left[number] for number, _, _ in self.parts), 1)
        return min(off, self._ceiling)

    def takes(self, left: Sequence[int]) -> list[int]:
        """Return what it takes off each line, by largest remainder where that is a share of a sum."""
        effect, weights = self.offer.effect or NO_EFFECT, [0] * len(left)
        for number, quantity, count in self.parts:
            base = left[number] * count // quantity
            weights[number] = _off(effect, base, count) if effect.level is Level.LINE else left[number]
        return [share.minor for share in allocate(Money(self.worth(left), ""), weights or [0])][: len(left)]

    @property
    def _ceiling(self) -> int:
        budget = self.offer.budget
        return budget.each if budget is not None and budget.unit is Unit.MONEY else MINOR_MAX


def reach(offer: Offer, lines: Sequence[Line]) -> Reach:
    """Return what an offer can touch: never a line that gives money back, the dearest things first."""
    effect = offer.effect
    if effect is None:
        return Reach(offer, ())
    mine = [n for n, line in enumerate(lines) if line.quantity > 0 < line.price_minor and _fits(effect, line)]
    units = effect.units or sum(lines[number].quantity for number in mine)
    parts = []
    for number in sorted(mine, key=lambda n: (-lines[n].price_minor, n)):
        count = min(units, lines[number].quantity)
        units -= count
        parts.append((number, lines[number].quantity, count))
    return Reach(offer, tuple(sorted(parts)))


def in_order(offers: Iterable[Offer]) -> list[Offer]:
    """Return offers as they are applied: lines, basket, coupons, points; then by priority, then by id."""
    return sorted(offers, key=_step)


def applied(lines: Sequence[Line], offers: Iterable[Offer]) -> tuple[Applied, ...]:
    """Return what each offer takes off, one after the other: no line ever costs less than nothing."""
    left = priced(lines)
    taken = []
    for offer in in_order(offers):
        off = reach(offer, lines).takes(left)
        left = [one - less for one, less in zip(left, off, strict=True)]
        taken.append(Applied(offer.id, tuple(off)))
    return tuple(taken)


def priced(lines: Iterable[Line]) -> list[int]:
    """Return what can be lowered of each line: nothing of deposits and other lines that give money back."""
    return [max(0, line.gross_minor) for line in lines]


def comes_back(off_minor: int, quantity: int, *, before: int, units: int) -> int:
    """Return what of a line's discount goes back with ``units`` of its things, after ``before`` of them.

    However a line comes back, at once or in parts, the parts of its discount add up to the whole of it.
    """
    if not 0 <= before <= before + units <= quantity:
        raise ValueError("no more comes back than was bought")
    return off_minor * (before + units) // quantity - off_minor * before // quantity


def _off(effect: Effect, base: int, count: int) -> int:
    instead = 0 if effect.price_minor is None else max(0, base - effect.price_minor * count)
    return min(base, rounded(base * effect.percent, PERCENT) + effect.off_minor * count + instead)


def _fits(effect: Effect, line: Line) -> bool:
    anything = not effect.articles and not effect.categories
    return anything or line.item in effect.articles or line.category in effect.categories


def _step(offer: Offer) -> tuple[int, int, str]:
    return LEVELS.index((offer.effect or NO_EFFECT).level), -offer.priority, offer.id
