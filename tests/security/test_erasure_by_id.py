"""What names a guest by id alone is told to the guest, and names nobody once they are erased."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.offers.said import Told as Offered
from edge.core.profiles import remark_owner
from sync.central import erasure, intake, lanes, named
from sync.central.export import told_of
from sync.central.feed import Change, item_table, publish
from sync.central.journey import diary
from sync.central.journey.entry import Via, What
from sync.central.store import Store, select
from sync.wire import USES, Ack
from tests.security.planted import GUEST, NAME, NAMING, SEALS, WORDS, filled, found_in, planted
from tests.sync.builders import Clockwork, a_device, a_journal


@pytest.fixture
def small_store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=Clockwork(), seals=SEALS)
    yield opened
    opened.close()


def gone(store: Store) -> None:
    with store.transaction() as tx:
        erasure.erase(tx, "park", GUEST)


def test_the_export_holds_what_names_the_guest_by_id_alone(small_store: Store) -> None:
    """An offer, a consent and an order are told without a band; none of another guest's is in it."""
    planted(small_store)
    with small_store.reading() as tx:
        told = [(one.kind, one.subject) for one in told_of(tx, "park", GUEST).events if not one.band]
    assert told == [
        ("offer_shown", "coffee"),
        ("offer_taken", "coffee"),
        ("consent_set", ""),
        ("order_moved", "o1"),
    ]


def test_the_export_holds_what_is_kept_of_the_guest_though_nobody_may_use_it(small_store: Store) -> None:
    """Where a consent is missing an entry is not used any more; as long as it is kept it is theirs to see."""
    planted(small_store)
    with small_store.transaction() as tx:
        owner = remark_owner(GUEST, b"")
        filled(tx, diary.diary_table, owner=owner, id="9", via=Via.KIOSK, what=What.DWELT, basis="presence")
    with small_store.reading() as tx:
        used = {one.what for one in diary.of_guest(tx, "park", owner)}
        told = {one.what for one in told_of(tx, "park", GUEST).diary}
    assert What.DWELT not in used, "the control: it is kept back from everybody else"
    assert What.DWELT in told


def test_what_names_an_erased_guest_by_id_alone_names_nobody_and_stays_a_fact(small_store: Store) -> None:
    planted(small_store)
    with small_store.reading() as tx:
        before = {one.event.h for one in lanes.recent(tx, "park")}
    assert "event.body" in found_in(small_store, (GUEST,)), "the control: it did"
    gone(small_store)
    with small_store.reading() as tx:
        kept = lanes.recent(tx, "park")
    assert {one.event.h for one in kept} == before
    bodies = [one.event.body for one in kept if one.event.kind in named.NAMING]
    assert [body.count(b"coffee") for body in bodies].count(1) == 2
    assert sum(b"guest-9" in body for body in bodies) == 1, "and nobody else's goes"


def test_what_a_device_tells_late_of_an_erased_guest_names_nobody(small_store: Store) -> None:
    planted(small_store)
    gone(small_store)
    device, _ = a_device(small_store)
    journal = a_journal(device)
    alike = Offered(exposure="x.3", offer="cake", guest=f"{GUEST}-other")
    for kind, said in (*NAMING, (Kind.OFFER_SHOWN, alike)):
        journal.append(0, msgspec.msgpack.encode(said), kind=int(kind), band=None)
    taken = intake.take(small_store, device, journal.batch(1, len(NAMING) + 1))
    assert isinstance(taken, Ack)
    assert taken.ack == len(NAMING) + 1
    with small_store.reading() as tx:
        late = [one.event.body for one in lanes.recent(tx, "park") if one.event.kind in named.NAMING]
    assert len(late) == 2 * 4 + 1
    [other] = [body for body in late if GUEST.encode() in body]
    assert f"{GUEST}-other".encode() in other, "whose id only begins alike"


def test_no_tombstone_keeps_what_a_right_was_called(small_store: Store) -> None:
    """Whoever makes ids may put a name into one, and no edge waits for word of a right that is no more."""
    planted(small_store)
    with small_store.transaction() as tx:
        publish(tx, "park", [Change(USES, f"{NAME}.day", msgspec.msgpack.encode(()))])
    gone(small_store)
    with small_store.reading() as tx:
        rows = tx.execute(select(item_table.c.kind, item_table.c.key)).all()
    assert not [row for row in rows if any(word in row.key for word in (NAME, "right-canary"))]
    assert found_in(small_store, WORDS) == set()
