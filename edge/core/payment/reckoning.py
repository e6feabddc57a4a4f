"""What goes back when something is not bought after all: per line with its tax, per leg what it paid."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.core.basket import Basket, Line
from edge.core.lease import LeaseKind
from edge.core.money import Money, allocate, rounded, tax_within
from edge.core.payment.legs import Leg, Tender
from edge.core.payment.sale import Sale, VoidedLine

UNPAYING = frozenset({Tender.DISCOUNT, Tender.LIMIT})
"""Legs that no money went into."""


class Objection(enum.StrEnum):
    """Why a payment is not taken back, captured or given back."""

    DONE = "done"
    """Under this very id it was done before: its answer is kept."""
    ENDED = "ended"
    """The sale is voided, refunded or expired as a whole."""
    NOT_CAPTURED = "not_captured"
    """A part of what is only authorised cannot be taken back: capture less, or give it all up."""
    NOT_HELD = "not_held"
    LATE = "late"
    OTHER_BAND = "other_band"
    OTHER_POINT = "other_point"
    UNKNOWN_LINE = "unknown_line"
    TOO_MUCH = "too_much"
    NOTHING = "nothing"
    LEASE_GONE = "lease_gone"
    """A lease that it was paid from is not at this device, or frozen: central gives it back."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """So many of one line of the basket; the lines are counted from 0."""

    line: int
    quantity: int


class Back(msgspec.Struct, frozen=True):
    """What goes back: each line's part, each leg as it stands then, and the money in all."""

    lines: tuple[VoidedLine, ...]
    legs: tuple[Leg, ...]
    minor: int


def whole_of(sale: Sale) -> tuple[Piece, ...]:
    """Return all that is left of every line."""
    left = ((number, _left(sale, number)) for number in range(len(sale.basket.lines)))
    return tuple(Piece(number, quantity) for number, quantity in left if quantity > 0)


def reckon(sale: Sale, pieces: Iterable[Piece]) -> Back | Objection:
    """Return what these pieces give back, or why they do not; parts taken one by one make up the whole."""
    lines: list[VoidedLine] = []
    for piece in pieces:
        if not 0 <= piece.line < len(sale.basket.lines):
            return Objection.UNKNOWN_LINE
        if piece.quantity < 1 or any(one.line == piece.line for one in lines):
            return Objection.NOTHING
        if piece.quantity > _left(sale, piece.line):
            return Objection.TOO_MUCH
        lines.append(_voided(sale, piece))
    if not lines:
        return Objection.NOTHING
    legs = _discounts_back(sale, lines)
    minor = sum(line.gross_minor for line in lines) - _gone(sale.legs, legs)
    paid = sum(leg.left_minor for leg in legs if leg.tender not in UNPAYING)
    if not 0 <= minor <= paid:
        return Objection.TOO_MUCH
    return Back(tuple(lines), money_back(legs, minor, sale.basket.currency), minor)


def chosen(
    basket: Basket, pieces: Iterable[Piece], *, minor: int | None = None
) -> tuple[Line, ...] | Objection:
    """Return these pieces of a basket as lines of their own; ``minor`` is a lower price of the only one."""
    lines: dict[int, Line] = {}
    for piece in pieces:
        if not 0 <= piece.line < len(basket.lines):
            return Objection.UNKNOWN_LINE
        line = basket.lines[piece.line]
        if piece.quantity < 1 or piece.line in lines:
            return Objection.NOTHING
        if piece.quantity > abs(line.quantity):
            return Objection.TOO_MUCH
        lines[piece.line] = replace(line, quantity=piece.quantity if line.quantity > 0 else -piece.quantity)
    if minor is None:
        return tuple(lines[number] for number in sorted(lines))
    only = next(iter(lines.values())) if len(lines) == 1 else None
    if only is None or only.quantity != 1 or not 0 < minor <= only.price_minor:
        return Objection.TOO_MUCH
    return (replace(only, price_minor=minor),)


