"""A word about a purchase: at the kiosk, at its till, by its receipt; once, and somebody comes if wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge import remarks
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven, Word
from edge.core.orders import STOCK, Stock
from edge.core.profiles import RemarkKey
from edge.errors import Refused, Unknown
from edge.service.near.feedback import FRESH_MS, GIVEN, VISIT
from edge.service.receipts import PHONE_MS_MAX
from tests.builders import NOW_MS
from tests.service.house import House, an_edge
from tests.service.purses import OP, SOUP, TILL, a_guest, bought, cashier, granted
from tests.service.test_near import told


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


def said(
    house: House, score: int = 5, point: str = TILL, *, named: bool = False, text: str = ""
) -> tuple[bool, bool]:
    told = house.service.near.give_feedback_about(OP, point, Word(score=score, named=named, text=text))
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
    assert word.call == "".join(one.id for one in shop.service.help_calls()), "one matter, by one name"


def test_at_the_kiosk_too_somebody_is_sent(shop: House) -> None:
    tap = shop.service.present(shop.tap(reader="reader-kiosk")).tap_id
    assert shop.service.near.give_feedback(tap, "kiosk", score=2, named=True).called
    assert [one.point for one in shop.service.help_calls()] == ["kiosk"]


def test_who_called_already_is_sent_nobody_else_and_it_is_one_matter(shop: House) -> None:
    tap = shop.service.present(shop.tap(reader="reader-kiosk")).tap_id
    call = shop.service.call_help("kiosk", "call-by-hand-0001")
    assert shop.service.near.give_feedback(tap, "kiosk", score=1, named=True).called
    assert [one.id for one in shop.service.help_calls()] == [call.id]
    assert [one.call for one in words(shop)] == [call.id]


def test_of_cash_nobody_is_known_and_somebody_comes_to_the_till(shop: House) -> None:
    who, op_id = cashier(shop), "op-till-00000002"
    shop.service.ring(who, TILL, op_id, lines=(SOUP,))
    shop.service.add_cash(who, TILL, op_id, minor=600)
    assert shop.service.near.give_feedback_about(op_id, TILL, Word(score=1, named=True)).called
    (word,) = words(shop)
    assert (word.guest, word.about, word.articles) == ("", "", ("soup",))


def test_only_a_sale_of_this_till_that_stands_and_was_lately_is_spoken_of(shop: House) -> None:
    with pytest.raises(Unknown):
        shop.service.near.give_feedback_about("op-none-00000001", TILL, Word(score=3))
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


# What is typed, and of which lot it was

PRIVATE, PUBLIC = remarks.new_pair()
KEY = RemarkKey(owner="s:1", public=PUBLIC)


def opened(word: FeedbackGiven, house: House) -> str:
    (event,) = [one for one in house.journal.range(0, 0) if one.kind == Kind.FEEDBACK_GIVEN]
    assert word.sealed is not None
    return remarks.opened(word.sealed, PRIVATE, Kind.FEEDBACK_GIVEN, band=event.band)


def test_what_is_typed_is_masked_and_sealed_so_that_no_file_of_the_edge_holds_it(
    shop: House, tmp_path: Path
) -> None:
    told(shop, ("remarks", "", KEY))
    assert shop.service.near.takes_words()
    said(shop, 2, text="Carla was rude and the soup tasted of Vitalba")
    (word,) = words(shop)
    assert opened(word, shop) == "[name] was rude and the soup tasted of Vitalba"
    shop.store.checkpoint()
    for path in (tmp_path / "edge").rglob("*"):
        assert path.is_dir() or b"Vitalba" not in path.read_bytes(), path


def test_a_card_number_is_refused_and_the_word_can_be_said_again(shop: House) -> None:
    told(shop, ("remarks", "", KEY))
    with pytest.raises(Refused, match="nothing of it was kept"):
        said(shop, 2, text="my card 4000 0000 0000 0002 was charged twice")
    assert words(shop) == []
    assert said(shop, 2, text="my card was charged twice") == (True, False)


def test_where_nobody_could_read_it_no_words_are_taken_and_a_face_is(shop: House) -> None:
    assert not shop.service.near.takes_words()
    with pytest.raises(Refused, match="Nobody could read"):
        said(shop, 2, text="cold")
    assert said(shop, 2) == (True, False)
    (word,) = words(shop)
    assert word.sealed is None


def a_shelf(store: str, lot: str) -> Stock:
    return Stock(article="soup", store=store, device="edge-1", on_hand=9, at_ms=NOW_MS, lot=lot)


def test_a_word_tells_the_lot_that_was_open_where_it_was_sold(shop: House) -> None:
    told(shop, *((STOCK, f"soup/{one.store}", one) for one in (a_shelf(TILL, "L7"), a_shelf("shop-2", "L9"))))
    said(shop, 2)
    (word,) = words(shop)
    assert (word.articles, word.lots) == (("soup",), ("L7",))


def test_a_lot_that_was_opened_after_the_sale_is_not_blamed(shop: House) -> None:
    after_ms = NOW_MS + 600_000
    late = Stock(
        article="soup", store=TILL, device="edge-1", on_hand=9, at_ms=NOW_MS, lot="L8", lot_ms=after_ms
    )
    told(shop, (STOCK, f"soup/{TILL}", late))
    said(shop, 2)
    (word,) = words(shop)
    assert word.lots == ()
