"""A central put back from a backup, over both databases: what it forgot comes again, what it said is void."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Event
from sync.central import feed, intake, reports
from sync.central.feed import Change, publish
from sync.central.machines import devices, lanes
from sync.central.machines.devices import Device
from sync.central.store import Store
from sync.central.telling import pages
from sync.central.telling.pages import Asked, EpochOver
from sync.wire import Ack, Attested, Cursor, DeviceReport, Problem, Tip
from tests.sync.builders import Clockwork, PaperJournal, a_device, a_journal
from tests.sync.ends import Edge, a_welcome, running, served, until

Backup = Callable[[], str]
"""Copies the closed database as it stands; returns the copy's address."""


class Site:
    """One device and one central that can be put back to where it was."""

    def __init__(self, url: str, clock: Clockwork) -> None:
        self.url, self.clock = url, clock
        self.store = Store(url, now_ms=clock)
        self.id = a_device(self.store)[0].id
        self.journal: PaperJournal = a_journal(self.device)

    @property
    def device(self) -> Device:
        """The device as central knows it now."""
        with self.store.reading() as tx:
            return devices.device(tx, "park", self.id)

    def turn_to(self, url: str) -> None:
        self.store.close()
        self.store = Store(url, now_ms=self.clock)

    def put_back(self, backup: Backup) -> Callable[[], None]:
        """Take a backup now; the answer puts it in central's place."""
        self.store.close()
        address = backup()
        self.store = Store(self.url, now_ms=self.clock)
        return lambda: self.turn_to(address)

    def send(self, first: int, last: int) -> intake.Rejected | Ack:
        return intake.take(self.store, self.device, self.journal.batch(first, last))

    def say(self, *keys: str) -> Cursor:
        with self.store.transaction() as tx:
            publish(tx, "park", [Change("profile", key, b"x") for key in keys])
            return feed.head(tx, "park")

    def report(self, *, acked: int, cursor: Cursor) -> Attested:
        said = DeviceReport(device=self.id, boot="b", acked=(acked, 0), cursor=cursor)
        return reports.take(self.store, self.device, said)

    def epoch(self) -> int:
        with self.store.reading() as tx:
            return feed.head(tx, "park").epoch

    def events(self) -> list[Event]:
        with self.store.reading() as tx:
            found = [arrived.event for arrived in lanes.recent(tx, "park", limit=100)]
        return sorted(found, key=lambda event: event.seq)


@pytest.fixture
def site(url: str, clock: Clockwork) -> Iterator[Site]:
    made = Site(url, clock)
    yield made
    made.store.close()


def test_lost_events_are_sent_again_and_the_alarm_ends(site: Site, backup: Backup) -> None:
    site.journal.write(30)
    site.send(1, 10)
    put_back = site.put_back(backup)
    site.send(11, 20)
    put_back()
    gap = site.send(21, 30)
    assert isinstance(gap, intake.Rejected)
    assert gap.ack == 10
    assert "gap" in site.device.alarm
    assert isinstance(site.send(11, 30), Ack)
    assert site.events() == site.journal.lanes[0]
    assert site.device.alarm == ""


def test_a_cursor_of_the_lost_time_is_void_though_its_number_fits_again(site: Site, backup: Backup) -> None:
    site.journal.write(9)
    site.send(1, 3)
    site.report(acked=3, cursor=site.say("a"))
    put_back = site.put_back(backup)
    site.send(4, 9)
    lost = site.say("b", "c")
    put_back()
    site.say("d", "e", "f")
    assert pages.read_page(site.store, Asked(site="park", cursor=lost)).to == 4, (
        "nobody can tell by the number"
    )
    told = site.report(acked=9, cursor=lost)
    assert [tip.seq for tip in told.tips] == [3]
    with pytest.raises(EpochOver):
        pages.read_page(site.store, Asked(site="park", cursor=lost))


def test_a_cursor_beyond_the_head_begins_the_feed_anew_at_first_contact(site: Site, backup: Backup) -> None:
    site.say("a")
    put_back = site.put_back(backup)
    lost = site.say("b")
    put_back()
    site.report(acked=0, cursor=lost)
    assert site.epoch() != lost.epoch


