"""What guests said of what they bought, at the console: as sure as it is, and nobody's in particular."""

from __future__ import annotations

import pytest

from edge.core.calendar import DAY_MS
from edge.core.catalogue import Article
from edge.core.feedback import FeedbackGiven
from sync.central import sites
from sync.central.care import cases, spoken
from sync.central.care.case import Links, Step, Told
from sync.central.care.spoken import Source
from sync.central.console import liking
from sync.central.console.operators import Role
from sync.central.console.pages.feedback import BARS_MAX, products
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.near import feedback
from sync.central.near.feedback import Monthly, OfLot, Score
from sync.central.registry import catalogue, guests
from sync.central.registry.guests import Guest
from sync.central.store import Connection, Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.desk import HOME, Browser, a_browser, an_open_park, an_operator
from tests.sync.journey.book import GUEST, OWNER, Book

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
    assert "soup Soup 10 80 % 49 % 94 % not yet the price" in page, page
    assert "cake" not in page, "of fewer than ten words nothing is told"
    assert (
        mario.get(f"{PAGE}?file=feedback").text.splitlines()[1] == "soup,Soup,10,80,49,94,not yet,the price"
    )


def test_what_is_thought_of_it_is_held_against_last_month_by_article_and_place(
    mario: Browser, small_store: Store
) -> None:
    with small_store.transaction() as tx:
        for at in range(20):
            said = FeedbackGiven(score=5 if at < 4 else 2, because="price", point="bar", articles=("soup",))
            feedback.take(tx, SITE, said, at_ms=NOW_MS - 30 * DAY_MS)
        for _ in range(12):
            feedback.take(tx, SITE, FeedbackGiven(score=5, point="hut"), at_ms=NOW_MS - 400 * DAY_MS)
    page = mario.says(PAGE)
    # 8 of 10 are happy this month and 4 of 20 were last month: +60 points, Newcombe's interval by hand.
    assert "soup Soup 30 40 % 25 % 58 % +60 (from +22 to +79) points the price" in page, page
    assert "bar bar 39 31 % 19 % 46 % +22 (from -7 to +47) points" in page, page
    assert "hut" not in page, "longer than a year ago"
    assert "the price 17 fewer than 10 16" in page, page
    assert "the waiting" not in page
    assert mario.get(f"{PAGE}?file=feedback_places").text.splitlines()[1].startswith("bar,bar,39,31,")


def test_a_month_is_the_site_s_and_of_few_words_nothing_is_held_against_it() -> None:
    few = [Monthly(100, "soup", "bar", 5, "", 9), Monthly(99, "soup", "bar", 1, "", 50)]
    assert liking.changes(few, 100) == {"soup": None}
    assert liking.changes([*few, Monthly(100, "soup", "inn", 5, "", 1)], 100)["soup"] is not None
    assert [one.change for one in liking.places(few, 101)] == [None]


def test_one_word_about_ten_articles_is_one_word_of_its_place_and_of_its_reason(
    mario: Browser, small_store: Store
) -> None:
    ten = tuple(f"dish-{number}" for number in range(10))
    with small_store.transaction() as tx:
        feedback.take(tx, SITE, FeedbackGiven(score=1, because="price", point="inn", articles=ten))
    page = mario.says(PAGE)
    assert "soup Soup 10" in page
    assert "bar bar 19" in page
    assert "inn" not in page, "one person is no ten"
    assert "the price 11" not in page


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


def test_what_was_changed_goes_to_each_who_was_unhappy_with_it_once(small_store: Store) -> None:
    book = Book(small_store)
    an_operator(small_store, "olga")
    said = {g: f"op-{g}" for g in ("soup", "cake", "done")}
    of = {"soup": "bread soup", "cake": "cake soup-bowl", "done": "soup"}
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id="soup"), Article(id="cake")])
        for at, (article, ref) in enumerate(said.items()):
            bought = Entry(
                "/till", ref, OWNER, NOW_MS + at << 16, 0, Via.TILL, What.BOUGHT, subject=of[article], ref=ref
            )
            word = bought._replace(id=f"w-{ref}", what=What.FED_BACK, subject="soup")
            diary.put(tx, SITE, [bought, word])
            first = Told(op=ref, step=Step.OPENED, at_ms=1, word="feedback", via="kiosk",
                         links=Links(guest=GUEST, ref=ref))  # fmt: skip
            cases.open_case(tx, SITE, first)
        since = [
            Entry("/gate", f"e{at}", OWNER, NOW_MS + 99 + at << 16, 0, Via.GATE, What.ENTERED)
            for at in range(501)
        ]
        diary.put(tx, SITE, since)  # however much a guest does until something is changed
        ended = Told(op="x", step=Step.CLOSED, at_ms=2, word="put_right")
        cases.tell(tx, SITE, cases.id_of("op-done"), told=ended)
    olga = a_browser(book.store, "olga")
    for _ in range(2):
        reply = olga.post(f"{PAGE}/soup", what_changed="We salt it less.", op="k")
        assert reply.status_code == 303, reply.text
    assert olga.post(f"{PAGE}/soup", what_changed=" ", op="k2").status_code == 422
    assert olga.get(f"{PAGE}/pasta").status_code == 404
    with small_store.reading() as tx:
        notes = {ref: [one.note for one in cases.steps(tx, SITE, cases.id_of(ref))] for ref in said.values()}
    assert notes == {"op-soup": ["", "We salt it less."], "op-cake": [""], "op-done": ["", ""]}


