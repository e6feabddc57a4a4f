"""Who would see a campaign goes by the weather that the site was told of, while that word is good."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from sync.central.campaigns import life
from sync.central.offers.campaigned import Audience
from sync.central.registry import conditions
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE
from tests.sync.campaigns.shop import a_plan, opened
from tests.sync.console.desk import HOME, a_browser, an_open_park, an_operator

SEEN = f"{HOME}/campaigns/wet/seen?point=gate&at="


def test_who_would_see_it_goes_by_the_site_s_own_weather_while_its_word_is_good(small_store: Store) -> None:
    an_open_park(small_store)
    opened(small_store)
    an_operator(small_store)
    olga, wet = a_browser(small_store, "olga"), Audience(rule="site.weather == 'rain'")
    with small_store.transaction() as tx:
        life.make(tx, SITE, "wet", plan=a_plan({"points": ("gate",)}, audience=wet), by="anna")
        conditions.tell(tx, SITE, weather="rain")
    now = dt.datetime.fromtimestamp(NOW_MS / 1_000, zoneinfo.ZoneInfo("Europe/Rome"))
    assert "A regular who comes every week tile 1" in olga.says(f"{SEEN}{now:%Y-%m-%dT%H:%M}")
    later = olga.says(f"{SEEN}{now + dt.timedelta(days=9):%Y-%m-%dT%H:%M}")
    assert "A regular who comes every week no Its rule" in later, "no word is good for nine days"
