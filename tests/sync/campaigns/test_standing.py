"""Whoever subscribed hears that a campaign is live, and that it has ended: by a person or by its calendar."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from edge.core.offers import Period
from sync.central.campaigns import life, standing
from sync.central.campaigns.standing import Standings
from sync.central.hooks import happened
from sync.central.hooks.letters import NAMES, letter
from sync.central.machines.lanes import Stream
from sync.central.store import Store
from tests.sync.builders import Clockwork, a_site
from tests.sync.campaigns.shop import ANNA, LAST, SITE, a_plan, opened, scheduled
from tests.sync.money.test_voucher_order import Two

DAY_MS = 24 * 3_600_000
KINDS = [NAMES["campaign_live"], NAMES["campaign_ended"]]


@pytest.fixture(autouse=True)
def subscribed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody wants to hear of campaigns."""
    monkeypatch.setattr(happened, "LOOKED_AT", [lambda _tx, _site: KINDS])


@pytest.fixture
def park(small_store: Store) -> Store:
    return park_of(small_store)


def park_of(store: Store) -> Store:
    """A site that tells what happens to whoever subscribed."""
    a_site(store)
    opened(store)
    return store


def told(store: Store) -> list[tuple[str, Any, str]]:
    """What a letter would say to whoever asked for campaigns, with whom it is about."""
    with store.reading() as tx:
        events = happened.page(tx, SITE, span=(0, 99), kinds=KINDS, limit=99)
        assert happened.open_now(tx, SITE, events, purpose="offers") == {one.seq for one in events}
    found = [letter(Stream(SITE, happened.OWN, 0, 0), one, subject="") for one in events]
    assert all(one.band is None for one in events)
    return [(one.type.split(".")[2], bytes(one.data).decode(), one.subject) for one in found]


def test_what_a_person_publishes_pauses_and_resumes_is_told_at_once_and_once(park: Store) -> None:
    scheduled(park)
    with park.transaction() as tx:
        life.pause(tx, SITE, "soup-days", by=ANNA)
        life.schedule(tx, SITE, "soup-days", by=ANNA)
        life.stop_all(tx, SITE, by=ANNA)

    assert Standings(park).look() == 0
    assert [kind for kind, _, _ in told(park)] == ["campaign_live", "campaign_ended"] * 2
    assert '"campaign":"soup-days"' in told(park)[0][1]
    assert {subject for _, _, subject in told(park)} == {""}


def test_what_begins_and_ends_by_the_calendar_is_told_on_its_day(park: Store, clock: Clockwork) -> None:
    scheduled(park, plan=a_plan({"period": Period(first="2025-10-11", last="2025-10-12")}))
    assert told(park) == []
    standings, seen = Standings(park), []
    for _ in range(5):
        standings.look()
        seen.append([kind for kind, _, _ in told(park)])
        clock.ms += DAY_MS
    assert seen[0] == []
    assert seen[-1] == ["campaign_live", "campaign_ended"]
    assert any(one == ["campaign_live"] for one in seen)
    assert LAST > "2025-10-12"


@pytest.mark.postgres
def test_two_workers_that_look_at_once_tell_it_once(emptied_postgres_url: str, clock: Clockwork) -> None:
    with (
        closing(Store(emptied_postgres_url, now_ms=clock)) as here,
        closing(Store(emptied_postgres_url, now_ms=clock)) as there,
    ):
        park_of(here)
        scheduled(here, plan=a_plan({"period": Period(first="2025-10-11", last="2025-10-12")}))
        clock.ms += 2 * DAY_MS
        seen: list[int] = []
        Two(emptied_postgres_url, here, there).meet(
            lambda tx: seen.append(standing.tell(tx, SITE)),
            lambda: seen.append(Standings(there).look()),
            lambda tx: None,
        )
        assert seen == [1, 0]
        assert [kind for kind, _, _ in told(here)] == ["campaign_live"]