def money_back(legs: tuple[Leg, ...], minor: int, currency: str) -> tuple[Leg, ...]:
    """Return the legs after an amount went back: to each what it paid of it, and what counted along too."""
    paying = [leg for leg in legs if leg.tender not in UNPAYING]
    if paying:
        parts = allocate(Money(minor, currency), [leg.left_minor for leg in paying])
        back = {leg.number: part.minor for leg, part in zip(paying, parts, strict=True)}
        legs = tuple(_less(leg, back.get(leg.number, 0)) for leg in legs)
    return tuple(_counted_less(leg, legs) if leg.tender is Tender.LIMIT else leg for leg in legs)


def changes(before: tuple[Leg, ...], after: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Return what went back to each leg, as legs of that alone."""
    return tuple(
        replace(
            then,
            amount_minor=then.voided_minor - was.voided_minor,
            units=then.voided_units - was.voided_units,
            voided_minor=0,
            voided_units=0,
        )
        for was, then in zip(before, after, strict=True)
        if then != was
    )


def _left(sale: Sale, number: int) -> int:
    gone = sum(one.quantity for one in sale.voided if one.line == number)
    return abs(sale.basket.lines[number].quantity) - gone


def _voided(sale: Sale, piece: Piece) -> VoidedLine:
    """The tax of all pieces together is the line's own, its discount taken off: each takes up to it."""
    line = sale.basket.lines[piece.line]
    earlier = [one for one in sale.voided if one.line == piece.line]
    gross, whole = _gross(line, piece.quantity), abs(line.quantity)
    gone = whole - _left(sale, piece.line) + piece.quantity
    off = sum(
        rounded(leg.amount_minor * gone, whole)
        for leg in sale.legs
        if leg.tender is Tender.DISCOUNT and leg.line == piece.line
    )
    taken = tax_within(sum(one.gross_minor for one in earlier) + gross - off, line.tax_permille)
    return VoidedLine(
        line=piece.line,
        quantity=piece.quantity,
        gross_minor=gross,
        tax_minor=taken - sum(one.tax_minor for one in earlier),
        name=line.name,
        tax_permille=line.tax_permille,
    )


def _gross(line: Line, quantity: int) -> int:
    return (quantity if line.quantity > 0 else -quantity) * line.price_minor


def _discounts_back(sale: Sale, lines: list[VoidedLine]) -> tuple[Leg, ...]:
    """A line's discount goes back with its pieces; the unit itself with the last of them."""
    voided = {line.line: line.quantity for line in lines}
    return tuple(
        _discount_less(sale, leg, voided[leg.line]) if leg.line is not None and leg.line in voided else leg
        for leg in sale.legs
    )


def _discount_less(sale: Sale, leg: Leg, quantity: int) -> Leg:
    line = leg.line or 0
    whole = abs(sale.basket.lines[line].quantity)
    gone = whole - _left(sale, line) + quantity
    return replace(
        leg,
        voided_minor=rounded(leg.amount_minor * gone, whole),
        voided_units=leg.units if gone == whole else leg.voided_units,
    )


def _gone(before: tuple[Leg, ...], after: tuple[Leg, ...]) -> int:
    return sum(then.voided_minor - was.voided_minor for was, then in zip(before, after, strict=True))


def _less(leg: Leg, minor: int) -> Leg:
    if not minor:
        return leg
    voided = leg.voided_minor + minor
    return replace(leg, voided_minor=voided, voided_units=leg.units * voided // leg.amount_minor)


def _counted_less(leg: Leg, legs: tuple[Leg, ...]) -> Leg:
    """What counted along goes back as far as what it counted did; a tap only with the last of it."""
    tenders = (Tender.WALLET, Tender.RISK) if leg.kind.startswith(f"{LeaseKind.DAY}:") else (Tender.RISK,)
    beside = [one for one in legs if one.band == leg.band and one.tender in tenders]
    whole = sum(one.amount_minor for one in beside)
    voided = sum(one.voided_minor for one in beside)
    return replace(leg, voided_units=leg.units * voided // whole if whole else leg.units)
