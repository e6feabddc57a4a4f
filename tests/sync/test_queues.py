"""Many devices of one site post at once: its other posts wait in line, and no other site waits with them."""

from __future__ import annotations

import threading
import time

import msgspec
import psycopg
import pytest

from edge.core.events import Kind
from edge.errors import StoreError
from sync.central import intake
from sync.central.app import create_app
from sync.central.feed import Change, publish
from sync.central.machines import lanes
from sync.central.machines.devices import Device
from sync.central.settings import Settings
from sync.central.store import Store
from sync.central.store.engine import WRITERS_MAX
from sync.central.store.queues import Queues
from sync.wire import Ack
from tests.sync.builders import NOW_MS, Clockwork, a_device, a_journal, a_site
from tests.sync.caller import Caller
from tests.sync.ends import until
from tests.sync.test_passages import an_entry

ANSWERED_S_MAX = 5.0
WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
LISTENING = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"


def post(store: Store, device: Device) -> None:
    """A passage, which is told on at its site and needs the site's turn."""
    journal = a_journal(device)
    body = msgspec.msgpack.encode(an_entry(device.id, NOW_MS, tap=device.id))
    journal.append(0, body, kind=int(Kind.DECIDED))
    assert isinstance(intake.take(store, device, journal.batch(1, 1)), Ack)


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_site_that_stands_still_keeps_no_other_site_waiting(
    emptied_postgres_url: str, clock: Clockwork
) -> None:
    store = Store(emptied_postgres_url, now_ms=clock)
    busy = [a_device(store, "busy")[0] for _ in range(WRITERS_MAX + 4)]
    quiet, _ = a_device(store, "quiet")
    with psycopg.connect(emptied_postgres_url) as other:
        other.execute("SELECT FROM site WHERE site_id = 'busy' FOR UPDATE")
        posts = [threading.Thread(target=post, args=(store, device)) for device in busy]
        for thread in posts:
            thread.start()
        until(lambda: waiting(emptied_postgres_url), 10)
        began = time.monotonic()
        post(store, quiet)
        took_s = time.monotonic() - began
        other.rollback()
    for thread in posts:
        thread.join()
    with store.reading() as tx:
        assert len(lanes.recent(tx, "busy")) == len(busy), "none of those who waited was lost"
    store.close()
    assert took_s < ANSWERED_S_MAX


def waiting(url: str) -> int:
    """How many of this database's connections wait for a lock."""
    with psycopg.connect(url) as admin:
        return len(admin.execute(WAITING).fetchall())


def test_a_line_has_an_end_and_takes_no_room_once_nobody_stands_in_it() -> None:
    queues, told = Queues(0.05), list[str]()
    with queues.turn("park"):
        with queues.turn("another"):
            told.append("beside")

        def wait() -> None:
            try:
                with queues.turn("park"):
                    told.append("in")
            except StoreError as error:
                told.append(error.hint)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    with queues.turn("park"):
        told.append("next")
    assert told == ["beside", "Ask again.", "next"]
    assert queues._lines == {}


def test_a_full_line_turns_away_whoever_comes_and_another_line_does_not() -> None:
    queues = Queues(5)
    queues.count_max = 1
    with queues.turn("park"):
        with pytest.raises(StoreError, match="Too many wait for park"), queues.turn("park"):
            pytest.fail("a second one got in")
        with queues.turn("lake"):
            assert set(queues._lines) == {"park", "lake"}
    with queues.turn("park"):
        assert set(queues._lines) == {"park"}


def test_a_device_that_finds_the_line_full_is_told_when_to_come_again(small_store: Store) -> None:
    caller = Caller(create_app(small_store, Settings()).test_client(), small_store)
    caller.journal.write(1)
    body = msgspec.msgpack.encode(caller.journal.batch(1, 1))
    request = caller.signed("POST", caller.events, body)
    small_store.queues.count_max = 1
    with small_store.queues.turn(caller.device.site):
        said = caller.http.post(caller.events, data=body, headers=dict(request.headers))
    assert said.status_code == 503
    assert int(said.headers["Retry-After"]) == Settings().retry_after_s


@pytest.mark.postgres
@pytest.mark.timeout(30)
def test_what_is_urgent_is_told_by_the_commit_and_the_rest_soon_after(
    emptied_postgres_url: str, clock: Clockwork
) -> None:
    ours, theirs = Store(emptied_postgres_url, now_ms=clock), Store(emptied_postgres_url, now_ms=clock)
    a_site(ours)
    for store in (ours, theirs):
        store.listen()
    with psycopg.connect(emptied_postgres_url, autocommit=True) as admin:
        until(lambda: len(admin.execute(LISTENING).fetchall()) > 1)
    seen = ours.wakes.seen("park")
    change(theirs, urgent=False)
    assert ours.wakes.wait("park", seen, 5)
    assert theirs._crier is not None
    theirs._crier.stop()  # a worker that dies after its commit cries no more
    seen = ours.wakes.seen("park")
    change(theirs, urgent=False)
    assert not ours.wakes.wait("park", seen, 0.3), "the control: nobody was left to tell it"
    change(theirs, urgent=True)
    assert ours.wakes.wait("park", seen, 5)
    ours.close()
    theirs.close()


def change(store: Store, *, urgent: bool) -> None:
    with store.transaction() as tx:
        publish(tx, "park", [Change("band", "a", b"x", urgent=urgent)])


@pytest.mark.postgres
@pytest.mark.timeout(30)
def test_a_crier_cut_off_tells_what_it_could_not(emptied_postgres_url: str, clock: Clockwork) -> None:
    ours, theirs = Store(emptied_postgres_url, now_ms=clock), Store(emptied_postgres_url, now_ms=clock)
    a_site(ours)
    for store in (ours, theirs):
        store.listen()
    with psycopg.connect(emptied_postgres_url, autocommit=True) as admin:
        seen = ours.wakes.seen("park")
        change(theirs, urgent=False)
        assert ours.wakes.wait("park", seen, 5)
        seen = ours.wakes.seen("park")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'SELECT pg_notify(%unnest%' AND pid <> pg_backend_pid()"
        )
        change(theirs, urgent=False)
        assert ours.wakes.wait("park", seen, 5)
    ours.close()
    theirs.close()