def test_what_is_lost_for_good_begins_the_feed_anew_only_once(site: Site, backup: Backup) -> None:
    site.journal.write(9)
    put_back = site.put_back(backup)
    site.send(1, 9)
    put_back()
    site.report(acked=9, cursor=Cursor())
    once = site.epoch()
    for _ in range(3):
        site.report(acked=9, cursor=Cursor(once, 0))
    assert site.epoch() == once


def test_an_ordinary_report_begins_nothing(site: Site) -> None:
    site.journal.write(9)
    site.send(1, 9)
    at = site.say("a", "b")
    site.report(acked=9, cursor=at)
    site.report(acked=4, cursor=Cursor(at.epoch, 1))
    site.report(acked=0, cursor=Cursor(77, 900))
    assert site.epoch() == at.epoch


def test_a_report_that_ends_in_another_history_freezes_the_lane(site: Site) -> None:
    site.journal.write(4)
    site.send(1, 4)
    ends = [Tip(lane=0, seq=seq, h=site.journal.before(0, seq + 1)) for seq in (4, 2)]
    for tip in (*ends, Tip(lane=0, seq=9, h=b"ahead of us"), Tip(lane=1, seq=1, h=b"unknown here")):
        reports.take(site.store, site.device, DeviceReport(device=site.id, boot="b", tips=(tip,)))
        assert site.device.alarm == "", tip
    other = Tip(lane=0, seq=2, h=b"another")
    reports.take(site.store, site.device, DeviceReport(device=site.id, boot="b", tips=(other,)))
    assert "another event 2" in site.device.alarm
    site.journal.write(1)
    answer = site.send(5, 5)
    assert isinstance(answer, intake.Rejected)
    assert answer.problem is Problem.FORK


def test_a_device_that_says_it_is_frozen_is_frozen_here(site: Site) -> None:
    site.journal.write(1)
    site.send(1, 1)
    said = DeviceReport(device=site.id, boot="b", frozen="an old\0 copy" + "!" * 400)
    reports.take(site.store, site.device, said)
    assert "the device says: an old copy" in site.device.alarm
    assert isinstance(site.send(1, 1), intake.Rejected)


def held(store: Store) -> int:
    with store.reading() as tx:
        return len(lanes.recent(tx, "park", limit=100))


@pytest.mark.timeout(30)
def test_a_running_edge_heals_a_restored_central_with_nobodys_help(
    url: str, clock: Clockwork, backup: Backup, tmp_path: Path
) -> None:
    store = Store(url, now_ms=clock)
    with served(store) as central:
        welcome = a_welcome(central, store)
        with running(Edge(tmp_path / "edge", central, welcome)) as edge:
            edge.write(5)
            until(edge.drained)
    store.close()
    address = backup()
    store = Store(url, now_ms=clock)
    with served(store) as central, running(Edge(edge.folder, central, welcome)) as edge:
        with store.transaction() as tx:
            publish(tx, "park", [Change("device", "lost", b"\x80")])
            lost = feed.head(tx, "park")
        edge.write(5)
        until(edge.drained)
        until(lambda: edge.profiles.cursor() == lost)
    store.close()
    store = Store(address, now_ms=clock)
    with store.transaction() as tx:
        publish(tx, "park", [Change("device", "a", b"\x80"), Change("device", "b", b"\x80")])
    with served(store) as central, running(Edge(edge.folder, central, welcome)) as edge:
        until(lambda: edge.profiles.cursor().epoch != lost.epoch, 10)
        # The edge's own cursor stands at the end all along: only what central holds shows that it healed.
        until(lambda: held(store) == edge.journal.head(0).seq and edge.client.health().alarm == "", 10)
    store.close()


def test_a_report_without_any_lane_is_fine(site: Site) -> None:
    said = DeviceReport(device=site.id, boot="b")
    assert reports.take(site.store, site.device, msgspec.structs.replace(said, acked=())).tips == ()
