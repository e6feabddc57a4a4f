"""Weather and crowd at the console: told by a form, delivered by the feed, and too old after a while."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.conditions import CONDITIONS, CROWD_GOOD_MS, Conditions
from sync.central.console import acts
from sync.central.feed import item_table
from sync.central.registry import conditions
from sync.central.store import Store, select
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin

HERE = f"{HOME}/conditions"


@pytest.fixture
def olga(small_store: Store) -> Browser:
    return an_admin(small_store)


def at_edges(store: Store) -> Conditions | None:
    """What the feed delivers."""
    own = item_table.c
    with store.reading() as tx:
        body = tx.execute(select(own.body).where(own.site_id == SITE, own.kind == CONDITIONS)).scalar()
    return None if body is None else msgspec.msgpack.decode(bytes(body), type=Conditions)


def test_what_is_told_goes_to_the_edges_and_is_too_old_after_a_while(
    olga: Browser, small_store: Store, clock: Clockwork
) -> None:
    assert "Nobody told of weather or crowd" in olga.says(HERE)
    assert olga.post(f"{HERE}/tell", weather="rain", crowd="low").status_code == 303
    told = Conditions(weather="rain", weather_ms=NOW_MS, crowd="low", crowd_ms=NOW_MS)
    assert at_edges(small_store) == told
    clock.ms += CROWD_GOOD_MS + 1
    olga = a_browser(small_store, "olga")
    page = olga.says(HERE)
    assert "rain" in page
    assert "too old: nobody knows" in page
    assert olga.post(f"{HERE}/tell", weather="", crowd="full").status_code == 303
    after = msgspec.structs.replace(told, crowd="full", crowd_ms=clock.ms)
    assert at_edges(small_store) == after
    with small_store.reading() as tx:
        told_of = [one for one in acts.acts(tx, SITE) if one.what == "conditions_told"]
    assert [one.who for one in told_of] == ["olga", "olga"]


def test_what_is_no_word_is_refused_and_nothing_goes_out(olga: Browser, small_store: Store) -> None:
    assert olga.post(f"{HERE}/tell", weather="frogs", crowd="").status_code in (400, 409, 422)
    assert at_edges(small_store) is None
    with small_store.reading() as tx:
        assert conditions.conditions(tx, SITE) == Conditions()


def test_an_operator_is_heard_after_a_channel_whose_clock_is_a_little_before_ours(
    olga: Browser, small_store: Store, clock: Clockwork
) -> None:
    with small_store.transaction() as tx:
        conditions.tell(tx, SITE, weather="rain", at_ms=NOW_MS + conditions.AHEAD_MS_MAX)
    clock.ms += 1_000
    assert olga.post(f"{HERE}/tell", weather="sun", crowd="").status_code == 303
    assert at_edges(small_store) == Conditions(weather="sun", weather_ms=NOW_MS + 1_000)
