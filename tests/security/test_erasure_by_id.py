"""What names a guest by id alone is told to the guest, and names nobody once they are erased."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import edge.core
from edge.core.events import Kind
from edge.core.offers.said import KINDS as OFFERED
from edge.core.offers.said import Told as Offered
from edge.core.profiles import remark_owner
from sync.central import intake
from sync.central.export import told_of
from sync.central.feed import Change, item_table, publish
from sync.central.journey import diary
from sync.central.journey.entry import Via, What
from sync.central.machines import lanes
from sync.central.privacy import erasure, named
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
        ("offer_made_over", "coffee"),
        ("coupon_answered", ""),
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
    assert [body.count(b"coffee") for body in bodies].count(1) == 3
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
    assert len(late) == 2 * 6 + 1
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


JUDGED = {Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN, Kind.PAID, Kind.OFFERS_EXPOSED}
"""What was decided is judged again by the same pseudonym, and keeps it."""


def bodies() -> Iterator[tuple[set[Kind], type[msgspec.Struct]]]:
    """Every form in the rulebook that says of which events it is the body."""
    for found in pkgutil.walk_packages(edge.core.__path__, "edge.core."):
        for form in vars(importlib.import_module(found.name)).values():
            if isinstance(form, type) and issubclass(form, msgspec.Struct):
                words = re.findall(r"\b[A-Z_]{4,}\b", form.__doc__ or "")
                yield {Kind[word] for word in words if word in Kind.__members__}, form


def names_a_guest(kind: Any, seen: set[type]) -> bool:
    """Whether a field of it, however deep, holds a guest's id."""
    match kind:
        case msgspec.inspect.StructType(cls=cls, fields=fields):
            if cls in seen:
                return False
            seen.add(cls)
            return any(one.name == named.FIELD or names_a_guest(one.type, seen) for one in fields)
        case msgspec.inspect.UnionType(types=types) | msgspec.inspect.TupleType(item_types=types):
            return any(names_a_guest(one, seen) for one in types)
        case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
            return names_a_guest(item, seen)
        case msgspec.inspect.DictType(value_type=value):
            return names_a_guest(value, seen)
    return False


def test_every_event_that_names_a_guest_loses_the_name_or_is_judged_again_by_it() -> None:
    naming = set(OFFERED)
    for kinds, form in bodies():
        if kinds and names_a_guest(msgspec.inspect.type_info(form), set()):
            naming |= kinds
    assert naming > JUDGED, "the control: those that keep it are found"
    assert naming - JUDGED == named.NAMING
    assert {kind for kind in Kind if kind.name.startswith("OFFER_")} == set(OFFERED)
