"""What would this guest see: the whole live bundle by the real engine, as an edge chooses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.catalogue import Article
from edge.core.conditions import CONDITIONS, Conditions
from edge.core.events import Kind
from edge.core.offers import Choice, Control
from edge.core.offers import Kind as Sort
from edge.core.offers.asked import Exposed
from edge.core.offers.bundle import Group, OfferRule
from edge.core.offers.shelves import about_shelves
from sync.central.campaigns import whole
from sync.central.campaigns.seen import Place
from tests.builders import NOW_MS, ROME, a_layout
from tests.service.house import House, an_edge
from tests.service.offered import CAKE, SOUP, a_fan, an_offer, published, seen
from tests.service.purses import granted

RAIN = Conditions(weather="rain", weather_ms=NOW_MS)
RULES = (
    OfferRule(id="rain", version=1, cel="site.weather == 'rain'"),
    OfferRule(id="full", version=1, cel="site.crowd == 'full'"),
    OfferRule(id="often", version=1, cel="size(guest.segments) > 3"),
)
OFFERS = (
    an_offer("a", budget=None, priority=3, rule="rain"),
    an_offer("b", budget=None, priority=2, group="soup"),
    an_offer("c", budget=None, priority=1, group="soup"),
    an_offer("d", budget=None, rule="full"),
    an_offer("e", budget=None, rule="often"),
    an_offer("f", budget=None, kind=Sort.NEW, needs=("cake",)),
    an_offer("g", budget=None, points=("north",)),
    an_offer("h", budget=None),
    an_offer("i", budget=None),
)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        granted(house)
        yield house


def goods() -> tuple[Article, ...]:
    return (CAKE, SOUP)


@pytest.mark.timeout(30)
def test_the_tester_comes_to_what_a_kiosk_chose_with_order_slots_and_every_reason(edge: House) -> None:
    edge.publish((CONDITIONS, "", RAIN))
    bundle = published(edge, *OFFERS, rules=RULES, groups=(Group(id="soup"),), control=Control())
    seen(edge, a_fan(edge).band.id)
    (event,) = edge.journal.of_kind(Kind.OFFERS_EXPOSED, 1)
    there = msgspec.msgpack.decode(event.body, type=Exposed)
    place = Place(at_ms=NOW_MS, zone=ROME, layout=a_layout(), point="kiosk")
    around = whole.Around(stock=about_shelves(goods(), (), NOW_MS, taken={}), conditions=RAIN)
    here = whole.sees(bundle, "pasted", there.asked.context, place=place, around=around)
    assert told(here) == told(there.choice)
    assert [one.offer for one in here.tiles] == ["a", "b", "f"]
    assert len(here.losers) == 6


def told(choice: Choice) -> tuple[object, ...]:
    """What of a choice does not go by who it was made for."""
    return choice.tiles, choice.losers, choice.stack
