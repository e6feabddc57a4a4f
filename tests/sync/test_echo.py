"""What one device's events change at central and at the site's other devices."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from edge.core.alarms import BOOK_WENT_BACK
from edge.core.bands import Band, BandState, Presented, Trust
from edge.core.decision import Act, Decision, Failure, Outcome, Reason, WhatNext
from edge.core.events import Acted, Decided, Kind
from edge.core.places import Layout, Point, PointKind
from sync.central import alarms, intake, sites
from sync.central.feed import item_table
from sync.central.machines.devices import Device
from sync.central.registry import bands, guests, layout, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.central.telling import counters
from sync.wire import COUNTER, Ack, BandNotice
from tests.sync.builders import NOW_MS, SITE, PaperJournal, a_device, a_journal

BAND, OTHER = bytes([1]) * 16, bytes([2]) * 16
STAFF = WhatNext(act=Act.SEE_STAFF)


def a_decided(counter: int | None = None, **said: Any) -> Decided:
    reason = said.get("reason", Reason.ENTERED)
    failures = () if reason is Reason.ENTERED else (Failure(reason=reason, next=STAFF),)
    outcome = Outcome.GRANTED if reason is Reason.ENTERED else Outcome.REFERRED
    decision = Decision(
        outcome=outcome, reason=reason, next=STAFF, point=said.get("point", "gate"), direction="in",
        failures=failures,
    )  # fmt: skip
    tap = Presented(tap_id="t", reader="r", band=None, trust=Trust.SUN, counter=counter)
    return Decided(decision=decision, presented=tap, now_ms=said.get("now_ms", NOW_MS))


class Gate:
    """A device on paper that sends what happened at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.device: Device
        self.device, _ = a_device(store)
        self.journal: PaperJournal = a_journal(self.device)
        self.sent = {0: 0, 1: 0}

    def says(self, kind: Kind, body: msgspec.Struct, *, band: bytes | None = BAND, lane: int = 0) -> Ack:
        event = self.journal.append(lane, msgspec.msgpack.encode(body), kind=int(kind), band=band)
        batch = self.journal.batch(event.seq, event.seq, lane)
        told = intake.take(self.store, self.device, batch)
        assert isinstance(told, Ack), told
        assert told.quarantined == ()
        return told

    def reads(self, counter: int | None = None, *, band: bytes = BAND, **said: Any) -> None:
        self.says(Kind.DECIDED, a_decided(counter, **said), band=band)


def told_counters(store: Store) -> dict[bytes, int]:
    own = item_table.c
    with store.reading() as tx:
        rows = tx.execute(select(own.key, own.body).where(own.site_id == SITE, own.kind == COUNTER))
        return {bytes.fromhex(row.key): msgspec.msgpack.decode(row.body) for row in rows}


def test_the_highest_counter_any_device_saw_is_told_to_all(small_store: Store) -> None:
    north, south = Gate(small_store), Gate(small_store)
    for gate, counter in ((north, 7), (south, 9), (north, 8), (south, 9)):
        gate.reads(counter)
    north.reads(3, band=OTHER)
    assert told_counters(small_store) == {BAND: 9, OTHER: 3}


def test_a_forged_or_replayed_counter_moves_nothing(small_store: Store) -> None:
    gate = Gate(small_store)
    gate.reads(5)
    gate.reads(900, reason=Reason.BAND_NOT_AUTHENTIC)
    gate.reads(4, reason=Reason.TAP_REPLAYED)
    gate.reads(None)
    assert told_counters(small_store) == {BAND: 5}


@pytest.mark.parametrize("counter", [0, -1, 1 << 24])
def test_a_counter_no_chip_can_show_is_not_told(small_store: Store, counter: int) -> None:
    Gate(small_store).reads(counter)
    assert told_counters(small_store) == {}


@pytest.mark.parametrize("seed", range(12))
def test_counters_merge_by_maximum_in_any_order_however_often(small_store: Store, seed: int) -> None:
    """Devices that were cut off for a while tell what they saw late, twice, and in another order."""
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
    told = [{chance.choice([BAND, OTHER]): chance.randint(1, 20)} for _ in range(chance.randint(1, 12))]
    for one in chance.sample(told * 2, 2 * len(told)):
        with small_store.transaction() as tx:
            counters.merge(tx, SITE, one)
        highest = told_counters(small_store)
        assert highest.items() >= {band: max(highest[band], number) for band, number in one.items()}.items()
    wanted = {band: max(one.get(band, 0) for one in told) for one in told for band in one}
    assert told_counters(small_store) == wanted


def a_raised(**changes: Any) -> Acted:
    return Acted(**({"reason": "tap_replayed", "point": "gate", "target": "a-1", "amount": 1} | changes))


def the_alarms(store: Store) -> list[tuple[str, str, int, bool]]:
    with store.reading() as tx:
        return [(one.reason, one.point, one.times, bool(one.seen_ms)) for one in alarms.alarms(tx, SITE)]


def test_an_alarm_of_a_gate_stands_at_central_until_it_was_seen_there(small_store: Store) -> None:
    gate = Gate(small_store)
    gate.says(Kind.ALARM_RAISED, a_raised(), lane=1)
    gate.says(Kind.ALARM_RAISED, a_raised(amount=2), lane=1)
    assert the_alarms(small_store) == [("tap_replayed", "gate", 2, False)]
    gate.says(Kind.ALARM_ACKNOWLEDGED, Acted(staff="anna", target="a-1"), lane=1)
    assert the_alarms(small_store) == [("tap_replayed", "gate", 2, True)]
    with small_store.reading() as tx:
        assert alarms.count_open(tx, SITE) == 0
    gate.says(Kind.ALARM_RAISED, a_raised(), lane=1)
    assert the_alarms(small_store) == [("tap_replayed", "gate", 1, False)]


