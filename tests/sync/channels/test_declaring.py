"""A birthday told by a channel: with a yes alone, never read back, known to rules at its channel's choice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from edge.core.consent import Namespace
from edge.core.offers import OfferRule, Why
from sync.central.choices import judge_choices
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.channels.test_offering import EVERYTHING, Stand, an_offer
from tests.sync.journey.book import GUEST

TODAY = dt.datetime.fromtimestamp(NOW_MS / 1_000, dt.UTC)
BORN = {"month": TODAY.month, "day": TODAY.day}
RULE = OfferRule(id="r2", version=1, cel="guest.birthday == 'today'")
HERE = f"/v1/guests/{GUEST}/birthday"


@pytest.fixture
def stand(sealed_store: Store, clock: Clockwork) -> Any:
    made = Stand(sealed_store, clock)
    with sealed_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Giulia"), Guest(id="g-2", age_band="8-11")])
    made.publishes(an_offer("cake", rule="r2"), rules=(RULE,))
    return made.by(id="club", namespaces=frozenset(Namespace))


def test_a_rule_of_a_channel_knows_it_once_it_is_declared_until_it_is_taken_back(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    assert stand.offers() == {}
    assert stand.why("cake") is Why.MISSING_FIELD
    assert stand.asks("PUT", HERE, BORN) == (200, {"known": True})
    stand.publishes(an_offer("cake", rule="r2"), rules=(RULE,))
    assert set(stand.offers()) == {"cake"}
    found = judge_choices(stand.book.store, SITE)
    assert (found.judged, found.equal) == (2, 2)
    assert stand.asks("DELETE", HERE) == (200, {"known": False})
    assert stand.asks("DELETE", HERE) == (200, {"known": False})
    stand.publishes(an_offer("cake", rule="r2"), rules=(RULE,))
    assert stand.offers() == {}


def test_it_is_neither_asked_nor_written_down_where_it_may_not_choose(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    assert stand.asks("PUT", HERE, BORN)[0] == 200
    blind = stand.by(id="blind", namespaces=frozenset({Namespace.BEHAVIOUR}))
    assert blind.offers() == {}
    stand.says_of(("offers:demographic@app",), given=False)
    assert stand.offers() == {}
    contexts = [one.exposed.asked.context for one in stand.chosen()]
    assert [one.guest.birthday for one in contexts] == [None, None]
    stand.says_of(("offers:demographic@app",))
    assert set(stand.offers()) == {"cake"}


def test_without_a_yes_to_it_nothing_is_kept_and_taking_back_needs_none(stand: Stand) -> None:
    stand.says_of(("offers",))
    assert stand.asks("PUT", HERE, BORN)[0] == 403
    stand.says_of(("offers:demographic",))
    assert stand.asks("PUT", HERE, BORN)[0] == 200
    stand.says_of(("offers:demographic",), given=False)
    assert stand.asks("DELETE", HERE) == (200, {"known": False})


def test_a_channel_without_that_part_and_a_child_declare_none(stand: Stand) -> None:
    stand.says_of(EVERYTHING)
    stand.says_of(EVERYTHING, "g-2")
    blind = stand.by(id="blind", namespaces=frozenset({Namespace.BEHAVIOUR, Namespace.INTEREST}))
    assert blind.asks("PUT", HERE, BORN)[0] == 403
    assert stand.asks("PUT", "/v1/guests/g-2/birthday", BORN)[0] == 403
    assert stand.asks("PUT", "/v1/guests/nobody/birthday", BORN)[0] == 404


@pytest.mark.parametrize(
    "said", [BORN | {"year": 1990}, {"month": 2, "day": 30}, {"month": 13, "day": 1}, {"day": 1}, {}]
)
def test_no_year_is_taken_and_no_day_that_there_is_in_none(stand: Stand, said: dict[str, int]) -> None:
    stand.says_of(EVERYTHING)
    assert stand.asks("PUT", HERE, said)[0] == 422
