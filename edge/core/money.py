"""Money is a whole number of minor units of one currency."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class CurrencyMismatch(ValueError):
    """Amounts of two currencies meet where only one can be."""


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount: ``minor`` whole minor units (cents) of ``currency`` (ISO 4217 code, three capitals)."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """Return the sum of two amounts of one currency."""
        return Money(self.minor + _same(self, other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference of two amounts of one currency."""
        return Money(self.minor - _same(self, other), self.currency)

    def __neg__(self) -> Money:
        """Return what is owed the other way."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Return whether this is less; amounts of two currencies have no order."""
        return self.minor < _same(self, other)

    def __le__(self, other: Money) -> bool:
        """Return whether this is not more."""
        return self.minor <= _same(self, other)

    def __gt__(self, other: Money) -> bool:
        """Return whether this is more."""
        return self.minor > _same(self, other)

    def __ge__(self, other: Money) -> bool:
        """Return whether this is not less."""
        return self.minor >= _same(self, other)

    def __bool__(self) -> bool:
        """Return whether it is any money at all."""
        return self.minor != 0


def allocate(amount: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Share an amount by whole weights without losing or making a unit: who is owed most gets the rest first.

    Without any weight at all the shares are equal; equal claims on the rest are served in order.
    """
    if not weights or min(weights) < 0:
        raise ValueError("an amount is shared among at least one, by weights of zero or more")
    whole = sum(weights)
    shares = list(weights) if whole else [1] * len(weights)
    whole = whole or len(weights)
    sign = -1 if amount.minor < 0 else 1
    parts = [divmod(abs(amount.minor) * share, whole) for share in shares]
    rest = abs(amount.minor) - sum(part for part, _ in parts)
    served = sorted(range(len(parts)), key=lambda n: (-parts[n][1], n))[:rest]
    return tuple(Money(sign * (part + (n in served)), amount.currency) for n, (part, _) in enumerate(parts))


def _same(one: Money, other: Money) -> int:
    if one.currency != other.currency:
        raise CurrencyMismatch(f"{one.currency} and {other.currency} are two currencies")
    return other.minor
