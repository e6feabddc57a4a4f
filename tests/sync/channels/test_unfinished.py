"""What guests look for in a channel reaches the edges: with consent, for a week, until they have it."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from edge.core.catalogue import Article
from edge.core.consent import Source
from edge.core.entitlements import Entitlement
from edge.core.profiles import ProfileItem
from edge.core.unfinished import KEEP_MS, UNFINISHED_MAX, Unfinished, read_words
from sync.central.channels.messages import PREFIX
from sync.central.journey.entry import What
from sync.central.journey.unfinished import BASKET, left_of
from sync.central.people import merging
from sync.central.registry import catalogue, consents, guests, profiles, rights, unfinished
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from sync.central.telling.renewal import Renewal, renew
from tests.sync.builders import SITE, Clockwork
from tests.sync.channels.test_channels import INTEREST_HERE, Shop, a_touch
from tests.sync.journey.book import BAND, GUEST

DAY_MS = 86_400_000
SOLD = ("bed", "mug", "pods")


@pytest.fixture
def shop(small_store: Store, clock: Clockwork) -> Shop:
    made = Shop(small_store, clock)
    with small_store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id=one, names={"it": one}, price_minor=900) for one in SOLD])
        profiles.publish_guests(tx, SITE, [GUEST])
    for topic in INTEREST_HERE:
        made.says(topic, True)
    return made


def now(shop: Shop) -> str:
    shop.clock.ms += 1_000
    return dt.datetime.fromtimestamp(shop.clock.ms / 1_000, dt.UTC).isoformat()


def searches(shop: Shop, about: str, what: What = What.SEARCHED, **said: str) -> None:
    """The guest looks for this in the app now."""
    at = now(shop)
    touch = a_touch(id=f"s-{shop.clock.ms}", type=f"{PREFIX}{what}", time=at, data={"about": about} | said)
    assert shop.tells(touch)["new"] == 1


def told(shop: Shop) -> list[str]:
    """What of it the edges are told, once those who tell them have looked."""
    renew(shop.book.store, SITE, now=False)
    return kept(shop)


def kept(shop: Shop) -> list[str]:
    """What of it stands in what the edges were told."""
    with shop.book.store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    tags = msgspec.msgpack.decode(body, type=ProfileItem).profile.tags
    return [f"{one.article}{'!' * one.basket}" for one in read_words(tags, 0)]


def test_a_search_in_the_app_is_told_to_the_edges_the_latest_first_and_only_what_is_sold(shop: Shop) -> None:
    searches(shop, "mug")
    searches(shop, "bed, a bed of water")
    assert told(shop) == ["bed", "mug"]


def test_a_search_wakes_who_tells_the_edges_and_a_purchase_of_who_searched_nothing_wakes_nobody(
    shop: Shop,
) -> None:
    wakes = shop.book.store.wakes
    seen = wakes.seen(Renewal.woken_by)
    searches(shop, "mug", What.ORDERED)
    assert wakes.seen(Renewal.woken_by) == seen
    assert Renewal(shop.book.store).look() == 0
    searches(shop, "mug")
    assert wakes.seen(Renewal.woken_by) > seen
    assert Renewal(shop.book.store).look() == 1


def test_the_last_basket_is_the_open_one_and_an_empty_one_ends_it(shop: Shop) -> None:
    searches(shop, "bed")
    searches(shop, "mug pods", ref=BASKET)
    assert told(shop) == ["mug!", "pods!", "bed"]
    searches(shop, "bed", ref=BASKET)
    assert told(shop) == ["bed!"]
    searches(shop, "", ref=BASKET)
    assert told(shop) == ["bed"]


def test_what_is_ordered_afterwards_is_unfinished_no_more(shop: Shop) -> None:
    searches(shop, "bed")
    searches(shop, "mug", ref=BASKET)
    searches(shop, "mug, bed", What.ORDERED)
    assert told(shop) == []
    searches(shop, "mug")
    assert told(shop) == ["mug"], "looked for again"


@pytest.mark.parametrize("topic", INTEREST_HERE)
def test_in_the_word_that_takes_a_consent_back_the_edges_are_told_to_forget_it(
    shop: Shop, topic: str
) -> None:
    searches(shop, "bed")
    assert told(shop) == ["bed"]
    at = now(shop)
    assert shop.says(topic, False, at)[0] == 200
    assert kept(shop) == []


def test_where_kiosk_and_till_are_closed_nothing_is_told_though_the_app_may_know(shop: Shop) -> None:
    searches(shop, "bed")
    shop.book.allows("offers:interest@kiosk", "offers:interest@till", given=False)
    with shop.book.store.transaction() as tx:
        profiles.publish_guests(tx, SITE, [GUEST])
    assert kept(shop) == []
    assert "searched" in shop.reads()[0]


def test_each_article_goes_from_the_edges_in_its_own_time(shop: Shop) -> None:
    start = shop.clock.ms
    season = Entitlement(id="s", product="day", valid_from_ms=start, valid_until_ms=start + 60 * DAY_MS)
    with shop.book.store.transaction() as tx:
        rights.put_rights(tx, SITE, [season], guest=GUEST)
    searches(shop, "bed")
    shop.clock.ms += DAY_MS
    searches(shop, "mug")
    assert told(shop) == ["mug", "bed"]
    for ms, wanted in ((start + KEEP_MS, ["mug", "bed"]), (start + KEEP_MS + 1_000, ["mug"])):
        shop.clock.ms = ms
        renew(shop.book.store, SITE, now=True)
        assert kept(shop) == wanted
    shop.clock.ms = start + DAY_MS + KEEP_MS + 2_000
    renew(shop.book.store, SITE, now=True)
    assert kept(shop) == []


def test_of_whom_nobody_expects_the_edges_know_nothing_of_it(shop: Shop) -> None:
    searches(shop, "bed")
    assert told(shop) == ["bed"]
    shop.clock.ms += 3 * DAY_MS
    renew(shop.book.store, SITE, now=True)
    assert kept(shop) == []
    searches(shop, "mug")
    assert told(shop) == [], "not told before they come"


def test_who_is_one_with_another_finds_what_they_looked_for_under_either_name(shop: Shop) -> None:
    with shop.book.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2", name="Giulia")])
        take_turn(tx, SITE)
        merging.join(
            tx,
            SITE,
            merging.Pair("g2", GUEST),
            grounds=merging.Grounds("olga", "one address", Source.CONSOLE),
        )
    for topic in INTEREST_HERE:
        shop.says(topic, True, now(shop))
    searches(shop, "bed")
    with shop.book.store.reading() as tx:
        said = consents.consents_of(tx, SITE, [GUEST])[GUEST]
        found = unfinished.READERS[0](tx, SITE, {"g2": said, GUEST: said})
    assert [one.article for one in found["g2"]] == [one.article for one in found[GUEST]] == ["bed"]


def test_no_more_is_left_than_a_screen_shows() -> None:
    lines = [(What.SEARCHED, 1_000 * at, f"a{at}", False) for at in range(9)]
    left = left_of([*lines, (What.SEARCHED, 9_000, "a3", True), (What.BOUGHT, 9_500, "a8", False)])
    assert left[0] == Unfinished(article="a3", at_ms=9_000, basket=True)
    assert [one.article for one in left] == ["a3", "a7", "a6", "a5", "a4", "a2"][:UNFINISHED_MAX]
