"""What one gate lets in binds the others within seconds, and who came in twice is told at both, once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.alarms import AlarmNotice
from edge.core.bands import Presented, Trust
from edge.core.decision import Act, Decision, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement, Redemption, Terms, Use
from edge.core.events import Acted, Decided, Kind
from edge.core.passages import uses_in
from edge.core.places import Layout, Point, PointKind, Zone
from edge.errors import Refused
from edge.sequencer import Transaction
from sync.central import alarms, sites
from sync.central.echoes import passages
from sync.central.feed import item_table
from sync.central.privacy import erasure
from sync.central.registry import layout
from sync.central.registry import rights as registry
from sync.central.store import Store, select
from sync.central.telling.pages import urgent_after
from sync.client import passages as client
from sync.wire import ALARM, USES, WHEREABOUTS, Cursor, Item
from tests.sync.builders import NOW_MS, SITE
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.test_echo import BAND, Gate, a_worn_band

RIGHT = "ticket-1"
GO_ON = WhatNext(act=Act.GO_ON)
GATES = ("gate", "far")


def a_park(store: Store, *, uses_max: int | None = 1) -> None:
    """Two gates into one park, and a guest who holds one right."""
    with store.transaction() as tx:
        if not sites.has_site(tx, SITE):
            sites.create_site(tx, SITE)
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park"))
        for point in GATES:
            layout.put_thing(tx, SITE, Point(id=point, kind=PointKind.GATE, zone="park", to_zone="park"))
        layout.publish_layout(tx, SITE)
        right = Entitlement(id=RIGHT, product="day", terms=Terms(uses_max=uses_max))
        registry.put_rights(tx, SITE, [right], guest="g1")


def an_entry(device: str, now_ms: int, *, tap: str, point: str = "gate", **said: Any) -> Decided:
    decision = Decision(
        outcome=said.get("outcome", Outcome.GRANTED), reason=said.get("reason", Reason.ENTERED),
        next=GO_ON, point=point, direction="in", entitlement=RIGHT, ordinal=1,
    )  # fmt: skip
    presented = Presented(tap_id=tap, reader="r", band=None, trust=Trust.SUN)
    return Decided(decision=decision, presented=presented, now_ms=now_ms, device=device, reentry=False)


def enters(gate: Gate, *, at_ms: int = 0, tap: str = "", point: str = "gate") -> None:
    """One entry at a device on paper."""
    body = an_entry(gate.device.id, NOW_MS + at_ms, tap=tap or f"tap-{gate.device.id}", point=point)
    gate.says(Kind.DECIDED, body)


def told(store: Store, kind: str) -> dict[str, bytes]:
    own = item_table.c
    with store.reading() as tx:
        rows = tx.execute(select(own.key, own.body).where(own.site_id == SITE, own.kind == kind))
        return {row.key: bytes(row.body) for row in rows if row.body is not None}


def open_alarms(store: Store) -> list[alarms.Alarm]:
    with store.reading() as tx:
        return [one for one in alarms.alarms(tx, SITE) if one.seen_ms is None]


def notices(store: Store) -> list[AlarmNotice]:
    items, _ = urgent_after(store, SITE, Cursor())
    bodies = [item.body for item in items if item.kind == ALARM and item.body is not None]
    return [msgspec.msgpack.decode(body, type=AlarmNotice) for body in bodies]


# Over two real edges


@pytest.fixture
def edges(small_store: Store, tmp_path: Path) -> Iterator[tuple[Edge, Edge]]:
    with served(small_store) as url:
        one, other = (Edge(tmp_path / name, url, a_welcome(url, small_store, SITE)) for name in "ab")
        a_park(small_store)
        with running(one), running(other):
            until(lambda: one.profiles.cursor().epoch and other.profiles.cursor().epoch)
            yield one, other


def lets_in(edge: Edge, *, tap: str, point: str = "gate", at_ms: int = 0) -> None:
    """What the service does with a green: the record, the use and the place in one act."""

    def act(tx: Transaction) -> None:
        body = an_entry(edge.welcome.device, NOW_MS + at_ms, tap=tap, point=point)
        seq = tx.append(Kind.DECIDED, body, band=BAND)
        for use in uses_in(body, seq):
            tx.put_use(use)

    edge.sequencer.submit(act)


def known(edge: Edge) -> tuple[Use, ...]:
    return edge.sequencer.submit(lambda tx: tx.held(BAND, (RIGHT,))).uses


def test_a_use_at_one_gate_is_known_at_the_other_within_seconds(edges: tuple[Edge, Edge]) -> None:
    one, other = edges
    lets_in(one, tap="t-1")
    until(lambda: known(other))
    [use] = known(other)
    assert (use.device, use.point, use.tap_id) == (one.welcome.device, "gate", "t-1")
    held = other.sequencer.submit(lambda tx: tx.held(BAND))
    assert held.location is not None
    assert (held.location.zone, held.location.point) == ("park", "gate")


def test_two_gates_that_were_cut_off_find_their_double_entry_and_both_hear_of_it(
    edges: tuple[Edge, Edge], small_store: Store
) -> None:
    one, other = edges
    other.cable.pull()
    lets_in(one, tap="t-1")
    lets_in(other, tap="t-2", point="far", at_ms=60_000)
    until(one.drained)
    assert open_alarms(small_store) == [], "the control: of one entry alone nothing is wrong"
    other.cable.plug()
    other.client.kick()
    until(lambda: open_alarms(small_store))
    until(lambda: len(known(one)) == 2 and len(known(other)) == 2)
    [alarm] = open_alarms(small_store)
    [notice] = notices(small_store)
    assert (alarm.reason, alarm.point, alarm.times) == (Reason.DUPLICATE_OFFLINE, "far", 1)
    assert (notice.point, notice.elsewhere) == ("far", "gate")
    assert set(notice.devices) == {one.welcome.device, other.welcome.device}


# On paper


def test_a_right_used_at_one_device_only_accuses_nobody(small_store: Store) -> None:
    Gate(small_store)  # somebody to tell
    gate = Gate(small_store)
    a_park(small_store)
    enters(gate, tap="t-1")
    assert open_alarms(small_store) == []
    assert set(told(small_store, USES)) == {RIGHT}


def test_within_what_a_right_holds_two_gates_are_no_double(small_store: Store) -> None:
    north, south = Gate(small_store), Gate(small_store)
    a_park(small_store, uses_max=2)
    enters(north)
    enters(south, at_ms=5_000)
    assert open_alarms(small_store) == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_each_passage_too_many_is_one_alarm_whatever_arrives_first(
    small_store: Store, order: tuple[int, ...]
) -> None:
    gates = [Gate(small_store) for _ in range(3)]
    a_park(small_store)
    for n in order:
        enters(gates[n], at_ms=n * 10_000)
    found = open_alarms(small_store)
    assert len(found) == len({one.id for one in found}) == 2
    assert [one.times for one in found] == [1, 1]


def test_a_passage_that_was_taken_back_is_accused_of_nothing(small_store: Store) -> None:
    """The gate did not turn: the guest went to the other one."""
    north, south = Gate(small_store), Gate(small_store)
    a_park(small_store)
    enters(north, tap="t-1")
    north.says(Kind.ANNULLED, Acted(tap_id="t-1", target="1", reason="not_passed"))
    enters(south, at_ms=5_000)
    assert open_alarms(small_store) == []
    uses = msgspec.msgpack.decode(told(small_store, USES)[RIGHT], type=tuple[Use, ...])
    assert [use.redemption for use in uses] == [Redemption.ANNULLED, Redemption.VALID]
    place = msgspec.msgpack.decode(told(small_store, WHEREABOUTS)[BAND.hex()])
    assert place[0][3] == south.device.id


def test_an_alarm_is_withdrawn_when_its_passage_turns_out_to_be_none(small_store: Store) -> None:
    north, south = Gate(small_store), Gate(small_store)
    a_park(small_store)
    enters(north, tap="t-1")
    enters(south, at_ms=5_000)
    assert len(open_alarms(small_store)) == len(notices(small_store)) == 1
    north.says(Kind.UNDONE, Acted(tap_id="t-1", target="1", staff="anna"))
    assert open_alarms(small_store) == notices(small_store) == []


@pytest.mark.parametrize("seed", range(12))
def test_what_is_told_is_the_same_in_any_order_and_however_often(small_store: Store, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    a_park(small_store, uses_max=2)
    entries = [an_entry(f"edge-{n}", NOW_MS + chance.randrange(9_000), tap=f"t-{n}") for n in range(4)]
    told_all = [passages.Passed(BAND, one, 1) for one in entries]
    told_all += [passages.Passed(BAND, one, 1, Redemption.UNDONE) for one in entries[:1]]
    with small_store.transaction() as tx:
        for one in chance.sample(told_all * 2, 2 * len(told_all)):
            passages.merge(tx, SITE, [one])
    uses = msgspec.msgpack.decode(told(small_store, USES)[RIGHT], type=tuple[Use, ...])
    assert {use.device: use.redemption is Redemption.UNDONE for use in uses} == {
        f"edge-{n}": n == 0 for n in range(4)
    }
    assert len(open_alarms(small_store)) == 1
    place = msgspec.msgpack.decode(told(small_store, WHEREABOUTS)[BAND.hex()])
    standing = max(entries[1:], key=lambda one: (one.now_ms, one.device))
    assert place[0][1] == standing.now_ms


def test_what_an_erased_guest_used_leaves_the_feed(small_store: Store) -> None:
    Gate(small_store)  # somebody to tell
    gate = Gate(small_store)
    a_park(small_store)
    a_worn_band(small_store)
    enters(gate)
    assert told(small_store, USES)
    assert told(small_store, WHEREABOUTS)
    with small_store.transaction() as tx:
        erasure.erase(tx, SITE, "g1")
    assert told(small_store, USES) == told(small_store, WHEREABOUTS) == {}


def test_where_bands_were_is_forgotten_with_the_days_that_movements_are_kept(small_store: Store) -> None:
    Gate(small_store)  # somebody to tell
    gate = Gate(small_store)
    a_park(small_store)
    enters(gate)
    with small_store.transaction() as tx:
        assert passages.forget_places(tx, NOW_MS - 1) == 0
        assert passages.forget_places(tx, 1 << 60) == 1
        registry.remove(tx, SITE, [RIGHT])
        assert passages.forget_places(tx, 1 << 60) == 1
    assert told(small_store, USES) == told(small_store, WHEREABOUTS) == {}


@pytest.mark.parametrize(
    ("kind", "key", "body"),
    [
        (USES, RIGHT, b"\xff"),
        (USES, "another", msgspec.msgpack.encode(uses_in(an_entry("a", NOW_MS, tap="t"), 1))),
        (WHEREABOUTS, "zz", b"\x91\x94\xc0\x01\xa1p\xa1d"),
        (WHEREABOUTS, "00", b"\x91\x94\xc0\x01\xa1p\xa1d"),
        (WHEREABOUTS, BAND.hex(), b"\xc0"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_kept(kind: str, key: str, body: bytes) -> None:
    items = [Item(kind=kind, key=key, version=1, body=body)]
    with pytest.raises(Refused):
        _ = client.uses_told(items), client.places_told(items)


def test_a_second_gate_hears_what_the_first_let_in_while_it_was_alone(small_store: Store) -> None:
    a_park(small_store)
    first = Gate(small_store)
    enters(first)
    assert told(small_store, USES) == {}, "nobody else has to hear it"
    with served(small_store) as url:
        a_welcome(url, small_store)
        (uses,) = told(small_store, USES).values()
        a_welcome(url, small_store)
    assert [use.device for use in msgspec.msgpack.decode(uses, type=tuple[Use, ...])] == [first.device.id]
    assert len(told(small_store, USES)) == len(told(small_store, WHEREABOUTS)) == 1
