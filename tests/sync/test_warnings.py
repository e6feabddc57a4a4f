"""What only central sees of a copied band reaches the gates concerned, until somebody has looked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from edge.core.alarms import OF_CENTRAL, AlarmNotice
from edge.core.decision import Reason
from edge.core.events import Acted, Kind
from edge.core.places import Layout, Point, PointKind
from edge.errors import Unknown
from sync.central import alarms
from sync.central.echoes import twins, warnings
from sync.central.echoes.twins import READS_MAX, SLACK_MS, Read, judge
from sync.central.echoes.warnings import PREFIX, TOLD_MAX
from sync.central.feed import item_table
from sync.central.privacy import erasure
from sync.central.registry import layout, profiles
from sync.central.store import Store, select, text
from sync.central.telling.pages import urgent_after
from sync.wire import ALARM, Cursor, Item
from tests.sync.builders import NOW_MS, SITE
from tests.sync.test_echo import BAND, OTHER, Gate, a_paced_site, a_worn_band

TWINS = f"{BAND.hex()}-{Reason.BAND_CLONE_SUSPECTED}"
SHOWN_TWICE = f"{BAND.hex()}-{Reason.TAP_REPLAYED}"


def urgent(store: Store) -> dict[str, Item]:
    items, _ = urgent_after(store, SITE, Cursor())
    return {item.key: item for item in items if item.kind == ALARM}


def notice(item: Item) -> AlarmNotice:
    return msgspec.msgpack.decode(item.body or b"", type=AlarmNotice)


def twins_seen(store: Store) -> tuple[Gate, Gate]:
    """One band at two gates, sooner than anybody walks."""
    north, south = Gate(store), Gate(store)
    a_paced_site(store)
    north.reads(now_ms=NOW_MS)
    south.reads(now_ms=NOW_MS + 5_000, point="far")
    return north, south


def open_alarms(store: Store) -> list[str]:
    with store.reading() as tx:
        return [one.id for one in alarms.alarms(tx, SITE) if one.seen_ms is None]


def test_both_gates_are_told_of_twins_before_anything_else(store: Store) -> None:
    north, south = twins_seen(store)
    [item] = urgent(store).values()
    told = notice(item)
    assert (item.key, told.band, told.reason) == (TWINS, BAND, Reason.BAND_CLONE_SUSPECTED)
    assert (told.point, told.elsewhere, told.times) == ("far", "gate", 1)
    assert set(told.devices) == {north.device.id, south.device.id}
    assert told.concerns(north.device.id)
    assert not told.concerns("edge-elsewhere")


def test_a_further_tap_counts_and_a_third_gate_is_told_too(store: Store) -> None:
    north, south = twins_seen(store)
    east = Gate(store)
    first = urgent(store)[TWINS].version
    east.reads(now_ms=NOW_MS + 6_000)
    item = urgent(store)[TWINS]
    assert item.version > first
    assert notice(item).times == 2
    assert set(notice(item).devices) == {north.device.id, south.device.id, east.device.id}


def test_a_supervisor_at_one_gate_takes_it_off_every_screen_and_off_the_console(store: Store) -> None:
    north, _ = twins_seen(store)
    turn = urgent(store)[TWINS].version
    said = Acted(staff="anna", target=f"{PREFIX}{TWINS}", state=turn)
    north.says(Kind.ALARM_ACKNOWLEDGED, said, lane=1)
    assert urgent(store)[TWINS].body is None
    assert open_alarms(store) == []
    with store.reading() as tx:
        [seen] = alarms.alarms(tx, SITE)
    assert (seen.device, seen.seen_by) == (OF_CENTRAL, "anna")


def test_what_was_told_after_a_supervisor_looked_stays_open(store: Store) -> None:
    """Two taps of a thief, one word of a supervisor about the first, said before the second was told."""
    north, south = twins_seen(store)
    turn = urgent(store)[TWINS].version
    south.reads(now_ms=NOW_MS + 7_000, point="far")
    north.says(Kind.ALARM_ACKNOWLEDGED, Acted(staff="anna", target=f"{PREFIX}{TWINS}", state=turn), lane=1)
    assert open_alarms(store) == [TWINS]
    assert urgent(store)[TWINS].body is not None


def test_whoever_looks_at_the_console_takes_it_off_the_gates(store: Store) -> None:
    twins_seen(store)
    with store.transaction() as tx:
        warnings.see(tx, SITE, (OF_CENTRAL, TWINS), by="olga")
    assert urgent(store)[TWINS].body is None
    with store.transaction() as tx:
        seq = urgent(store)[TWINS].version
        warnings.see(tx, SITE, (OF_CENTRAL, TWINS), by="olga")
    assert urgent(store)[TWINS].version == seq, "a second look tells nobody anything"


def test_after_it_was_seen_the_next_twins_are_told_anew(store: Store) -> None:
    _, south = twins_seen(store)
    with store.transaction() as tx:
        warnings.see(tx, SITE, (OF_CENTRAL, TWINS), by="olga")
    south.reads(now_ms=NOW_MS + 9_000, point="far")
    assert notice(urgent(store)[TWINS]).times == 1
    assert open_alarms(store) == [TWINS]


def test_a_word_about_an_alarm_that_is_none_stops_nothing(small_store: Store) -> None:
    gate = Gate(small_store)
    for target in (f"{PREFIX}{TWINS}", PREFIX, "central"):
        gate.says(Kind.ALARM_ACKNOWLEDGED, Acted(staff="anna", target=target, state=9**9), lane=1)
    assert open_alarms(small_store) == []
    with small_store.transaction() as tx, pytest.raises(Unknown):
        warnings.see(tx, SITE, (OF_CENTRAL, TWINS), by="olga")


def test_gates_are_told_of_so_many_and_the_console_of_all(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "TOLD_MAX", 3)
    north, south = Gate(small_store), Gate(small_store)
    a_paced_site(small_store)
    for number in range(5):
        band = bytes([number + 16]) * 16
        a_worn_band(small_store, band)
        north.reads(now_ms=NOW_MS, band=band)
        south.reads(now_ms=NOW_MS + 10, band=band, point="far")
    assert len(urgent(small_store)) == 3
    assert len(open_alarms(small_store)) == 5
    assert TOLD_MAX >= 100


def test_an_erased_guest_s_band_is_on_no_screen_any_more(store: Store) -> None:
    twins_seen(store)
    with store.transaction() as tx:
        erasure.erase(tx, SITE, "g1")
    assert urgent(store)[TWINS].body is None


def test_what_a_gate_tells_late_of_an_erased_guest_s_band_leaves_no_trace(store: Store) -> None:
    north, south = twins_seen(store)
    with store.transaction() as tx:
        erasure.erase(tx, SITE, "g1")
    north.reads(now_ms=NOW_MS + 10_000)
    south.reads(now_ms=NOW_MS + 11_000, point="far")
    with store.reading() as tx:
        assert list(tx.execute(select(twins.seen_table.c.band_id)).scalars()) == []
    assert urgent(store)[TWINS].body is None


def read(counter: int | None, at_s: float, device: str = "a", **more: Any) -> Read:
    return Read(device, more.get("point", "gate"), int(at_s * 1_000), counter, more.get("uncertainty_ms", 0))


def walked(walk_s: int) -> Layout:
    points = tuple(Point(id=id_, kind=PointKind.GATE, zone="z", walk_s_min=walk_s) for id_ in ("gate", "far"))
    return Layout(site=SITE, version=1, timezone="UTC", points=points)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ([read(7, 0)], read(7, 9, "b"), Reason.TAP_REPLAYED),
        ([read(7, 0)], read(6, 9, "b"), Reason.TAP_REPLAYED),
        ([read(7, 9)], read(8, 0, "b"), Reason.TAP_REPLAYED),
        ([read(7, 0)], read(8, 9, "b"), None),
        ([read(7, 9)], read(6, 0, "b"), None),
        ([read(7, 0)], read(7, 9), None),
        ([read(None, 0)], read(6, 9, "b"), None),
        ([read(7, 0)], read(None, 9, "b"), None),
        ([read(7, 0)], read(6, SLACK_MS / 1_000, "b"), None),
        ([read(7, 0, uncertainty_ms=9_000)], read(6, 9, "b"), None),
        ([read(7, 0), read(8, 5), read(9, 7)], read(7, 6, "b"), Reason.TAP_REPLAYED),
        ([], read(7, 0), None),
    ],
)  # fmt: skip
def test_one_message_is_shown_once_and_no_later_one_counts_lower(
    before: Sequence[Read], now: Read, reason: Reason | None
) -> None:
    found = judge(before, now, None)
    assert (found and found[0]) == reason
    if found:
        assert found[1].device != now.device


def test_a_contradicted_counter_weighs_more_than_a_short_walk() -> None:
    here, there = read(7, 0), read(7, 1, "b", point="far")
    assert judge([here], there, walked(60)) == (Reason.TAP_REPLAYED, here)
    assert judge([here], read(8, 1, "b", point="far"), walked(60)) == (Reason.BAND_CLONE_SUSPECTED, here)
    assert judge([here], read(8, 1, "b", point="far"), walked(0)) is None


def test_a_message_shown_to_a_gate_that_was_cut_off_is_found_when_it_reports(store: Store) -> None:
    north, south = Gate(store), Gate(store)
    a_worn_band(store)
    for step, counter in enumerate((5, 6, 7)):
        north.reads(counter, now_ms=NOW_MS + step * 60_000)
    south.reads(6, now_ms=NOW_MS + 90_000, point="far")
    assert open_alarms(store) == [SHOWN_TWICE]
    assert set(notice(urgent(store)[SHOWN_TWICE]).devices) == {north.device.id, south.device.id}


@pytest.mark.parametrize("seed", range(20))
def test_honest_bands_raise_nothing_in_whatever_order_gates_report(small_store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    gates = [Gate(small_store) for _ in range(3)]
    a_paced_site(small_store)
    taps, at_ms = [], NOW_MS
    for counter in range(1, 13):
        at_ms += chance.randint(61_000, 400_000)
        taps.append((chance.randrange(3), counter, at_ms))
    for gate in chance.sample(range(3), 3):
        for place, counter, when in taps:
            if place == gate:
                gates[gate].reads(counter, now_ms=when, point=chance.choice(["gate", "far"]))
    assert open_alarms(small_store) == []


def test_so_many_reads_are_remembered_and_the_oldest_go(small_store: Store) -> None:
    north, south = Gate(small_store), Gate(small_store)
    a_worn_band(small_store)
    for counter in range(1, READS_MAX + 3):
        north.reads(counter, now_ms=NOW_MS + counter * 100_000)
    south.reads(2, now_ms=NOW_MS + 250_000)
    assert open_alarms(small_store) == [], "forgotten: two places behind the oldest that is kept"
    south.reads(4, now_ms=NOW_MS + 450_000)
    assert open_alarms(small_store) == [SHOWN_TWICE]


def test_a_database_of_before_goes_on_with_the_read_that_it_knew(small_store: Store) -> None:
    with small_store.transaction() as tx:
        tx.execute(text("ALTER TABLE band_seen DROP COLUMN reads"))
        twins._remember_more(tx)
    north, south = Gate(small_store), Gate(small_store)
    a_paced_site(small_store)
    a_worn_band(small_store, OTHER)
    old = {"site": SITE, "band": OTHER, "device": north.device.id, "at": NOW_MS}
    with small_store.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO band_seen (site_id, band_id, device_id, point, at_ms)"
                " VALUES (:site, :band, :device, 'gate', :at)"
            ),
            old,
        )
    south.reads(3, band=OTHER, now_ms=NOW_MS + 10, point="far")
    assert open_alarms(small_store) == [f"{OTHER.hex()}-{Reason.BAND_CLONE_SUSPECTED}"]


def test_a_layout_that_nobody_published_hides_no_message_shown_twice(store: Store) -> None:
    north, south = Gate(store), Gate(store)
    with store.reading() as tx:
        assert layout.published(tx, SITE) is None
        assert tx.execute(select(item_table.c.key).where(item_table.c.kind == profiles.PROFILE)).all() == []
    a_worn_band(store)
    north.reads(7)
    south.reads(7, now_ms=NOW_MS + 60_000, point="far")
    assert open_alarms(store) == [SHOWN_TWICE]
