"""Issuers: which beginnings of a number, at which lengths, payment cards have (ISO/IEC 7812-1)."""

from __future__ import annotations

from typing import NamedTuple

DIGITS_MIN, DIGITS_MAX = 12, 19
LONG = frozenset(range(16, 20))
ANY = frozenset(range(DIGITS_MIN, DIGITS_MAX + 1))


class Issued(NamedTuple):
    """Numbers from one beginning to another, both of as many digits, and how long such numbers are."""

    first: int
    last: int
    lengths: frozenset[int]


ISSUED = (
    Issued(1, 1, frozenset({15})),  # UATP
    Issued(2200, 2205, LONG),  # Mir, BORICA
    Issued(2221, 2720, frozenset({16})),  # Mastercard
    Issued(300, 305, frozenset(range(14, 20))),  # Diners Club
    Issued(309, 309, frozenset(range(14, 20))),
    Issued(36, 36, frozenset(range(14, 20))),
    Issued(38, 39, frozenset(range(14, 20))),
    Issued(34, 34, frozenset({15})),  # American Express
    Issued(37, 37, frozenset({15})),
    Issued(3528, 3589, LONG),  # JCB, RuPay, LankaPay
    Issued(1800, 1800, frozenset({15})),  # JCB of old
    Issued(2131, 2131, frozenset({15})),
    Issued(4, 4, frozenset({13, 16, 18, 19})),  # Visa and national schemes that issue under it
    Issued(50, 58, LONG),  # Mastercard, Maestro, Elo, Verve, Dankort, Meeza
    Issued(6, 6, LONG),  # Maestro, Discover, UnionPay, RuPay, Troy, InterPayment, Hipercard
    # Maestro alone is as short as this; these are the beginnings that it was issued under.
    *(Issued(one, one, ANY) for one in (5018, 5020, 5038, 5612, 5893, 6304, 6390)),
    *(Issued(one, one, ANY) for one in (6759, 6761, 6762, 6763)),
    Issued(81, 82, LONG),  # UnionPay, RuPay
    Issued(8600, 8600, frozenset({16})),  # UzCard
    Issued(9792, 9792, frozenset({16})),  # Troy
    Issued(9860, 9860, frozenset({16})),  # Humo
)
"""Wide where schemes share a digit: a guest's number refused costs a letter, a card's let in far more.
Nobody issues cards that begin with 0 or 7: those digits are free for numbers of an operator's own."""
_BY_DIGIT = {
    digit: tuple(one for one in ISSUED if str(one.first)[0] <= digit <= str(one.last)[0])
    for digit in "0123456789"
}


def is_issued(digits: str) -> bool:
    """Say whether some scheme gives out numbers that begin like this one and are as long."""
    for first, last, lengths in _BY_DIGIT[digits[0]]:
        if len(digits) in lengths and first <= int(digits[: len(str(first))]) <= last:
            return True
    return False
