"""The line goes dark, answers are cut, a device is copied: nothing is lost, nothing doubled, nobody waits."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.clock import wall_ms
from edge.errors import StoreError
from sync.central import intake
from sync.central.machines import devices, lanes
from sync.central.machines.lanes import End
from sync.central.store import IntegrityError, Store
from sync.client import line as client_line
from sync.client.line import Line
from sync.wire import Ack, Batch
from tests.faults.proxy import Faults, between
from tests.sync.builders import a_device, a_journal
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.strangers import STRANGERS, a_stranger

ANSWER_S = 0.3
TAP_MS_MAX = 50


def nudged(edge: Edge) -> Edge:
    """The edge, told not to rest now."""
    edge.client.kick()
    return edge


def arrived(store: Store) -> list[int]:
    with store.reading() as tx:
        return sorted(one.event.seq for one in lanes.recent(tx, "park", limit=500))


@pytest.fixture
def small_store(tmp_path: Path) -> Iterator[Store]:
    """An open store on SQLite."""
    opened = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield opened
    opened.close()


@pytest.fixture
def central(small_store: Store) -> Iterator[str]:
    with served(small_store) as url:
        yield url


@pytest.mark.timeout(40)
@pytest.mark.parametrize(
    "fault",
    [
        {"blackhole": True},
        {"one_way": True},
        {"reset": True},
        {"cut_replies_after": 40},
        {"lose_replies": 1.0},
    ],
    ids=lambda f: next(iter(f)),
)
def test_a_line_that_fails_keeps_no_tap_waiting_and_drains_by_itself_when_it_heals(
    small_store: Store, central: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    monkeypatch.setattr(client_line, "ANSWER_S_MAX", ANSWER_S)
    faults, welcome = Faults(seed=3), a_welcome(central, small_store)
    with (
        between(central, faults) as shaky,
        running(Edge(tmp_path / "edge", shaky, welcome, report_s=1, audience=central)) as edge,
    ):
        until(lambda: edge.profiles.cursor().epoch)
        for name, value in fault.items():
            setattr(faults, name, value)
        waits = []
        for _ in range(30):
            began = time.perf_counter()
            edge.write(1)
            waits.append((time.perf_counter() - began) * 1000)
        until(lambda: nudged(edge).client.health().alarm, 10)
        assert edge.journal.acked(0) == 0
        assert sorted(waits)[28] < TAP_MS_MAX, waits
        faults.blackhole = faults.one_way = faults.reset = False
        faults.cut_replies_after, faults.lose_replies = None, 0.0
        until(lambda: nudged(edge).drained(), 15)
        until(lambda: not nudged(edge).client.health().alarm, 15)
    assert arrived(small_store) == list(range(1, 31))


@pytest.mark.timeout(20)
def test_a_dark_line_holds_up_no_stop(small_store: Store, central: str, tmp_path: Path) -> None:
    faults, welcome = Faults(), a_welcome(central, small_store)
    with (
        between(central, faults) as shaky,
        running(Edge(tmp_path / "edge", shaky, welcome, audience=central)) as edge,
    ):
        until(lambda: edge.profiles.cursor().epoch)
        faults.blackhole = True
        edge.write(3)
        began = time.monotonic()
        edge.client.stop()
        assert time.monotonic() - began < 2


@pytest.mark.timeout(30)
def test_a_cloned_device_freezes_both_and_a_new_enrolment_heals(
    small_store: Store, central: str, tmp_path: Path
) -> None:
    welcome = a_welcome(central, small_store)
    with running(Edge(tmp_path / "edge", central, welcome)) as first:
        first.write(5)
        until(first.drained)
    shutil.copytree(tmp_path / "edge", tmp_path / "clone")
    first = Edge(tmp_path / "edge", central, welcome)
    clone = Edge(tmp_path / "clone", central, welcome, report_s=60)  # it shall write before it compares
    with running(first), running(clone):
        until(lambda: clone.client.health().online)
        first.write(3)
        until(first.drained)
        clone.write(4)
        until(lambda: nudged(clone).client.health().frozen)
        first.write(1)
        until(lambda: nudged(first).client.health().frozen)
        for device in (first, clone):
            with pytest.raises(StoreError, match="not believed"):
                device.write(1)
        with small_store.reading() as tx:
            assert "fork" in devices.device(tx, "park", welcome.device).alarm
        until(lambda: said_frozen(small_store, welcome.device))
    assert arrived(small_store) == list(range(1, 9)), "one event per number"
    with running(Edge(tmp_path / "edge", central, welcome)) as again:
        assert again.client.health().frozen, "also after a restart"
    with running(Edge(tmp_path / "new", central, a_welcome(central, small_store))) as healed:
        healed.write(2)
        until(healed.drained)
        assert healed.client.health().frozen == ""


def said_frozen(store: Store, device: str) -> bool:
    with store.reading() as tx:
        said = devices.device(tx, "park", device).report
    return said is not None and bool(said.frozen)


# Controls: each protection taken away must be seen.


def test_the_control_without_the_look_at_overlapping_hashes_a_fork_is_accepted(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, _ = a_device(small_store)
    journal = a_journal(device)
    clone = journal.copy()
    journal.write(3)
    clone.write(4, note="another tap")
    intake.take(small_store, device, journal.batch(1, 3))
    monkeypatch.setattr(intake, "_differs", lambda *_: False)
    assert isinstance(intake.take(small_store, device, clone.batch(1, 4)), Ack)


def test_the_control_without_a_cursor_a_batch_sent_twice_violates_a_key(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, _ = a_device(small_store)
    journal = a_journal(device)
    journal.write(3)
    intake.take(small_store, device, journal.batch(1, 3))
    monkeypatch.setattr(lanes, "lock", lambda tx, stream, start: End(0, start, frozen=False))
    with pytest.raises(IntegrityError):
        intake.take(small_store, device, journal.batch(1, 3))


@pytest.mark.timeout(20)
def test_the_control_where_any_200_is_believed_a_portal_swallows_the_outbox(
    small_store: Store, central: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    welcome, honest = a_welcome(central, small_store), Line.post

    def gullible(self: Line, path: str, message: Any, kind: Any) -> Any:
        try:
            return honest(self, path, message, kind)
        except client_line.Unreachable:
            if not isinstance(message, Batch):
                raise
            return Ack(device=message.device, lane=message.lane, ack=message.last, time_ms=1)

    monkeypatch.setattr(Line, "post", gullible)
    with (
        a_stranger(STRANGERS["200 with a page"]) as portal,
        running(Edge(tmp_path / "edge", portal, welcome)) as edge,
    ):
        # Nor is it asked whether both histories are one: a device that was not compared pushes nothing.
        edge.client._order.compared = True
        edge.write(5)
        until(edge.drained, 15)
    assert arrived(small_store) == []
