"""Card numbers: what is one, what only looks like one, and that none hides in any shape of message."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.cards import (
    MASK,
    card_in,
    holds_card_number,
    is_trade_code,
    luhn,
    masked,
    masked_in,
    without_trade_codes,
)
from edge.core.issuers import ISSUED

CARD = "4000000000000002"


class Note(msgspec.Struct):
    """A message with texts in several depths."""

    op: str = ""
    answers: dict[str, str] = {}
    rows: tuple[tuple[str, ...], ...] = ()
    count: int = 0


def with_check(digits: str) -> str:
    """The digits and their check digit."""
    return next(f"{digits}{check}" for check in range(10) if luhn(f"{digits}{check}"))


@st.composite
def pans(draw: st.DrawFn) -> str:
    """A number of any scheme, at any of its lengths."""
    issued = draw(st.sampled_from(ISSUED))
    begin = str(draw(st.integers(issued.first, issued.last)))
    rest = draw(st.sampled_from(sorted(issued.lengths))) - len(begin) - 1
    return with_check(begin + draw(st.text("0123456789", min_size=rest, max_size=rest)))


@given(pans(), st.sampled_from(["", " ", "-"]), st.sampled_from(["", "my card: ", "(", "№ "]))
def test_a_card_number_is_known_in_any_grouping(pan: str, between: str, before: str) -> None:
    grouped = between.join(pan[at : at + 4] for at in range(0, len(pan), 4))
    text = f"{before}{grouped}, thanks"
    assert holds_card_number(text)
    assert masked(text) == f"{before}{MASK}, thanks"


@pytest.mark.parametrize(
    "pan",
    [
        *("4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005"),
        *("6011111111111117", "30569309025904", "3530111333300000", "6200000000000005", "6759649826438453"),
        *("5018000000000000009"[:18] + "0", "8171999927660000", "9792020000000001", "2200000000000004"),
    ],
)  # fmt: skip
def test_numbers_that_schemes_publish_for_tests_are_known(pan: str) -> None:
    number = pan if luhn(pan) else with_check(pan[:-1])
    assert holds_card_number(number)


@given(pans(), st.sampled_from(["12 ", "room 7, 3 ", "000 ", "1-"]), st.sampled_from([" 12", "-3", " 000 1"]))
def test_what_stands_beside_it_hides_none(pan: str, before: str, after: str) -> None:
    """Also where the digits beside it would spoil the check of all of them together."""
    assert holds_card_number(f"{before}{pan}{after}")
    assert pan not in masked(f"{before}{pan}{after}")


def test_no_more_is_masked_than_the_number() -> None:
    assert masked(f"room 12 {CARD} 000 7") == f"room 12 {MASK} 000 7"
    assert masked(f"{CARD} 12, then {CARD}") == f"{MASK} 12, then {MASK}"


SHARE_MAX = {12: 0.001, 13: 0.018, 14: 0.006, 15: 0.022, 16: 0.042, 17: 0.03, 18: 0.04, 19: 0.04}
"""One number in ten passes the check digit alone; these many of all numbers are taken for a card's."""


@pytest.mark.parametrize(("digits", "most"), SHARE_MAX.items())
def test_few_numbers_of_an_operators_own_look_like_one(digits: int, most: float) -> None:
    chance = random.Random(digits)  # noqa: S311 - a sample, nothing secret
    tried = 10_000
    found = sum(holds_card_number("".join(chance.choices("0123456789", k=digits))) for _ in range(tried))
    print(f"{digits} digits: {found / tried:.2%} taken for a card's")
    assert found / tried <= most


@pytest.mark.parametrize("prefix", ["2026", "17", "0", "7", "90"])
def test_an_own_number_that_begins_as_no_card_does_is_never_refused(prefix: str) -> None:
    chance = random.Random(prefix)  # noqa: S311 - as above
    for digits in (12, 13, 14, 16, 19):
        for _ in range(300):
            body = "".join(chance.choices("0123456789", k=digits - len(prefix) - 1))
            number = with_check(prefix + body)
            assert not holds_card_number(number), number


@given(pans(), st.integers(0, 9))
def test_a_wrong_check_digit_is_no_card(pan: str, other: int) -> None:
    wrong = pan[:-1] + str(other)
    assert holds_card_number(wrong) is (wrong == pan)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678901",
        "04000000000006ab",
        "G4000000000000002",
        CARD * 2,
        "2026-11-28T12:00:00.000",
        "4000  0000 0000 0002",
        "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
    ],
)
def test_what_is_shorter_longer_or_runs_into_letters_is_none(text: str) -> None:
    assert not holds_card_number(text)
    assert masked(text) == text


@pytest.mark.parametrize(
    "said",
    [
        CARD,
        " ".join(CARD),
        Note(answers={"question": CARD}),
        Note(answers={CARD: "yes"}),
        Note(rows=((), ("x", CARD))),
        [{"deep": [CARD]}],
        frozenset({CARD}),
    ],
)
def test_it_is_found_however_deep_it_lies(said: object) -> None:
    assert card_in(said)


def test_machines_numbers_and_named_fields_are_left_alone() -> None:
    assert not card_in(Note(op=CARD, count=int(CARD)), ("op",))
    assert not card_in({"uid": CARD}, ("uid",))
    assert card_in(Note(op=CARD))


def test_a_report_is_kept_with_words_in_their_place() -> None:
    assert masked_in({"cause": f"paid {CARD}", "n": 3, "list": [CARD, ("x",)]}) == {
        "cause": f"paid {MASK}",
        "n": 3,
        "list": [MASK, ["x"]],
    }


@pytest.mark.parametrize("code", ["8001234000011", "96385074", "036000291452", "10614141000415"])
def test_numbers_of_trade_items_are_known_by_their_check_digit(code: str) -> None:
    assert is_trade_code(code)
    assert not is_trade_code(f"{code[:-1]}{(int(code[-1]) + 1) % 10}")
    assert without_trade_codes(f"a {code} b") == "a b"


@pytest.mark.parametrize("text", ["", "123", "80012340000x7", "٤" * 8])
def test_other_words_are_no_trade_item(text: str) -> None:
    assert not is_trade_code(text)
