"""Readings: a night is kept as it was read, comes out alike for ever, and anew where something came late."""

from __future__ import annotations

import pytest

from edge.core.calendar import DAY_MS
from edge.core.events import Kind
from edge.core.offers.said import Told
from sync.central.analysis.facts import Calendar
from sync.central.campaigns import readings
from sync.central.campaigns.lift import Verdict
from sync.central.campaigns.nights import Nights
from sync.central.campaigns.readings import LATE_DAYS, Kept
from sync.central.store import Store, delete, select
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.campaigns.shop import a_plan, scheduled
from tests.sync.campaigns.test_results import (
    NAME,
    PEOPLE,
    a_purchase,
    bought,
    bundle_of,
    chosen,
    come,
    kept_out,
    kiosk,
)
from tests.sync.test_echo import Gate

__all__ = ["kiosk"]
WEEK = 7


def brought(store: Store) -> int:
    with store.reading() as tx:
        day = Calendar(tx, SITE).day(store.now_ms()) - 1
    return readings.bring(store, SITE, day)


def kept(store: Store) -> tuple[Kept, ...]:
    with store.reading() as tx:
        return readings.kept(tx, SITE, NAME)


def bodies(store: Store) -> list[tuple[int, bytes]]:
    with store.reading() as tx:
        rows = tx.execute(select(readings.reading_table).order_by(readings.reading_table.c.day))
        return [(row.day, bytes(row.body)) for row in rows]


@pytest.fixture
def read_twice(kiosk: Gate, small_store: Store, clock: Clockwork) -> Store:
    """Two nights behind a day on which all of them came and half of them bought."""
    come(kiosk, PEOPLE, bundle_of(small_store))
    bought(small_store, *(a_purchase(guest) for guest in PEOPLE if not kept_out(guest)))
    clock.ms += 2 * DAY_MS
    assert brought(small_store) == 2
    return small_store


def test_each_night_has_its_own_reading_and_only_the_last_one_says_what_it_changed(
    read_twice: Store, clock: Clockwork
) -> None:
    clock.ms += WEEK * DAY_MS
    assert brought(read_twice) == WEEK
    nights = kept(read_twice)
    verdicts = [night.reading.read and night.reading.read.lift.verdict for night in nights]
    assert verdicts == [*[Verdict.NOT_YET] * WEEK, *[Verdict.MORE] * 2]
    first, last = nights[0].reading, nights[-1].reading
    assert (first.told.shown, last.told.shown) == (sum(not kept_out(one) for one in PEOPLE), 0)
    assert first.read is not None
    assert (first.read.lift.low, first.read.lift.high, first.read.so_far) == (0.0, 0.0, None)
    assert last.read is not None
    assert last.read.lift.low > 0.8
    assert [night.day - nights[0].day for night in nights] == list(range(WEEK + 2))


def test_same_diary_and_cut_off_are_the_same_octets_and_nothing_is_written_twice(
    read_twice: Store, clock: Clockwork
) -> None:
    before = bodies(read_twice)
    assert brought(read_twice) == 0, "nothing came since"
    with read_twice.transaction() as tx:
        tx.execute(delete(readings.reading_table))
    clock.ms += 3_600_000
    assert brought(read_twice) == 2
    assert bodies(read_twice) == before


def test_what_comes_late_is_read_into_the_nights_that_it_belongs_to_and_no_other(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    come(kiosk, PEOPLE[:40], bundle_of(small_store))
    clock.ms += 3 * DAY_MS
    assert brought(small_store) == 3
    before = bodies(small_store)
    for guest in PEOPLE[40:45]:
        kiosk.says(Kind.OFFERS_EXPOSED, chosen(bundle_of(small_store), guest, at_ms=NOW_MS + DAY_MS))
    assert brought(small_store) == 2, "the first night ended before they came"
    after, nights = bodies(small_store), kept(small_store)
    assert after[0] == before[0]
    assert [night.times for night in nights] == [1, 2, 2]
    arms = [night.reading.read.lift for night in nights if night.reading.read]
    assert [one.offered.guests + one.withheld.guests for one in arms] == [40, 45, 45]


def test_a_night_of_long_ago_is_left_as_it_was_read(read_twice: Store, kiosk: Gate, clock: Clockwork) -> None:
    before = bodies(read_twice)[0]
    clock.ms += (LATE_DAYS + 2) * DAY_MS
    kiosk.says(Kind.OFFER_SHOWN, Told(exposure="e.1", offer=NAME, campaign=NAME))
    brought(read_twice)
    assert bodies(read_twice)[0] == before


def test_what_another_revision_read_stays_as_it_was_read(read_twice: Store, clock: Clockwork) -> None:
    before = bodies(read_twice)
    scheduled(read_twice, NAME, a_plan(control=1_000, planned=30))
    clock.ms += DAY_MS
    assert brought(read_twice) == 1
    assert bodies(read_twice)[:2] == before
    assert [night.reading.revision for night in kept(read_twice)] == [1, 1, 2]


def test_arms_of_other_sizes_than_the_draw_makes_them_void_the_night(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    come(kiosk, [one for one in PEOPLE if not kept_out(one)], bundle_of(small_store))
    clock.ms += DAY_MS
    brought(small_store)
    (night,) = kept(small_store)
    assert night.reading.read is not None
    assert night.reading.read.lift.verdict is Verdict.VOID


def test_the_night_reads_campaigns_once_and_not_before_its_hour(read_twice: Store, clock: Clockwork) -> None:
    rounds = Nights(read_twice)
    with read_twice.reading() as tx:
        calendar = Calendar(tx, SITE)
    midnight_ms = calendar.ends_ms(calendar.day(clock.ms))
    clock.ms = midnight_ms + 3_600_000
    assert rounds.look() == 0
    clock.ms = midnight_ms + 3 * 3_600_000
    assert [rounds.look(), rounds.look()] == [1, 0]
