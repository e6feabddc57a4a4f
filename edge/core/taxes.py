"""Taxes: what is in the lines of a bill, per rate, so that lines, their parts and whole bills add up."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.basket import Line
from edge.core.money import tax_within
from edge.core.payment.legs import Leg, Tender


class ReceiptLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some of one thing; discounts and deposits that came back are negative."""

    name: str
    quantity: int
    price_minor: int
    tax_permille: int = 0
    off_minor: int = 0
    """What a voucher took off it, and the tax in that."""
    voucher: str = ""
    """Which one: its kind."""
    label: str = ""
    """What it is called, where it was an offer."""
    tax_left_minor: int | None = None
    """Of a part of a line: what of that line's tax was still owed; None: the line is whole."""

    @property
    def gross_minor(self) -> int:
        """What the line costs, its tax included."""
        return self.quantity * self.price_minor

    @property
    def due_minor(self) -> int:
        """What is to be paid of it."""
        return self.gross_minor - self.off_minor

    @property
    def tax_minor(self) -> int:
        """The tax in that, rounded per line; the parts of a line together have the line's."""
        if self.tax_left_minor is not None:
            return self.tax_left_minor
        return tax_within(self.due_minor, self.tax_permille)


class TaxShare(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of one rate together."""

    permille: int
    gross_minor: int
    tax_minor: int

    @property
    def net_minor(self) -> int:
        """What is left without the tax."""
        return self.gross_minor - self.tax_minor


class Off(msgspec.Struct, frozen=True):
    """What was taken off one line, and what that is called."""

    minor: int
    kind: str
    label: str
    """Names of offers; empty: its kind says it."""


def lines_of(lines: Iterable[Line], legs: Iterable[Leg]) -> tuple[ReceiptLine, ...]:
    """Return the lines of a bill, each with the voucher that lowered it."""
    off = off_by_line(legs)
    return tuple(
        ReceiptLine(
            name=line.name,
            quantity=line.quantity,
            price_minor=line.price_minor,
            tax_permille=line.tax_permille,
            off_minor=off[number].minor if number in off else 0,
            voucher=off[number].kind if number in off else "",
            label=off[number].label if number in off else "",
        )
        for number, line in enumerate(lines)
    )


def off_by_line(legs: Iterable[Leg]) -> dict[int, Off]:
    """Return what lowers each line that is lowered: one voucher, or offers one after the other."""
    found: dict[int, Off] = {}
    for leg in legs:
        if leg.tender is Tender.DISCOUNT and leg.line is not None:
            known = found.get(leg.line, Off(0, leg.kind, ""))
            labels = " + ".join(dict.fromkeys(filter(None, (known.label, leg.label))))
            found[leg.line] = Off(known.minor + leg.amount_minor, known.kind, labels)
    return found


def taxes_of(lines: Iterable[ReceiptLine]) -> tuple[TaxShare, ...]:
    """Return the sums per rate; each line's tax was rounded by itself, so that voids of lines add up."""
    gross, tax = dict[int, int](), dict[int, int]()
    for line in lines:
        gross[line.tax_permille] = gross.get(line.tax_permille, 0) + line.due_minor
        tax[line.tax_permille] = tax.get(line.tax_permille, 0) + line.tax_minor
    return tuple(
        TaxShare(permille=rate, gross_minor=gross[rate], tax_minor=tax[rate])
        for rate in sorted(gross, reverse=True)
    )