def test_the_least_liked_are_drawn_and_all_are_in_the_table(small_store: Store) -> None:
    an_open_park(small_store)
    an_operator(small_store)
    with small_store.transaction() as tx:
        for at in range(BARS_MAX + 1):
            for word in range(10):
                said = FeedbackGiven(score=5 if word < at else 1, point="bar", articles=(f"a-{at:02}",))
                feedback.take(tx, SITE, said)
    page = a_browser(small_store, "olga").get(PAGE).text
    figure, table = page.partition("</figure>")[::2]
    rows = table.partition("</table>")[0].count("<tr>")
    assert (figure.count('<svg viewBox="0 0 1000 20"'), rows) == (BARS_MAX, BARS_MAX + 2)


# Lots, and what was typed


def of_lot(tx: Connection, site: str, lot: str, happy: int, sour: int) -> None:
    for at in range(happy + sour):
        score = 5 if at < happy else 1
        said = FeedbackGiven(
            score=score, point="bar", articles=("soup", "cake"), lots=(lot, "") if lot else ()
        )
        feedback.take(tx, site, said)


def test_one_bad_lot_is_told_apart_from_the_others_at_every_site(mario: Browser, small_store: Store) -> None:
    with small_store.transaction() as tx:
        sites.create_site(tx, "town")
        of_lot(tx, SITE, "L7", 2, 18)
        of_lot(tx, SITE, "L8", 18, 2)
        of_lot(tx, "town", "L8", 19, 1)
        of_lot(tx, "town", "L9", 0, 9)
    page = mario.says(PAGE)
    # By hand: 2 of 20 of lot L7, and of all else that was said of the soup 8 + 18 + 19 + 0 of 59.
    assert "soup Soup L7 park 20 10 % 3 % 30 % not yet -66 (from -78 to -43) points" in page, page
    assert "soup Soup L8 park 20 90 %" in page
    assert "L8 town" not in page, "of the 29 said there 9 would be left over: those of L9"
    assert "L9" not in page, "of fewer than ten words nothing is told"
    rows = mario.get(f"{PAGE}?file=feedback_lots").text.splitlines()
    soups = [row for row in rows if row.startswith("soup")]
    assert soups[0].startswith("soup,Soup,L7,park,20"), "the least liked of an article first"
    html = mario.get(PAGE).text
    assert "ill" in html.partition("L7")[2].partition("</tr>")[0]
    assert "ill" not in html.partition(">L8<")[2].partition("</tr>")[0]


def test_a_lot_is_held_against_its_own_last_month() -> None:
    def counted(month: int, lot: str, score: int, times: int) -> OfLot:
        return OfLot(SITE, month, "soup", lot, score, times)

    (one,) = liking.lots([counted(99, "L7", 5, 10), counted(100, "L7", 1, 10)], 100)
    assert one.liked.change is not None
    assert (one.liked.change.difference, one.against) == (-1, None)
    assert liking.lots([counted(100, "", 1, 50)], 100) == (), "nothing is known but the article"


def test_what_is_left_over_of_an_article_at_a_site_is_never_of_few() -> None:
    def told(*lots: tuple[str, int], said: int = 0) -> list[str]:
        counted = [OfLot(SITE, 100, "soup", lot, 5, times) for lot, times in lots]
        return sorted(one.lot for one in liking.lots(counted, 100, said={(SITE, "soup"): said}))

    assert told(("L1", 10), ("L2", 3)) == [], "13 less 10 are 3"
    assert told(("L1", 10), ("L2", 11), ("L3", 3)) == ["L2"], "10 and 3 cannot be told apart"
    assert told(("L1", 10), ("L2", 5), ("L3", 5)) == ["L1"]
    assert told(("L1", 10), ("L2", 11)) == ["L1", "L2"]
    assert told(("L1", 10), ("L2", 11), said=23) == ["L2"], "two were said before lots were counted"


def test_words_are_read_by_article_and_reason_where_ten_have_spoken(
    mario: Browser, small_store: Store
) -> None:
    with small_store.transaction() as tx:
        for at, (article, because, text) in enumerate((
            ("soup", "waiting", "Waited long. Giulia, table 4"), ("soup", "", "Lovely <b>"),
            ("cake", "price", "Far too dear"),
        )):  # fmt: skip
            said = FeedbackGiven(score=2, because=because, point="bar", articles=(article,))
            spoken.keep(tx, SITE, said, source=Source(f"w{at}", NOW_MS, text))
    page = mario.says(PAGE)
    assert "Soup · the waiting 2 of 5: Waited long. [name], table 4" in page, page
    assert "Lovely &lt;b&gt;" in mario.get(PAGE).text
    assert "too dear" not in page, "of the cake nine have spoken: one of them would be known by it"


def test_of_the_visit_words_are_read_where_ten_people_spoke_and_not_where_one_spoke_ten_times(
    mario: Browser, small_store: Store
) -> None:
    def says(at: int, guest: str = "", point: str = "app") -> None:
        said = FeedbackGiven(score=2, point=point, guest=guest)
        with small_store.transaction() as tx:
            feedback.take(tx, SITE, said)
            spoken.keep(tx, SITE, said, source=Source(f"{point}{guest}{at}", NOW_MS, "Too many wasps"))

    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=f"v-{at}") for at in range(9)])
    for at in range(10):
        says(at)
        says(at, guest="v-0")
    page = mario.says(PAGE)
    assert "The visit 20" in page, "in figures they count"
    assert "wasps" not in page
    for at in range(1, 9):
        says(at, guest=f"v-{at}")
    assert "wasps" not in mario.says(PAGE), "nine guests"
    says(0, point="bar")
    assert "Too many wasps" in mario.says(PAGE), "and one at a screen of ours"
