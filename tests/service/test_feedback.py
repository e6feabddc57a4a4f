"""A word about a purchase: at the kiosk, at its till, by its receipt; once, and somebody comes if wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.errors import Refused, Unknown
from edge.service.near.feedback import FRESH_MS, GIVEN, VISIT
from edge.service.receipts import PHONE_MS_MAX
from tests.builders import NOW_MS
from tests.service.house import House, an_edge
from tests.service.purses import OP, SOUP, TILL, a_guest, bought, cashier, granted


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[House]:
    """A till at which Giulia has bought a soup by her band."""
    with an_edge(tmp_path / "edge") as house:
        a_guest(house)
        granted(house)
        bought(house)
        yield house


def words(house: House) -> list[FeedbackGiven]:
    events = [one for one in house.journal.range(0, 0) if one.kind == Kind.FEEDBACK_GIVEN]
    return [msgspec.msgpack.decode(event.body, type=FeedbackGiven) for event in events]


def said(house: House, score: int = 5, point: str = TILL, **changes: bool) -> tuple[bool, bool]:
    told = house.service.near.give_feedback_about(OP, point, score=score, **changes)
    return told.first, told.called


def test_a_purchase_is_spoken_of_once_wherever_that_is(shop: House) -> None:
    tap = shop.service.present(shop.tap(reader="reader-kiosk")).tap_id
    assert shop.service.near.is_asked(OP)
    assert said(shop, 4) == (True, False)
    assert not shop.service.near.is_asked(OP)
    assert said(shop, 1, named=True) == (False, False), "nobody is sent for a second word"
    assert not shop.service.near.give_feedback(tap, "kiosk", score=1, named=True).first
    (word,) = words(shop)
    assert (word.score, word.articles, word.guest, word.about, word.point) == (4, ("soup",), "", "", TILL)
    assert shop.service.help_calls() == ()


@pytest.mark.parametrize(("score", "named", "called"), [(1, True, True), (2, True, True), (3, True, False),
                                                        (1, False, False)])  # fmt: skip
def test_somebody_is_sent_to_who_was_not_content_and_wants_it(
    shop: House, score: int, named: bool, called: bool
) -> None:
    assert said(shop, score, named=named) == (True, called)
    calls = [(one.point, one.reason) for one in shop.service.help_calls()]
    assert calls == ([(TILL, "feedback")] if called else [])
    (word,) = words(shop)
    assert (word.guest, word.about) == (("guest-1", OP) if named else ("", ""))


def test_at_the_kiosk_too_somebody_is_sent(shop: House) -> None:
    tap = shop.service.present(shop.tap(reader="reader-kiosk")).tap_id
    assert shop.service.near.give_feedback(tap, "kiosk", score=2, named=True).called
    assert [one.point for one in shop.service.help_calls()] == ["kiosk"]


def test_of_cash_nobody_is_known_and_somebody_comes_to_the_till(shop: House) -> None:
    who, op_id = cashier(shop), "op-till-00000002"
    shop.service.ring(who, TILL, op_id, lines=(SOUP,))
    shop.service.add_cash(who, TILL, op_id, minor=600)
    assert shop.service.near.give_feedback_about(op_id, TILL, score=1, named=True).called
    (word,) = words(shop)
    assert (word.guest, word.about, word.articles) == ("", "", ("soup",))


def test_only_a_sale_of_this_till_that_stands_and_was_lately_is_spoken_of(shop: House) -> None:
    with pytest.raises(Unknown):
        shop.service.near.give_feedback_about("op-none-00000001", TILL, score=3)
    with pytest.raises(Unknown):
        said(shop, 3, point="kiosk")
    with pytest.raises(Refused, match="A face is one of"):
        said(shop, 6)
    shop.hands.forward(ms=FRESH_MS + 60_000)
    with pytest.raises(Unknown):
        said(shop, 3)
    assert words(shop) == []


def test_what_was_taken_back_is_not_asked_about(shop: House) -> None:
    shop.service.void(cashier(shop), OP, "void-00000001", reason="cold")
    assert not shop.service.near.is_asked(OP)


def test_a_word_of_a_phone_is_neither_its_receipt_nor_good_for_ever(shop: House) -> None:
    receipts = shop.service.receipts
    look, word = receipts.to_phone(cashier(shop), OP), receipts.word_for(OP)
    for ask, token in ((receipts.by_word, look), (receipts.by_phone, word)):
        with pytest.raises(Unknown):
            ask(token)
    assert receipts.by_word(word).op_id == receipts.by_word(word).op_id == OP
    shop.hands.forward(ms=PHONE_MS_MAX)
    with pytest.raises(Unknown):
        receipts.by_word(word)


def test_that_somebody_was_asked_is_kept_under_what_nobody_can_guess(tmp_path: Path) -> None:
    """Guests and days are few: an unkeyed hash of them could be tried out on a copied disk."""
    with an_edge(tmp_path / "edge") as house:
        a_guest(house)
        tap = house.service.present(house.tap(reader="reader-kiosk")).tap_id  # it is about the visit
        house.service.near.give_feedback(tap, "kiosk", score=3)
        [(mark, _)] = house.sequencer.submit(lambda tx: list(tx.rows(GIVEN)))
    days = range(NOW_MS // 86_400_000 + 719_163 - 1, NOW_MS // 86_400_000 + 719_163 + 2)
    guesses = [f"{prefix}{VISIT}/guest-1/{day}".encode() for day in days for prefix in ("", "feedback ")]
    made = {hashlib.blake2b(guess, digest_size=size).hexdigest() for guess in guesses for size in (8, 16)}
    assert mark not in made
    keyed = {f"{house.vault.blind(guess):016x}" for guess in guesses}
    assert mark in keyed, "the control: by the site's key they are the right guesses"
