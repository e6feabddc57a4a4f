"""A basket: what is bought, line by line with its tax, under the id that it keeps for ever."""

from __future__ import annotations

import enum
import re

import msgspec

from edge.core.money import MINOR_MAX, tax_within

LINES_MAX = 64
QUANTITY_MAX = 9_999
TEXT_CHARS_MAX = 80
TEXTS_BYTES_MAX = 4_000
"""All words of a basket together: its event must fit into one."""
PERMILLE = 1_000
_OP_ID = re.compile(r"(?=[0-9-]*[A-Za-z_])[A-Za-z0-9_.:-]{8,64}")
_CURRENCY = re.compile("[A-Z]{3}")


class Line(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Some of one thing; discounts and deposits that come back have a negative quantity or price."""

    item: str
    name: str
    quantity: int
    price_minor: int
    """Gross, of one."""
    tax_permille: int = 0
    category: str = ""
    age_min: int = 0

    @property
    def gross_minor(self) -> int:
        """What the line costs, tax included."""
        return self.quantity * self.price_minor

    @property
    def tax_minor(self) -> int:
        """The tax in it, rounded per line."""
        return tax_within(self.gross_minor, self.tax_permille)


class Basket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What somebody is about to pay; ``op_id`` is fixed when it is opened and lives as long as it does."""

    op_id: str
    point: str
    currency: str
    lines: tuple[Line, ...] = ()
    opened_ms: int = 0
    staff: str = ""

    @property
    def total_minor(self) -> int:
        """What all lines cost together."""
        return sum(line.gross_minor for line in self.lines)


class BasketFault(enum.StrEnum):
    """Why a basket cannot be sold as it is."""

    OP_ID = "op_id"
    CURRENCY = "currency"
    EMPTY = "empty"
    LINES = "lines"
    TEXT = "text"
    QUANTITY = "quantity"
    PRICE = "price"
    TAX = "tax"
    TOTAL = "total"


def fault_of(basket: Basket) -> BasketFault | None:
    """Say what is wrong with a basket; None: it can be sold. An op_id of digits might look like a card's."""
    if _OP_ID.fullmatch(basket.op_id) is None:
        return BasketFault.OP_ID
    if _CURRENCY.fullmatch(basket.currency) is None:
        return BasketFault.CURRENCY
    if not basket.lines:
        return BasketFault.EMPTY
    if len(basket.lines) > LINES_MAX:
        return BasketFault.LINES
    if sum(len(text.encode()) for line in basket.lines for text in _texts(line)) > TEXTS_BYTES_MAX:
        return BasketFault.TEXT
    faults = (_fault_in(line) for line in basket.lines)
    fault = next((one for one in faults if one is not None), None)
    if fault is None and not 0 <= basket.total_minor <= MINOR_MAX:
        fault = BasketFault.TOTAL
    return fault


def _fault_in(line: Line) -> BasketFault | None:
    if not line.item or max(len(text) for text in _texts(line)) > TEXT_CHARS_MAX:
        return BasketFault.TEXT
    if not 1 <= abs(line.quantity) <= QUANTITY_MAX:
        return BasketFault.QUANTITY
    if abs(line.price_minor) > MINOR_MAX:
        return BasketFault.PRICE
    return None if 0 <= line.tax_permille <= PERMILLE else BasketFault.TAX


def _texts(line: Line) -> tuple[str, str, str]:
    return line.item, line.name, line.category
