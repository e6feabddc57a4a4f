"""Several stateless workers of central on one PostgreSQL: it makes no difference which one is asked."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from sync.central.enrolment import CodeRefused, Invitation, enrol, invite
from sync.central.feed import Change, publish
from sync.central.machines import devices, lanes
from sync.central.store import Store
from sync.wire import EnrolAnswer, EnrolRequest
from tests.sync.builders import Clockwork, a_site
from tests.sync.ends import Edge, a_welcome, running, served, until

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(40)]
WOKEN_S_MAX = 1.0


@pytest.fixture
def workers(emptied_postgres_url: str, clock: Clockwork) -> Iterator[tuple[Store, Store]]:
    """Two workers that started together on an empty database."""
    with ExitStack() as stack:
        made: list[Store] = []

        def start() -> None:
            made.append(Store(emptied_postgres_url, now_ms=clock))

        starting = [threading.Thread(target=start) for _ in range(2)]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        for store in made:
            stack.callback(store.close)
        first, second = made
        yield first, second


def test_a_code_tried_at_both_workers_at_once_welcomes_one_device(workers: tuple[Store, Store]) -> None:
    a_site(workers[0])
    for _ in range(5):
        with workers[0].transaction() as tx:
            code = invite(tx, Invitation(site="park"))
        told = race(workers, code)
        assert sorted(type(answer).__name__ for answer in told) == ["CodeRefused"] * 3 + ["EnrolAnswer"]
    with workers[1].reading() as tx:
        assert len(devices.devices(tx, "park")) == 5


def race(workers: tuple[Store, Store], code: str) -> list[EnrolAnswer | CodeRefused]:
    told: list[EnrolAnswer | CodeRefused] = []
    start = threading.Barrier(4)

    def spend(store: Store) -> None:
        start.wait()
        try:
            told.append(enrol(store, EnrolRequest(code=code, public_key=secrets.token_bytes(32))))
        except CodeRefused as refused:
            told.append(refused)

    threads = [threading.Thread(target=spend, args=(store,)) for store in workers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_an_edge_of_one_worker_hears_what_the_other_was_told(
    workers: tuple[Store, Store], tmp_path: Path
) -> None:
    here, there = workers
    with (
        served(here) as url,
        running(Edge(tmp_path / "edge", url, a_welcome(url, here), report_s=20)) as edge,
    ):
        until(lambda: edge.profiles.cursor().epoch)
        took = []
        for number in range(1, 6):
            began = time.monotonic()
            with there.transaction() as tx:
                publish(tx, "park", [Change("device", str(number), b"x")])
            until(lambda: edge.profiles.cursor().seq == number)  # noqa: B023  # called at once
            took.append(time.monotonic() - began)
    assert sorted(took)[2] < WOKEN_S_MAX, took


def test_an_edge_goes_on_at_the_other_worker_in_mid_journal(
    workers: tuple[Store, Store], tmp_path: Path
) -> None:
    here, there = workers
    with served(here) as url:
        welcome = a_welcome(url, here)
        with running(Edge(tmp_path / "edge", url, welcome)) as edge:
            edge.write(20)
            until(edge.drained)
    with served(there) as url, running(Edge(tmp_path / "edge", url, welcome)) as edge:
        edge.write(20)
        until(edge.drained)
    with there.reading() as tx:
        assert len(lanes.recent(tx, "park", limit=100)) == 40


def test_a_listener_cut_off_comes_back_and_misses_nothing(
    workers: tuple[Store, Store], emptied_postgres_url: str
) -> None:
    here, there = workers
    a_site(here)
    here.listen()
    with psycopg.connect(emptied_postgres_url, autocommit=True) as admin:
        listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        until(lambda: admin.execute(listening).fetchall())
        seen = here.wakes.seen("park")
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({listening}) AS found".encode())  # noqa: S608  # no stranger's words
        with there.transaction() as tx:
            publish(tx, "park", [Change("device", "a", b"x")])
        assert here.wakes.wait("park", seen, 5), "told while nobody listened"
