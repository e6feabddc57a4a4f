"""Readings: a night is kept as it was read, comes out alike for ever, and anew where something came late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.core.calendar import DAY_MS, local
from edge.core.events import Kind
from edge.core.offers.said import Told
from edge.core.places import Layout
from sync.central.analysis.facts import Calendar, date_of
from sync.central.campaigns import evidence, readings, results
from sync.central.campaigns.lift import Lift, Verdict
from sync.central.campaigns.nights import Nights
from sync.central.campaigns.readings import LATE_DAYS, Kept
from sync.central.journey.entry import What
from sync.central.offers.campaigned import Campaign
from sync.central.registry import consents, layout
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, delete, select
from tests.builders import ROME
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


def lifts(store: Store) -> list[Lift]:
    return [night.reading.read.lift for night in kept(store) if night.reading.read]


def test_the_first_reading_of_the_end_is_the_last_word_whatever_comes_back_or_is_withdrawn(
    read_twice: Store, clock: Clockwork
) -> None:
    clock.ms += WEEK * DAY_MS
    brought(read_twice)
    before, nights = lifts(read_twice)[-1], len(kept(read_twice))
    assert before.verdict is Verdict.MORE
    gone = [guest for guest in PEOPLE if not kept_out(guest)]
    bought(read_twice, *(a_purchase(guest, what=What.REFUNDED, day=9) for guest in gone))
    with read_twice.transaction() as tx:
        take_turn(tx, SITE)
        for guest in gone[5:]:
            consents.set_here(tx, SITE, guest, purpose="offers", given=False)
    clock.ms += DAY_MS
    brought(read_twice)
    after = lifts(read_twice)
    assert len(after) == nights + 1
    assert after[-3:] == [before] * 3


def test_what_comes_back_after_the_end_moves_no_reading_that_is_made_afterwards(
    read_twice: Store, clock: Clockwork
) -> None:
    bought(read_twice, *(
        a_purchase(guest, what=What.REFUNDED, day=9) for guest in PEOPLE if not kept_out(guest)
    ))  # fmt: skip
    clock.ms += 10 * DAY_MS
    brought(read_twice)
    last = lifts(read_twice)[-1]
    assert (last.verdict, last.offered.did) == (Verdict.MORE, last.offered.guests)


def test_a_night_reads_all_that_was_told_of_it_and_nothing_of_the_nights_before(
    kiosk: Gate, small_store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "AT_ONCE", 3)
    come(kiosk, PEOPLE, bundle_of(small_store))
    clock.ms += 2 * DAY_MS
    brought(small_store)
    with small_store.reading() as tx:
        ends_ms = Calendar(tx, SITE).ends_ms(kept(small_store)[-1].day)
    asked = list[int]()

    def noted(tx: Connection, site: str, one: Campaign, *, since_ms: int = 0) -> Iterator[results.Day]:
        asked.append(since_ms)
        return results.days(tx, site, one, since_ms=since_ms)

    monkeypatch.setattr(readings, "days", noted)
    monkeypatch.setattr(readings, "LATE_DAYS", 0)
    clock.ms += DAY_MS
    assert brought(small_store) == 1
    assert asked == [ends_ms]
    assert [night.reading.told.shown for night in kept(small_store)] == [
        sum(not kept_out(one) for one in PEOPLE), 0, 0
    ]  # fmt: skip


def test_what_is_told_belongs_to_the_day_that_the_site_reckons_by(
    kiosk: Gate, small_store: Store, clock: Clockwork
) -> None:
    late = Layout(site=SITE, version=0, timezone="Europe/Rome", currency="EUR", day_starts_min=23 * 60 + 59)
    with small_store.transaction() as tx:
        layout.put_settings(tx, SITE, late)
        layout.publish_layout(tx, SITE)
        calendar = Calendar(tx, SITE)
    day = calendar.day(NOW_MS)
    assert date_of(day) != local(ROME, NOW_MS).date(), "or there is nothing to tell apart"
    come(kiosk, PEOPLE[:10], bundle_of(small_store))
    clock.ms += DAY_MS
    brought(small_store)
    told = {night.day: night.reading.told.shown for night in kept(small_store)}
    assert told[day] == sum(not kept_out(one) for one in PEOPLE[:10])


def test_what_is_heard_later_makes_a_night_surer_and_is_no_second_reading(
    read_twice: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {night.heard_permille for night in kept(read_twice)} != {250}
    monkeypatch.setattr(readings, "heard_permille", lambda tx, site, day: 250)
    assert brought(read_twice) == 0
    assert [(night.heard_permille, night.times) for night in kept(read_twice)] == [(250, 1)] * 2
