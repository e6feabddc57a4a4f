"""How a purchase was, by a channel: once, counted by article and lot, its words masked."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.catalogue import Article
from edge.core.orders import Stock
from sync.central import export
from sync.central.care import changed, spoken
from sync.central.care.changed import Change
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.near import feedback, stock
from sync.central.privacy import erasure
from sync.central.registry import catalogue
from sync.central.store import Store, select
from tests.sync.builders import NOW_MS, SITE, Clockwork, a_site
from tests.sync.channels.test_channels import Shop
from tests.sync.journey.book import GUEST, OWNER

WORD = {"id": "w-1", "guest": GUEST, "purchase": "op-1", "score": 2, "because": "product", "call": True,
        "text": "Giulia waited for Zoltan, the soup was cold"}  # fmt: skip


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    """An app, and a guest who bought a soup of lot L7 an hour ago."""
    made = Shop(small_store, clock)
    hour_ago = NOW_MS - 3_600_000
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="soup"), Article(id="cup")])
        opened = Stock(article="soup", store="bar", device="", on_hand=9, at_ms=hour_ago - 1, lot="L7")
        stock.put(tx, SITE, [opened])
        bought = Entry("/till", "b1", OWNER, hour_ago << 16, 0, Via.TILL, What.BOUGHT, point="bar",
                       subject="soup cup", ref="op-1")  # fmt: skip
        diary.put(tx, SITE, [bought])
    return made


def rates(shop: Shop, **said: Any) -> tuple[int, Any]:
    return shop.asks("POST", "/v1/feedback", WORD | said)


def test_a_word_is_counted_once_by_article_and_lot_and_stands_in_the_diary(
    shop: Shop, small_store: Store
) -> None:
    status, told = rates(shop)
    assert status == 200, told
    assert (told["first"], told["text"]) == (True, "[name] waited for Zoltan, the soup was cold")
    for again in ({}, {"id": "w-2"}, {"id": "w-3", "score": 5}):
        assert rates(shop, **again) == (200, {"first": False, "text": "", "case": ""})
    with small_store.reading() as tx:
        lots = feedback.of_lots(tx, SITE, since=0)
        (heard,) = spoken.of_guest(tx, SITE, GUEST)
    assert [(one.article, one.lot, one.score, one.times) for one in lots] == [
        ("cup", "", 2, 1), ("soup", "L7", 2, 1),
    ]  # fmt: skip
    assert heard.text == told["text"]
    assert ("fed_back", 1) in shop.book.says()


def test_of_a_visit_a_guest_says_one_word_a_day(shop: Shop, small_store: Store, clock: Clockwork) -> None:
    def first(id_: str, **said: Any) -> bool:
        return bool(rates(shop, id=id_, purchase="", call=False, text="Lovely", **said)[1]["first"])

    assert [first("v-1"), first("v-2"), first("v-3", score=5)] == [True, False, False]
    assert rates(shop)[1]["first"] is True, "the soup is another thing"
    assert [first("v-4", guest=""), first("v-5", guest="")] == [True, True]
    clock.ms += 86_400_000
    assert [first("v-6"), first("v-7")] == [True, False]
    with small_store.reading() as tx:
        visits = [one for one in spoken.of_guest(tx, SITE, GUEST) if not one.typed.about]
    assert len(visits) == 2


def test_a_count_opens_a_lot_from_then_on_and_one_without_leaves_it_open(small_store: Store) -> None:
    a_site(small_store)

    def counted(lot: str, at_ms: int) -> tuple[str, int]:
        one = Stock(article="soup", store="bar", device="", on_hand=9, at_ms=at_ms, lot=lot)
        with small_store.transaction() as tx:
            stock.put(tx, SITE, [one])
            found = stock.find(tx, SITE, "soup", store="bar")
        assert found is not None
        return found.lot, found.lot_ms

    told = [counted(lot, at_ms) for lot, at_ms in (("", 1), ("L7", 2), ("", 3), ("L7", 4), ("L8", 5))]
    assert told == [("", 0), ("L7", 2), ("L7", 2), ("L7", 2), ("L8", 5)]


def test_the_app_reads_what_was_changed_about_it(shop: Shop, small_store: Store) -> None:
    case = rates(shop)[1]["case"]
    with small_store.transaction() as tx:
        change = Change(op="c1", article="soup", words="We heat the bowls now.", by="olga")
        assert changed.tell(tx, SITE, change) == 1
    said = shop.asks("GET", f"/v1/cases/{case}")[1]["said"]
    assert [(one["by"], one["text"]) for one in said] == [
        ("guest", "[name] waited for Zoltan, the soup was cold"), ("us", "We heat the bowls now."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({"text": "my card 4000 0000 0000 0002"}, 422, "payment card"),
        ({"text": "x" * 501}, 422, "$.text"),
        ({"text": "a\x0bb"}, 422, "$.text"),
        ({"score": 6}, 422, "$.score"),
        ({"because": "weather"}, 422, "$.because"),
        ({"guest": ""}, 422, "$.guest"),
        ({"purchase": "op-9"}, 404, "no such purchase"),
        ({"guest": "g-9"}, 404, "g-9"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place_and_nothing_of_it_stays(
    shop: Shop, small_store: Store, said: dict[str, Any], status: int, words: str
) -> None:
    answer = rates(shop, **said)
    assert answer[0] == status, answer
    assert words in str(answer[1]), answer
    with small_store.reading() as tx:
        assert tx.execute(select(spoken.word_table.c.word_id)).all() == []
        assert feedback.scores(tx, SITE) == ()


def test_of_who_does_not_want_to_be_known_nobody_is_kept(shop: Shop, small_store: Store) -> None:
    told = rates(shop, guest="", purchase="", text="Lovely park")[1]
    assert told == {"first": True, "text": "Lovely park", "case": ""}
    assert rates(shop, guest="", purchase="", text="Lovely park")[1]["first"] is False
    with small_store.reading() as tx:
        (heard,) = spoken.newest(tx, SITE, since_ms=0)
        assert feedback.scores(tx, SITE)[0].article == feedback.VISIT
    assert (heard.guest, heard.typed.about, heard.text) == ("", "", "Lovely park")


def test_an_erasure_takes_the_words_and_the_guest_s_file_has_them_before(
    shop: Shop, small_store: Store
) -> None:
    rates(shop)
    with small_store.reading() as tx:
        (word,) = export.told_of(tx, SITE, GUEST).words
    assert (word.score, word.because, word.articles) == (2, "product", ("soup", "cup"))
    assert "soup was cold" in word.text
    with small_store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
        assert tx.execute(select(spoken.word_table.c.word_id)).all() == []
