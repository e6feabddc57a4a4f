"""The feed over both databases: no cursor ever passes an item, whoever publishes at the same time."""

from __future__ import annotations

import threading
import time

import pytest

from edge.core.bands import BandState
from edge.errors import Refused, Unknown
from sync.central import feed
from sync.central.feed import FORGOTTEN_MAX, RETAIN_MS, Change, drop_tombstones, publish, publish_band
from sync.central.sites import begin_epoch, site_table
from sync.central.store import Store, update
from sync.central.telling.pages import Asked, EpochOver, await_page, read_page, urgent_after
from sync.wire import ITEM_BYTES_MAX, BandNotice, Cursor, Page
from tests.sync.builders import Clockwork, a_site


def put(store: Store, *keys: str, body: bytes | None = b"x") -> int:
    with store.transaction() as tx:
        return publish(tx, "park", [Change("profile", key, body) for key in keys])


def revoke(store: Store, band: bytes) -> None:
    with store.transaction() as tx:
        publish_band(tx, "park", BandNotice(band=band, state=BandState.REVOKED, epoch=0))


def asked(store: Store, after: int = 0, *, urgent: int = 0, limit: int = 500) -> Asked:
    with store.reading() as tx:
        epoch = feed.head(tx, "park").epoch
    return Asked(site="park", cursor=Cursor(epoch, after), urgent=urgent, limit=limit)


def page(store: Store, after: int = 0, *, urgent: int = 0, limit: int = 500) -> Page:
    return read_page(store, asked(store, after, urgent=urgent, limit=limit))


@pytest.fixture
def park(store: Store) -> Store:
    a_site(store)
    return store


def test_items_are_numbered_without_holes_and_paged_in_order(park: Store) -> None:
    assert put(park, "a", "b", "c") == 3
    assert put(park, "d") == 4
    first = page(park, limit=3)
    assert [item.key for item in first.items] == ["a", "b", "c"]
    assert (first.to, first.head) == (3, 4)
    rest = page(park, first.to, limit=3)
    assert ([item.key for item in rest.items], rest.to) == (["d"], 4)


def test_a_key_is_kept_once_with_its_newest_version(park: Store) -> None:
    put(park, "a", "b")
    put(park, "a", body=b"new")
    found = page(park)
    assert [(item.key, item.version, item.body) for item in found.items] == [("b", 2, b"x"), ("a", 3, b"new")]


def test_one_key_twice_in_one_publication_keeps_the_last(park: Store) -> None:
    with park.transaction() as tx:
        publish(tx, "park", [Change("profile", "a", b"1"), Change("profile", "a", b"2")])
    assert [(item.version, item.body) for item in page(park).items] == [(2, b"2")]


def test_a_tombstone_travels_and_is_forgotten_after_its_time(park: Store, clock: Clockwork) -> None:
    put(park, "a", "b")
    put(park, "a", body=None)
    assert page(park, 2).items[0].body is None
    assert drop_tombstones(park, "park") == 0
    clock.ms += RETAIN_MS + 1
    assert drop_tombstones(park, "park") == 1
    with pytest.raises(EpochOver):
        page(park, 2)
    assert page(park, 3).items == ()


def test_each_publication_forgets_a_bounded_piece_of_what_is_long_gone(park: Store, clock: Clockwork) -> None:
    keys = [str(number) for number in range(FORGOTTEN_MAX + 20)]
    put(park, *keys, body=None)
    clock.ms += RETAIN_MS + 1
    put(park, "a")
    assert len(page(park, FORGOTTEN_MAX).items) == 21
    put(park, "b")
    last = put(park, "c", body=None)
    assert [item.key for item in page(park, last - 3).items] == ["a", "b", "c"]
    with pytest.raises(EpochOver):
        page(park, last - 4)


def test_a_key_that_came_back_is_no_tombstone(park: Store, clock: Clockwork) -> None:
    put(park, "a", body=None)
    put(park, "a")
    clock.ms += RETAIN_MS + 1
    assert drop_tombstones(park, "park") == 0
    assert [item.key for item in page(park).items] == ["a"]


