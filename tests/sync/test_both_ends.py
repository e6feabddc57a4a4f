"""Both ends together: a real edge and a real central over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band, BandState
from edge.core.catalogue import Article, Group
from edge.core.events import Kind
from edge.core.profiles import Profile, ProfileItem
from sync.central import feed
from sync.central.feed import Change, publish, publish_band
from sync.central.machines import devices, lanes
from sync.central.registry import catalogue
from sync.central.sites import begin_epoch
from sync.central.store import Store
from sync.wire import BandNotice
from tests.sync.ends import Edge, a_welcome, running, served, until

pytestmark = pytest.mark.timeout(30)
BAND = bytes(range(16))


def a_profile(band: bytes = BAND, **changes: object) -> Change:
    profile = msgspec.structs.replace(Profile(band=Band(id=band), rev=1), **changes)
    return Change("profile", band.hex(), msgspec.msgpack.encode(ProfileItem(profile=profile)))


def say(store: Store, *changes: Change) -> None:
    with store.transaction() as tx:
        publish(tx, "park", changes)


def revoke(store: Store, band: bytes = BAND, state: BandState = BandState.REVOKED) -> None:
    with store.transaction() as tx:
        publish_band(tx, "park", BandNotice(band=band, state=state, epoch=0))


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    with served(small_store) as url:
        yield url


@pytest.fixture
def edge(central: str, small_store: Store, tmp_path: Path) -> Iterator[Edge]:
    with running(Edge(tmp_path / "edge", central, a_welcome(central, small_store))) as device:
        yield device


def arrived(store: Store) -> int:
    with store.reading() as tx:
        return len(lanes.recent(tx, "park", limit=500))


def test_events_reach_central_and_the_ack_comes_home(edge: Edge, small_store: Store) -> None:
    edge.write(30)
    edge.write(3, lane=1)
    until(edge.drained)
    assert arrived(small_store) == 33
    health = edge.client.health()
    assert (health.outbox, health.alarm, health.online) == (0, "", True)


def test_a_profile_reaches_the_edge_while_it_waits(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    say(small_store, a_profile(name="Ada"))
    until(lambda: edge.profiles.get(BAND))
    say(small_store, Change("profile", BAND.hex(), None))
    until(lambda: edge.profiles.get(BAND) is None)


def test_news_wakes_a_waiting_edge_at_once(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    took = []
    for number in range(1, 6):
        band = bytes([number]) * 16
        began = time.monotonic()
        say(small_store, a_profile(band))
        until(partial(edge.profiles.get, band))
        took.append(time.monotonic() - began)
    assert sorted(took)[2] < 0.5, took


def test_a_revoked_band_is_bound_and_journaled_before_anything_else(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    revoke(small_store)
    until(lambda: edge.journal.head(1).seq == 1)
    held = edge.sequencer.submit(lambda tx: tx.held(BAND))
    assert held.state is BandState.REVOKED
    event = edge.journal.one(1, 1)
    assert event is not None
    assert (event.kind, event.band) == (Kind.URGENT_APPLIED, BAND)
    until(edge.drained)


def test_first_contact_brings_the_urgent_set_before_the_snapshot(
    central: str, small_store: Store, tmp_path: Path
) -> None:
    welcome = a_welcome(central, small_store)
    say(small_store, *(a_profile(bytes([number]) * 16) for number in range(1, 200)))
    revoke(small_store)
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.count() == 199)
        assert edge.sequencer.submit(lambda tx: tx.held(BAND)).state is BandState.REVOKED


def test_a_notice_told_twice_is_journaled_once(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    revoke(small_store)
    until(lambda: edge.journal.head(1).seq == 1)
    revoke(small_store)
    revoke(small_store, bytes(16))
    until(lambda: edge.journal.head(1).seq >= 2)
    assert [event.band for event in edge.journal.range(1, 0)] == [BAND, bytes(16)]


def test_a_pulled_cable_costs_nothing_and_everything_arrives_once(edge: Edge, small_store: Store) -> None:
    edge.write(5)
    until(edge.drained)
    edge.cable.pull()
    edge.write(40)
    until(lambda: edge.client.health().alarm)
    assert not edge.client.health().online
    assert edge.client.health().outbox == 40
    say(small_store, a_profile())
    edge.cable.plug()
    edge.client.kick()
    until(edge.drained)
    until(lambda: edge.profiles.get(BAND))
    until(lambda: edge.client.health().online)
    assert arrived(small_store) == 45


def test_stop_is_quick_while_a_poll_is_held_open(edge: Edge) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    began = time.monotonic()
    edge.client.stop()
    assert time.monotonic() - began < 1.0


def test_an_edge_goes_on_after_a_restart(edge: Edge, small_store: Store, central: str) -> None:
    edge.write(4)
    until(edge.drained)
    edge.stop()
    again = Edge(edge.folder, central, edge.welcome).start()
    again.write(4)
    until(again.drained)
    assert arrived(small_store) == 8
    again.stop()
    edge.start()


def test_a_feed_begun_anew_is_answered_by_a_snapshot(edge: Edge, small_store: Store) -> None:
    say(small_store, a_profile())
    until(lambda: edge.profiles.get(BAND))
    with small_store.transaction() as tx:
        epoch = begin_epoch(tx, "park")
        publish(tx, "park", [a_profile(b"\7" * 16)])
    until(lambda: edge.profiles.cursor().epoch == epoch)
    until(lambda: edge.profiles.get(b"\7" * 16))
    assert edge.profiles.get(BAND)


def test_a_revoked_device_stops_and_says_so(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    with small_store.transaction() as tx:
        devices.revoke(tx, "park", edge.welcome.device)
    edge.write(1, lane=1)
    until(lambda: edge.client.health().alarm)
    assert edge.journal.acked(1) == 0
    assert edge.profiles.cursor().epoch


def test_a_device_copied_back_in_time_is_frozen_and_says_so(
    edge: Edge, small_store: Store, central: str, tmp_path: Path
) -> None:
    edge.write(3)
    until(edge.drained)
    old = Edge(tmp_path / "old", central, edge.welcome)
    with running(old):
        until(lambda: old.client.health().frozen)
        assert "old copy" in old.client.health().frozen
    with small_store.reading() as tx:
        assert feed.head(tx, "park").seq == 0


def test_what_a_till_sells_reaches_it_in_the_snapshot_and_as_news(
    small_store: Store, central: str, tmp_path: Path
) -> None:
    coffee = Article(id="espresso", group="bar", price_minor=150, tax_permille=100, names={"it": "Espresso"})
    welcome = a_welcome(central, small_store)
    with small_store.transaction() as tx:
        catalogue.put(tx, "park", [Group(id="bar", names={"it": "Bar"}), coffee])
    with running(Edge(tmp_path / "edge", central, welcome)) as edge:
        until(lambda: edge.profiles.catalogue().articles == (coffee,))
        assert [group.id for group in edge.profiles.catalogue().groups] == ["bar"]
        dearer = msgspec.structs.replace(coffee, price_minor=180)
        with small_store.transaction() as tx:
            catalogue.put(tx, "park", [dearer])
        until(lambda: edge.profiles.catalogue().articles == (dearer,))


def test_a_tile_that_no_till_could_read_is_not_taken(edge: Edge, small_store: Store) -> None:
    until(lambda: edge.profiles.cursor().epoch)
    say(small_store, Change("catalogue", "espresso", b"\xc1"))
    until(lambda: edge.client.health().alarm != "")
    assert edge.profiles.catalogue().articles == ()
