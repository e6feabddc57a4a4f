"""A price list: taken whole, or refused with the line and what to write there."""

from __future__ import annotations

import pytest

from edge.core.cards import holds_card_number, is_trade_code
from edge.core.catalogue import Article, Catalogue, Group
from edge.errors import Refused
from sync.central.imports.price_list import (
    COLUMNS,
    FILE_BYTES_MAX,
    percent,
    permille_in,
    read_price_list,
    rows_of,
)

NOW = Catalogue(articles=(Article(id="cup", price_minor=200),), groups=(Group(id="bar"),))
CARD = "4111111111111111"


def told(text: str, now: Catalogue = NOW) -> tuple[tuple[Article, ...], list[tuple[int, str]]]:
    articles, wrong = read_price_list(text.encode(), now, "EUR")
    return articles, [(one.number, one.why) for one in wrong]


def test_a_line_becomes_an_article() -> None:
    heading = "id;name_it;price;tax;group;deposit;age_min;codes;off"
    text = f"{heading}\nbeer;Birra;4,80;22;bar;cup;18;8001234000011 b-1;no"
    (beer,), wrong = told(text)
    assert not wrong
    assert beer == Article(
        id="beer",
        names={"it": "Birra"},
        price_minor=480,
        tax_permille=220,
        group="bar",
        deposit="cup",
        age_min=18,
        codes=("8001234000011", "b-1"),
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a b,1,,,", "id is empty, or has a slash or a blank"),
        ("a,one,,,", "price 'one' is not an amount, as 4.50"),
        ("a,1.005,,,", "price '1.005' is not an amount"),
        ("a,100000.01,,,", "price is more than 100000.00"),
        ("a,1,22.55,,", "tax '22.55' is not a per cent"),
        ("a,1,,x,", "age_min 'x' is no whole number from 0 to 99"),
        ("a,1,,,none", "a names group none, which does not exist"),
        ("a,1,,", "4 fields, the heading has 5"),
        (f"a,1,,,{CARD}", "group looks like the number of a payment card"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, why: str) -> None:
    _, wrong = told(f"id,price,tax,age_min,group\ncup,2,,,\n\n{line}\n")
    assert [number for number, _ in wrong] == [4]
    assert why in wrong[0][1]
    assert CARD not in wrong[0][1]


def test_an_id_that_stands_twice_names_the_first_line() -> None:
    assert told("id,price\na,1\na,2")[1] == [(3, "id a stands in line 2 already")]


def test_a_code_is_no_card_if_its_own_check_digit_holds() -> None:
    """One trade number in ten passes the check of cards too; a card's is still refused."""
    both = next(code for n in range(10**4) if is_trade_code(code := f"4{n:012}") and holds_card_number(code))
    (article,), wrong = told(f"id,price,codes\na,1,{both}")
    assert (article.codes, wrong) == ((both,), [])
    assert "payment card" in told(f"id,price,codes\na,1,{CARD}")[1][0][1]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"id,colour,price\n", "Line 1: columns colour are not known"),
        (b"id,name_it\n", "Line 1: id or price is missing"),
        (b"", "Line 1"),
        (b"id,price\na,\xff", "no CSV file in UTF-8"),
        (b"id,price\0", "no CSV file in UTF-8"),
        (b" " * (FILE_BYTES_MAX + 1), "larger than 2 MiB"),
    ],
)
def test_an_unusable_file_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_price_list(content, NOW, "EUR")


def test_what_is_exported_can_be_sent_again_unchanged() -> None:
    beer = Article(
        id="beer", names={"de": "Bier"}, price_minor=-50, tax_permille=55, codes=("c",), position=3, off=True
    )
    now = Catalogue(articles=(*NOW.articles, beer), groups=NOW.groups)
    text = "\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in rows_of(now, "EUR"))])
    assert told(text, now) == (now.articles, [])


def test_too_long_lines_codes_and_other_words_are_refused() -> None:
    _, wrong = told("id,price,codes,off\n" + "a" * 5_000 + "\nb,1," + " ".join("abcdefghi") + ",\nc,1,,maybe")
    assert [number for number, _ in wrong] == [2, 3, 4]


@pytest.mark.parametrize(("permille", "text"), [(220, "22"), (55, "5.5"), (0, "0")])
def test_a_tax_is_written_as_per_cent(permille: int, text: str) -> None:
    assert (percent(permille), permille_in(text)) == (text, permille)


@pytest.mark.parametrize("text", ["-1", "100", "5.55", "x", "", "٤"])
def test_other_words_are_no_tax(text: str) -> None:
    assert permille_in(text) is None
