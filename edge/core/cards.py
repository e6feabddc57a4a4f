"""Card numbers: how a payment card's number is known wherever a text comes in, because none may be kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from edge.core.issuers import DIGITS_MAX, DIGITS_MIN, is_issued

_DIGITS = re.compile(r"(?<![0-9A-Za-z])\d+(?:[ -]\d+)*(?![0-9A-Za-z])", re.ASCII)
"""Digits in one piece or in groups; what runs into letters is no card's number."""
_GROUP = re.compile(r"\d+", re.ASCII)
GROUP_MIN = 2
"""Digits of a group that is looked at beside others."""
TRADE_LENGTHS = (8, 12, 13, 14)
MASK = "[card number]"
WORDS = "That looks like the number of a payment card."
HINT = "Never type card numbers here; let numbers of your own begin with a letter, with 0 or with 7."


def holds_card_number(text: str) -> bool:
    """Say whether ``text`` holds 12 to 19 digits that begin as a card's and pass ISO/IEC 7812-1's check."""
    return next(_cards_in(text), None) is not None


def masked(text: str) -> str:
    """Return ``text`` with every card number in it replaced by words."""
    parts, end = [], 0
    for first, last in _cards_in(text):
        parts += [text[end:first], MASK]
        end = last
    return "".join([*parts, text[end:]])


def is_trade_code(text: str) -> bool:
    """Say whether digits are the number of a trade item (GTIN-8, 12, 13, 14) by their own check digit."""
    if not (text.isascii() and text.isdecimal()) or len(text) not in TRADE_LENGTHS:
        return False
    weighed = sum(int(digit) * (3, 1)[at % 2] for at, digit in enumerate(reversed(text[:-1])))
    return (weighed + int(text[-1])) % 10 == 0


def without_trade_codes(text: str) -> str:
    """Return a text that lists codes of goods without them: one in ten passes the check of cards, too."""
    return " ".join(word for word in text.split() if not is_trade_code(word))


def card_in(said: object, not_typed: Collection[str] = ()) -> bool:
    """Say whether any text within ``said`` holds a card number; fields named in ``not_typed`` are left out.

    Numbers are looked at only as text: what machines count is no card.
    """
    match said:
        case str():
            return holds_card_number(said)
        case msgspec.Struct():
            named = said.__struct_fields__
            return any(card_in(getattr(said, name), not_typed) for name in named if name not in not_typed)
        case Mapping():
            pairs = [(key, value) for key, value in said.items() if key not in not_typed]
            return any(card_in(key) or card_in(value, not_typed) for key, value in pairs)
        case list() | tuple() | set() | frozenset():
            return any(card_in(one, not_typed) for one in said)
        case _:
            return False


def masked_in(said: object) -> object:
    """Return plain values (text, lists, maps) with every card number in their texts replaced."""
    match said:
        case str():
            return masked(said)
        case dict():
            return {key: masked_in(value) for key, value in said.items()}
        case list() | tuple():
            return [masked_in(one) for one in said]
        case _:
            return said


def luhn(digits: str) -> bool:
    """Say whether the last digit of ``digits`` is the check digit of the others."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0


def _cards_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield where card numbers begin and end: groups that make one together, whatever stands beside them."""
    for run in _DIGITS.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        if _is_card("".join(text[first:last] for first, last in groups)):
            yield run.span()
            continue
        place = 0
        while place < len(groups):
            size = _groups_of_card(text, groups[place : place + DIGITS_MAX])
            if size:
                yield groups[place][0], groups[place + size - 1][1]
            place += size or 1


def _groups_of_card(text: str, groups: Sequence[tuple[int, int]]) -> int:
    """Return how many groups from the first on make a card's number, the most that do; 0: none.

    Digits that stand alone are a list; they make a card's number only where nothing stands beside them.
    """
    digits, found = "", 0
    for size, (first, last) in enumerate(groups, 1):
        digits += text[first:last]
        if last - first < GROUP_MIN or len(digits) > DIGITS_MAX:
            break
        if _is_card(digits):
            found = size
    return found


def _is_card(digits: str) -> bool:
    return DIGITS_MIN <= len(digits) <= DIGITS_MAX and is_issued(digits) and luhn(digits)
