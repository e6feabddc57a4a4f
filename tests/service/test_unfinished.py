"""What was looked for elsewhere, at a kiosk: after a tap that proves itself, with consent, for a week."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.catalogue import ARTICLE, Article
from edge.core.consent import Consent, Source
from edge.core.entitlements import Party
from edge.core.orders import STOCK, Stock
from edge.core.unfinished import KEEP_MS, Unfinished, as_words
from edge.core.waiting import WAITS
from edge.nearviews import LeftView
from edge.service.standing import HoldAgain
from hardware.port import Trust
from tests.builders import NOW_MS
from tests.service.house import House, an_edge, worn

DAY_MS = 86_400_000
BED = Article(id="bed", names={"it": "Letto ad acqua", "en": "Water bed"}, price_minor=49_900)
PODS = Article(id="pods", names={"it": "Capsule", "en": "Pods"}, price_minor=490)
LOOKED = (
    Unfinished(article="pods", at_ms=NOW_MS - DAY_MS, basket=True),
    Unfinished(article="bed", at_ms=NOW_MS - 2 * DAY_MS),
    Unfinished(article="gone", at_ms=NOW_MS - 2 * DAY_MS),
)
OPEN = ("offers", "offers:interest")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        stock = Stock(article="bed", store="till", device="edge-1", on_hand=9, at_ms=NOW_MS - 180_000)
        made.publish((ARTICLE, "bed", BED), (ARTICLE, "pods", PODS), (STOCK, "bed/till", stock))
        comes(made)
        yield made


def comes(house: House, *topics: str, **changes: object) -> None:
    """Central tells of the guest, who said yes to these; to all that it takes where none is named."""
    said = tuple(Consent(purpose=one, turns=1, source=Source.APP) for one in topics or OPEN)
    known = {"tags": ("vip", *as_words(LOOKED)), "consents": said, "rev": next(house.seqs) + 5}
    house.tell(worn(house, **known | changes))


def held(house: House, **changes: object) -> str:
    return house.service.present(house.tap(reader="reader-kiosk", **changes)).tap_id


def left(house: House, tap: str = "") -> list[str]:
    view = house.service.near.view(tap or held(house), "kiosk")
    return [one.article.article for one in view.unfinished]


def test_after_a_tap_it_stands_there_with_its_price_and_where_it_can_be_had(house: House) -> None:
    view = house.service.near.view(held(house), "kiosk")
    basket, bed = view.unfinished
    assert (basket.article.names["en"], basket.article.price_minor, basket.basket) == ("Pods", 490, True)
    assert basket.article.shelves == (), "nobody counted them"
    (shelf,) = bed.article.shelves
    assert (shelf.store, shelf.word, view.at_ms - shelf.at_ms) == ("till", "in_stock", 180_000)
    assert isinstance(bed, LeftView)
    assert not bed.basket


def test_what_is_told_to_the_screens_stream_has_none_of_it(house: House) -> None:
    held(house)
    said = repr(house.told("kiosk-kiosk"))
    assert "guest" in said or "plan" in said
    assert not any(word in said for word in ("looked:", "basket:", "bed", "pods"))


@pytest.mark.parametrize("topic", ["offers", "offers:interest"])
def test_taken_back_at_the_kiosk_it_is_gone_at_once_and_given_again_it_is_back(
    house: House, topic: str
) -> None:
    tap = held(house)
    assert left(house, tap) == ["pods", "bed"]
    house.service.consent(tap, "kiosk", topic, given=False)
    assert left(house, tap) == []
    assert left(house) == []
    house.service.consent(tap, "kiosk", topic, given=True)
    assert left(house, tap) == ["pods", "bed"]


@pytest.mark.parametrize("topics", [("offers",), ("offers:interest",), ("presence", "research")])
def test_without_both_words_nothing_is_shown_whatever_was_told(house: House, topics: tuple[str, ...]) -> None:
    comes(house, *topics)
    assert left(house) == []


def test_of_a_child_and_for_a_band_that_may_be_a_copy_nothing_is_shown(house: House) -> None:
    comes(house, party=Party(id="p", size=2, role="child"))
    assert left(house) == []
    band = msgspec.structs.replace(worn(house).band, trust_min=1)
    comes(house, band=band)
    assert left(house) == ["pods", "bed"]
    assert left(house, held(house, trust=Trust.UID, counter=None)) == []


def test_nobody_reads_it_without_a_tap_of_now_and_here(house: House) -> None:
    tap = held(house)
    with pytest.raises(HoldAgain):
        house.service.near.view(tap, "till")
    house.hands.forward(s=301)
    with pytest.raises(HoldAgain):
        left(house, tap)


def test_after_seven_days_it_is_gone_though_central_was_never_heard_of_again(house: House) -> None:
    house.hands.forward(s=(KEEP_MS - 2 * DAY_MS) / 1_000)
    assert left(house) == ["pods"]
    house.hands.forward(s=DAY_MS / 1_000)
    assert left(house) == []


def test_what_is_off_and_what_is_not_sold_here_is_not_spoken_of(house: House) -> None:
    house.publish((ARTICLE, "pods", msgspec.structs.replace(PODS, off=True)))
    assert left(house) == ["bed"]


def test_a_guest_reads_on_their_own_page_all_that_is_held_of_it_and_no_word_of_ours(house: House) -> None:
    known = house.service.what_you_know(held(house), "kiosk")
    assert [one.article for one in known.looked_for] == ["pods", "bed", "gone"]
    assert known.looked_for[1].at_ms == NOW_MS - 2 * DAY_MS
    assert known.tags == ("vip",)


def test_a_guest_who_waits_for_our_answer_reads_so_and_not_our_word_for_it(house: House) -> None:
    comes(house, tags=("vip", WAITS))
    known = house.service.what_you_know(held(house), "kiosk")
    assert known.waits
    assert known.tags == ("vip",)


def test_staff_who_look_a_guest_up_see_it_where_the_guest_lets_it_be_used_there(house: House) -> None:
    def seen() -> list[str]:
        (card,) = house.service.look_up(house.session(), "Giulia")
        return [one.names.get("en", "") for one in card.looked_for]

    assert seen() == ["Pods", "Water bed", ""]
    house.service.consent(held(house), "kiosk", "offers:interest", given=False)
    assert seen() == []
    closed = Consent(purpose="offers:interest@till", turns=2, source=Source.APP)
    said = (*(Consent(purpose=one, turns=9, source=Source.APP) for one in OPEN), closed)
    comes(house, consents=said)
    assert seen() == [], "closed for the till"
    assert left(house) == ["pods", "bed"], "and open at the kiosk"
