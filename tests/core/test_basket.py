"""Baskets: what can be sold, and the tax in it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.basket import (
    LINES_MAX,
    QUANTITY_MAX,
    TEXT_CHARS_MAX,
    TEXTS_BYTES_MAX,
    Basket,
    BasketFault,
    fault_of,
)
from edge.core.cards import holds_card_number
from edge.core.money import MINOR_MAX
from tests.core.purses import a_basket, a_line

WORDY = a_line(name="w" * TEXT_CHARS_MAX)


@pytest.mark.parametrize(
    ("basket", "fault"),
    [
        (a_basket(), None),
        (a_basket(a_line(600), a_line(200, -1)), None),
        (a_basket(a_line(0)), None),
        (a_basket(*[a_line()] * LINES_MAX), None),
        (a_basket(op_id="4111111111111111"), BasketFault.OP_ID),
        (a_basket(op_id="short"), BasketFault.OP_ID),
        (a_basket(op_id="x" * 65), BasketFault.OP_ID),
        (a_basket(op_id="op 000000001"), BasketFault.OP_ID),
        (a_basket(currency="eur"), BasketFault.CURRENCY),
        (replace(a_basket(), lines=()), BasketFault.EMPTY),
        (a_basket(*[a_line()] * (LINES_MAX + 1)), BasketFault.LINES),
        (a_basket(a_line(item="")), BasketFault.TEXT),
        (a_basket(a_line(name="x" * (TEXT_CHARS_MAX + 1))), BasketFault.TEXT),
        (a_basket(*[WORDY] * (TEXTS_BYTES_MAX // TEXT_CHARS_MAX)), BasketFault.TEXT),
        (a_basket(a_line(600, 0)), BasketFault.QUANTITY),
        (a_basket(a_line(1, QUANTITY_MAX + 1)), BasketFault.QUANTITY),
        (a_basket(a_line(MINOR_MAX + 1)), BasketFault.PRICE),
        (a_basket(a_line(tax_permille=-1)), BasketFault.TAX),
        (a_basket(a_line(tax_permille=1_001)), BasketFault.TAX),
        (a_basket(a_line(-1)), BasketFault.TOTAL),
        (a_basket(a_line(MINOR_MAX, 2)), BasketFault.TOTAL),
    ],
)
def test_what_is_wrong_with_a_basket(basket: Basket, fault: BasketFault | None) -> None:
    assert fault_of(basket) is fault


def test_a_line_holds_its_tax() -> None:
    line = a_line(122, 3, tax_permille=220)
    assert (line.gross_minor, line.tax_minor) == (366, 66)
    assert a_line(122, -3, tax_permille=220).tax_minor == -66


def test_no_op_id_that_is_sold_looks_like_a_card() -> None:
    assert holds_card_number("4111111111111111")
    assert fault_of(a_basket(op_id="4111111111111111")) is not None
