"""What guests said of what they bought, at the console: as sure as it is, and nobody's in particular."""

from __future__ import annotations

import pytest

from edge.core.catalogue import Article
from edge.core.feedback import FeedbackGiven
from sync.central.console.operators import Role
from sync.central.console.pages.feedback import products
from sync.central.near import feedback
from sync.central.near.feedback import Score
from sync.central.registry import catalogue
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, a_browser, an_open_park, an_operator

PAGE = f"{HOME}/feedback"


@pytest.fixture
def mario(small_store: Store) -> Browser:
    """A marketer, before a soup that eight of ten like and a cake of which nine have spoken."""
    an_open_park(small_store)
    an_operator(small_store, "mario", Role.MARKETER)
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="soup", names={"en": "Soup"}), Article(id="cake")])
        for at in range(10):
            word = (5, "") if at < 8 else (1, "waiting") if at == 8 else (2, "price")
            said = FeedbackGiven(score=word[0], because=word[1], point="bar", articles=("soup",))
            feedback.take(tx, SITE, said)
        for _ in range(9):
            feedback.take(tx, SITE, FeedbackGiven(score=1, point="bar", articles=("cake",)))
    return a_browser(small_store, "mario")


def test_a_thing_is_told_with_its_share_its_interval_and_what_was_wrong(mario: Browser) -> None:
    page = mario.says(PAGE)
    assert "soup Soup 10 80 % 49 % 94 % the price" in page, page
    assert "cake" not in page, "of fewer than ten words nothing is told"
    assert mario.get(f"{PAGE}?file=feedback").text.splitlines()[1] == "soup,Soup,10,80 %,49 %,94 %,the price"


def test_what_nobody_spoke_of_is_an_empty_page(small_store: Store) -> None:
    an_open_park(small_store)
    an_operator(small_store)
    assert "Nothing yet" in a_browser(small_store, "olga").says(PAGE)


def test_the_least_liked_comes_first_and_the_visit_has_a_name(mario: Browser, small_store: Store) -> None:
    with small_store.transaction() as tx:
        for _ in range(30):
            feedback.take(tx, SITE, FeedbackGiven(score=3, point="kiosk"))
    page = mario.says(PAGE)
    assert page.index("The visit 30 0 %") < page.index("soup Soup")


def test_the_reason_that_most_unhappy_gave_is_named_and_no_happy_one_s() -> None:
    found = products(
        (Score("soup", 1, "price", 4), Score("soup", 2, "place", 5), Score("soup", 5, "staff", 90))
    )
    assert [(one.said, one.because, round(one.happy, 3)) for one in found] == [(99, "place", 0.909)]