def test_a_cursor_of_another_epoch_is_over(park: Store) -> None:
    put(park, "a")
    before = asked(park)
    with park.transaction() as tx:
        begin_epoch(tx, "park")
    with pytest.raises(EpochOver):
        read_page(park, before)


def test_a_cursor_beyond_the_head_is_over(park: Store) -> None:
    put(park, "a")
    with pytest.raises(EpochOver):
        page(park, 99)


def test_urgent_items_come_with_every_page_until_they_are_applied(park: Store) -> None:
    put(park, "a")
    revoke(park, b"\1" * 16)
    assert [item.kind for item in page(park).items] == ["profile"]
    told = page(park, 2)
    assert (len(told.urgent), told.urgent_to) == (1, 2)
    assert page(park, 2, urgent=2).urgent == ()
    items, to = urgent_after(park, "park", Cursor())
    assert (len(items), to.seq) == (1, 2)


def test_what_is_too_large_or_for_no_site_is_refused(park: Store) -> None:
    with pytest.raises(Refused):
        put(park, "a", body=b"x" * (ITEM_BYTES_MAX + 1))
    with pytest.raises(Unknown), park.transaction() as tx:
        publish(tx, "nowhere", [Change("profile", "a", b"x")])


def test_a_waiter_is_woken_and_an_idle_wait_ends_empty(park: Store) -> None:
    answers: list[Page] = []
    waiter = threading.Thread(target=lambda: answers.append(await_page(park, asked(park), 3)))
    waiter.start()
    put(park, "a")
    waiter.join()
    assert [item.key for item in answers[0].items] == ["a"]
    assert await_page(park, asked(park, 1), 0.05).items == ()


def number_taken_early(store: Store) -> int:
    """The wrong way, as a database sequence does it: a number of its own commit, before the item is there."""
    with store.transaction() as tx:
        tx.execute(update(site_table).values(seq=site_table.c.seq + 1))
        return feed.head(tx, "park").seq


def item_put_later(store: Store, key: str, seq: int) -> None:
    row = {"site_id": "park", "kind": "profile", "key": key, "seq": seq, "body": b"x", "urgent": False}
    with store.transaction() as tx:
        tx.execute(feed.UPSERT, {**row, "at_ms": 0})


def test_the_control_a_number_taken_early_loses_an_item(park: Store) -> None:
    slow, fast = number_taken_early(park), number_taken_early(park)
    item_put_later(park, "fast", fast)
    seen = page(park)
    item_put_later(park, "slow", slow)
    assert [item.key for item in seen.items] == ["fast"]
    assert page(park, seen.to).items == (), "the slow one is lost behind the cursor"


@pytest.mark.timeout(30)
def test_no_follower_misses_an_item_of_many_publishers(park: Store) -> None:
    writers, each = 4, 15
    done = threading.Event()
    seen: list[str] = []

    def write(writer: int) -> None:
        for number in range(each):
            put(park, f"{writer}-{number}")

    def follow() -> None:
        cursor = 0
        while True:
            last = done.is_set()
            told = page(park, cursor)
            seen.extend(item.key for item in told.items)
            cursor = told.to
            if last and not told.items:
                return

    follower = threading.Thread(target=follow)
    publishers = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in (follower, *publishers):
        thread.start()
    for thread in publishers:
        thread.join()
    done.set()
    follower.join()
    assert len(seen) == len(set(seen)) == writers * each


@pytest.mark.postgres
def test_another_worker_wakes_ours(emptied_postgres_url: str, clock: Clockwork) -> None:
    ours, theirs = Store(emptied_postgres_url, now_ms=clock), Store(emptied_postgres_url, now_ms=clock)
    ours.listen()
    a_site(ours)
    took: list[float] = []

    def wait() -> None:
        began = time.monotonic()
        await_page(ours, asked(ours), 10)
        took.append(time.monotonic() - began)

    waiter = threading.Thread(target=wait)
    seen = ours.wakes.seen("park")
    waiter.start()
    while ours.wakes.seen("park") == seen and waiter.is_alive():
        put(theirs, "a")
        waiter.join(0.2)
    waiter.join()
    assert took[0] < 5
    ours.close()
    theirs.close()