def test_an_alarm_about_the_sites_book_is_shown_to_operators_too(small_store: Store) -> None:
    gate = Gate(small_store)
    gate.says(Kind.ALARM_RAISED, a_raised(reason=BOOK_WENT_BACK, point="", target=BOOK_WENT_BACK), lane=1)
    assert the_alarms(small_store) == [(BOOK_WENT_BACK, "", 1, False)]


def test_an_alarm_seen_that_central_never_heard_of_is_no_reason_to_stop(small_store: Store) -> None:
    gate = Gate(small_store)
    gate.says(Kind.ALARM_ACKNOWLEDGED, Acted(staff="anna", target="a-1"), lane=1)
    gate.says(Kind.ALARM_RAISED, a_raised(target=None, reason="\0odd" * 50, amount=-4), lane=1)
    assert [times for _, _, times, _ in the_alarms(small_store)] == [1]


def a_paced_site(store: Store) -> None:
    """A site that knows how long the walk is, and a band that somebody wears there."""
    a_worn_band(store)
    points = tuple(Point(id=id_, kind=PointKind.GATE, zone="z", walk_s_min=60) for id_ in ("gate", "far"))
    there = Layout(site=SITE, version=1, timezone="UTC", points=points)
    change = profiles.Change(layout.LAYOUT, "", msgspec.msgpack.encode(there))
    with store.transaction() as tx:
        profiles.publish(tx, SITE, [change])


@pytest.mark.parametrize(
    ("apart_ms", "point", "twins"),
    [(59_999, "far", 1), (60_000, "far", 0), (10, "gate", 0), (-30_000, "far", 1)],
)
def test_one_band_at_two_devices_sooner_than_anybody_walks_is_an_alarm(
    small_store: Store, apart_ms: int, point: str, twins: int
) -> None:
    north, south = Gate(small_store), Gate(small_store)
    a_paced_site(small_store)
    north.reads(now_ms=NOW_MS)
    south.reads(now_ms=NOW_MS + apart_ms, point=point)
    assert [one[0] for one in the_alarms(small_store)] == ["band_clone_suspected"] * twins


def test_forged_reads_are_no_twins(small_store: Store) -> None:
    north, south = Gate(small_store), Gate(small_store)
    a_paced_site(small_store)
    north.reads()
    south.reads(point="far", reason=Reason.BAND_NOT_AUTHENTIC)
    assert the_alarms(small_store) == []


def a_worn_band(store: Store, id_: bytes = BAND, guest: str | None = "g1") -> None:
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g1", name="Ada")])
        card = BandCard(band=Band(id=id_), guest=guest, chip="ntag424", keys={1: bytes(16)})
        bands.add_bands(tx, SITE, [card])
        profiles.publish_bands(tx, SITE, [card])


def the_item(store: Store, kind: str, band: bytes, as_: Any) -> Any:
    own = item_table.c
    wanted = (own.site_id == SITE, own.kind == kind, own.key == band.hex())
    with store.reading() as tx:
        body = tx.execute(select(own.body).where(*wanted)).scalar()
    return None if body is None else msgspec.msgpack.decode(body, type=as_)


def test_a_band_revoked_at_one_gate_binds_all_and_has_no_key_anywhere(small_store: Store) -> None:
    gate = Gate(small_store)
    a_worn_band(small_store)
    assert the_item(small_store, "profile", BAND, profiles.ProfileItem).keys
    gate.says(Kind.BAND_STATE, Acted(state=int(BandState.REVOKED), amount=0, note="stolen"))
    notice = the_item(small_store, "band", BAND, BandNotice)
    assert notice.state is BandState.REVOKED
    assert the_item(small_store, "profile", BAND, profiles.ProfileItem).keys == {}


@pytest.mark.parametrize("state", [None, 99, int(BandState.ACTIVE)])
def test_a_state_that_is_none_or_no_news_changes_nothing(small_store: Store, state: int | None) -> None:
    gate = Gate(small_store)
    a_worn_band(small_store)
    gate.says(Kind.BAND_STATE, Acted(state=state, amount=0))
    gate.says(Kind.BAND_STATE, Acted(state=int(BandState.LOST)), band=OTHER)
    assert the_item(small_store, "band", BAND, BandNotice) is None


def test_a_band_linked_at_one_gate_is_worn_everywhere_and_the_old_one_opens_nothing(
    small_store: Store,
) -> None:
    gate = Gate(small_store)
    a_worn_band(small_store)
    a_worn_band(small_store, OTHER, None)
    gate.says(Kind.LINKED, Acted(target=BAND.hex()), band=OTHER)
    assert the_item(small_store, "profile", OTHER, profiles.ProfileItem).profile.guest == "g1"
    assert the_item(small_store, "band", BAND, BandNotice).state is BandState.REPLACED


@pytest.mark.parametrize("target", ["", "zz", (b"\7" * 16).hex(), OTHER.hex()])
def test_a_link_to_nobody_changes_nothing(small_store: Store, target: str) -> None:
    gate = Gate(small_store)
    a_worn_band(small_store)
    a_worn_band(small_store, OTHER, None)
    gate.says(Kind.LINKED, Acted(target=target), band=OTHER)
    assert the_item(small_store, "profile", OTHER, profiles.ProfileItem).profile.guest is None
