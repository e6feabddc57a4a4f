"""Thirty-two lanes flat out while something is broken: the worst wait of any lane stays within its floor."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.clock import wall_ms
from edge.errors import StoreError
from sync.central.store import Store
from sync.client import line
from tests.faults.disks import Filler, a_small_disk
from tests.faults.proxy import Faults, between
from tests.store.house import a_record, a_sequencer
from tests.sync.ends import Edge, a_welcome, running, served, until

pytestmark = pytest.mark.timeout(60)
LANES, TAPS = 32, 15
WORST_MS_MAX = 250
"""The handbook's floor; on a machine that others use too the quiet run beside it counts as well."""
NOISE = 2.5
FREE_BYTES = 100_000


def worst_ms(tap: Callable[[], object]) -> float:
    """All lanes at once, each tap after tap; the longest that any lane waited."""
    waits: list[float] = []
    begin = threading.Barrier(LANES)

    def lane() -> None:
        begin.wait()
        for _ in range(TAPS):
            began = time.perf_counter()
            tap()
            waits.append((time.perf_counter() - began) * 1_000)

    threads = [threading.Thread(target=lane) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waits) == LANES * TAPS
    return max(waits)


@pytest.fixture
def a_disk() -> Iterator[Path]:
    """A folder on a disk, where a commit takes its time, wherever all other tests write."""
    where = Path("/var/tmp")  # noqa: S108  # a place on a disk, no guessed name in it
    with tempfile.TemporaryDirectory(dir=where if where.is_dir() else None, prefix="polso-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def quiet_ms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[float]:
    """What it takes where nothing is broken."""
    with a_sequencer(tmp_path_factory.mktemp("quiet")) as sequencer:
        yield worst_ms(lambda: sequencer.submit(a_record()))


def demand_quick(broken_ms: float, quiet_ms: float, record: Callable[[str, object], None]) -> None:
    """The floor, or the quiet run's own worst and a half where the machine is busy."""
    record("figures", f"{LANES} lanes: worst wait {broken_ms:.0f} ms broken, {quiet_ms:.0f} ms quiet")
    assert broken_ms < max(WORST_MS_MAX, NOISE * quiet_ms)


@pytest.mark.parametrize(
    "fault",
    [{"blackhole": True}, {"lose_replies": 0.5}, {"delay_s": 0.05}],
    ids=lambda fault: next(iter(fault)),
)
def test_no_lane_waits_for_a_line_that_is_broken(
    tmp_path: Path,
    quiet_ms: float,
    fault: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(line, "ANSWER_S_MAX", 0.3)
    faults = Faults(seed=5)
    with closing(Store(str(tmp_path / "central.db"), now_ms=wall_ms)) as store, served(store) as url:
        welcome = a_welcome(url, store)
        with (
            between(url, faults) as shaky,
            running(Edge(tmp_path / "edge", shaky, welcome, audience=url)) as edge,
        ):
            until(lambda: edge.profiles.cursor().epoch)
            for name, value in fault.items():
                setattr(faults, name, value)
            broken_ms = worst_ms(lambda: (edge.write(1), edge.client.kick()))
            assert edge.journal.head(0).seq == LANES * TAPS
    demand_quick(broken_ms, quiet_ms, record_property)


@pytest.mark.real("disks")
def test_no_lane_waits_for_a_disk_that_is_full(
    tmp_path: Path, quiet_ms: float, record_property: Callable[[str, object], None]
) -> None:
    refused = []
    with a_small_disk(tmp_path / "disk") as disk:
        filler = Filler(disk)
        with a_sequencer(disk) as sequencer:
            filler.leave(FREE_BYTES)

            def tap() -> None:
                try:
                    sequencer.submit(a_record("x" * 200))
                except StoreError as refusal:
                    refused.append(refusal)

            broken_ms = worst_ms(tap)
            filler.go()
    assert refused, "the disk never filled"
    demand_quick(broken_ms, quiet_ms, record_property)


def test_control_where_each_lane_commits_for_itself_lanes_starve(a_disk: Path) -> None:
    with a_sequencer(a_disk / "one") as sequencer:
        quiet_ms = worst_ms(lambda: sequencer.submit(a_record()))
    path = a_disk / "each.db"
    with closing(sqlite3.connect(path)) as first:
        first.execute("PRAGMA journal_mode=wal")
        first.execute("CREATE TABLE taps (n INTEGER)")
    own = threading.local()

    def tap() -> None:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            own.connection.execute("PRAGMA synchronous=FULL")
        own.connection.execute("INSERT INTO taps VALUES (1)")

    assert worst_ms(tap) > 2 * quiet_ms, "one writer is no better than thirty-two"
