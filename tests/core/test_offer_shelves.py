"""Shelves as a rule asks for them: the best and surest of a site's figures, and none where nobody counted."""

from __future__ import annotations

import pytest

from edge.core.catalogue import Article
from edge.core.offers import AboutStock
from edge.core.offers.shelves import about_shelves
from edge.core.orders import OLD_MS, Stock

NOW_MS = 10**12
FRESH, OLD = NOW_MS, NOW_MS - OLD_MS - 1


def an_article(id: str, *, off: bool = False) -> Article:
    return Article(id=id, names={"it": id}, price_minor=100, tax_permille=220, off=off)


def counted(on_hand: int, at_ms: int, store: str = "till") -> Stock:
    return Stock(article="cup", store=store, device="", on_hand=on_hand, at_ms=at_ms)


@pytest.mark.parametrize(
    ("shelves", "word"),
    [
        ((), "in_stock"),
        ((counted(9, FRESH),), "in_stock"),
        ((counted(2, FRESH),), "last_pieces"),
        ((counted(9, OLD),), "call_us"),
        ((counted(0, FRESH),), "out"),
        ((counted(9, OLD), counted(2, FRESH, "bar")), "last_pieces"),
        ((counted(0, FRESH), counted(9, OLD, "bar")), "call_us"),
    ],
)
def test_the_surest_word_of_a_sites_shelves_holds(shelves: tuple[Stock, ...], word: str) -> None:
    told = about_shelves([an_article("cup")], shelves, NOW_MS, taken={})
    nothing = dict.fromkeys(AboutStock.__struct_fields__, ())
    assert told == AboutStock(**(nothing | {word: ("cup",)}))


def test_what_is_switched_off_is_out_and_what_was_set_aside_is_gone() -> None:
    goods = [an_article("cup"), an_article("mug", off=True)]
    told = about_shelves(goods, [counted(4, FRESH)], NOW_MS, taken={("cup", "till"): 1})
    assert (told.last_pieces, told.out, told.in_stock) == (("cup",), ("mug",), ())
    assert about_shelves(goods[1:], [counted(4, FRESH)], NOW_MS, taken={}).out == ("mug",)
