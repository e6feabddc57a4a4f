"""Money is a whole number of minor units of one currency."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

_NONE = ("BIF CLP DJF GNF ISK JPY KMF KRW PYG", "RWF UGX UYI VND VUV XAF XOF XPF")
DIGITS: dict[str, int] = {
    **{code: 0 for line in _NONE for code in line.split()},
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""How many digits of ISO 4217's currencies stand behind the point, where it is not two."""
DIGITS_USUAL = 2
WHOLE_DIGITS_MAX = 9
"""Digits before the point of an amount that somebody types."""
MINOR_MAX = 10**12
"""No single amount is larger; sums of them stay far below 2^63."""


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


def digits_of(currency: str) -> int:
    """Return how many digits of a currency's amounts stand behind the point."""
    return DIGITS.get(currency, DIGITS_USUAL)


def spelled(minor: int, currency: str, *, point: str = ".") -> str:
    """Return an amount in digits, as ``4.20``, for files and forms; screens ask their own language."""
    digits = digits_of(currency)
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}{point}{rest:0{digits}}" if digits else f"{sign}{whole}"


def minor_in(text: str, currency: str) -> int | None:
    """Return the minor units that digits spell, with a comma or a point; None where they spell none."""
    sign, bare = (-1, text[1:]) if text.startswith("-") else (1, text)
    whole, _, rest = bare.replace(",", ".").partition(".")
    digits = digits_of(currency)
    told = (whole + rest).isascii() and whole.isdecimal() and (not rest or rest.isdecimal())
    if not told or len(rest) > digits or len(whole) > WHOLE_DIGITS_MAX:
        return None
    return sign * int(whole + rest.ljust(digits, "0"))


def rounded(dividend: int, divisor: int) -> int:
    """Divide whole numbers, halves away from zero: the only rounding that money meets."""
    half = (2 * abs(dividend) + abs(divisor)) // (2 * abs(divisor))
    return half if (dividend < 0) == (divisor < 0) else -half


def tax_within(gross_minor: int, tax_permille: int) -> int:
    """Return the tax that a price holds: ``tax_permille`` thousandths of the net price, rounded once."""
    return rounded(gross_minor * tax_permille, 1_000 + tax_permille)


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
