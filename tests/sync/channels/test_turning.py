"""In which turn of clock, weather and crowd a channel chooses: anew when others may be made, no sooner."""

from __future__ import annotations

import datetime as dt

from edge.core.calendar import local
from edge.core.conditions import WEATHER_GOOD_MS
from edge.core.offers import OfferRule, Period, Why
from sync.central.channels.book import May
from sync.central.choices import judge_choices
from sync.central.days import zone_of
from tests.sync.builders import SITE
from tests.sync.channels.test_offering import EVERYTHING, Stand, an_offer
from tests.sync.channels.test_offering import stand as stand


def test_a_channel_chooses_anew_when_an_hour_begins_and_when_it_is_over(stand: Stand) -> None:
    with stand.book.store.reading() as tx:
        wall = local(zone_of(tx, SITE), stand.clock.ms)
    minute = wall.hour * 60 + wall.minute
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("noon", period=Period(from_min=minute + 10, until_min=minute + 30)))
    shown = []
    for _ in range(8):
        shown.append(set(stand.offers()))
        stand.clock.ms += 300_000
    assert shown == [set()] * 2 + [{"noon"}] * 4 + [set()] * 2
    assert len(stand.chosen()) == 2, "and no sooner than it matters"


def test_a_channel_tells_of_weather_and_crowd_and_rules_know_it_while_it_is_good(stand: Stand) -> None:
    rule = OfferRule(id="r3", version=1, cel="site.weather == 'rain'")
    stand.says_of(EVERYTHING)
    stand.publishes(an_offer("umbrella", rule="r3"), rules=(rule,))
    assert stand.offers() == {}
    assert stand.why("umbrella") is Why.MISSING_FIELD
    at = dt.datetime.fromtimestamp(stand.clock.ms / 1_000, dt.UTC).isoformat()
    told = {"at": at, "weather": "rain"}
    assert stand.asks("PUT", "/v1/conditions", told) == (200, {"weather": "rain", "crowd": None})
    older = {"at": "2025-01-01T00:00:00Z", "weather": "sun", "crowd": "full"}
    assert stand.asks("PUT", "/v1/conditions", older) == (200, {"weather": "rain", "crowd": None})
    assert set(stand.offers()) == {"umbrella"}, "chosen anew on the same day"
    found = judge_choices(stand.book.store, SITE)
    assert (found.judged, found.equal) == (2, 2)
    assert stand.asks("PUT", "/v1/conditions", told | {"weather": "frogs"})[0] == 422
    assert stand.asks("PUT", "/v1/conditions", told | {"at": "2031-01-01T00:00:00Z"})[0] in (400, 409, 422)
    stand.clock.ms += WEATHER_GOOD_MS + 1
    assert stand.offers() == {}
    blind = stand.by(id="blind", routes=frozenset({May.OFFERS}))
    assert blind.asks("PUT", "/v1/conditions", told)[0] == 403
