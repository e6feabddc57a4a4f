"""Places of a booked time are never lent twice, in whatever order gates are cut off, told, new or full."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec
import pytest

from edge.core.places import Layout, Point, PointKind, Zone
from edge.core.slots import Slot
from edge.errors import Refused
from sync.central.feed import head, item_table
from sync.central.machines import devices
from sync.central.machines.devices import ACTIVE, REVOKED, Device
from sync.central.near import slots
from sync.central.near.places import Gates, Lent, shared
from sync.central.registry import layout
from sync.central.sharing import Sharing
from sync.central.store import Store, select
from sync.wire import Cursor, DeviceReport
from tests.portions import sample_and_whole
from tests.sync.builders import SITE, a_device

STEPS, HOUR_MS = 80, 3_600_000
KEY = "ride/1000"
TIME = Lent(point="ride", product="ride", start_ms=1_000, end_ms=2_000, capacity_max=1)


@dataclass
class Gate:
    """A device that lets people in by the share that it was told last."""

    heard: int = 0
    share: int = 0
    taken: int = 0
    cut_off: bool = False


@dataclass
class Day:
    """One time of one point: what central has told, what it has heard, and what is true."""

    slot: Lent
    gates: dict[str, Gate] = field(default_factory=lambda: {"a": Gate()})
    reports: dict[str, DeviceReport] = field(default_factory=dict)
    number: int = 0

    def share(self, *, believe_all: bool) -> None:
        known = {name: a_gate(name, self.reports.get(name)) for name in self.gates}
        now = shared(self.slot, Gates(known, (), 1), told=0 if believe_all else self.number)
        if now != self.slot:
            self.slot, self.number = now, self.number + 1

    def contact(self, name: str) -> None:
        gate = self.gates[name]
        if not gate.cut_off:
            gate.heard, gate.share = self.number, self.slot.gates.get(name, 0)
            self.report(name)

    def report(self, name: str) -> None:
        gate = self.gates[name]
        if not gate.cut_off:
            self.reports[name] = a_report(name, gate.heard, {KEY: gate.taken})

    @property
    def total(self) -> int:
        return sum(gate.taken for gate in self.gates.values())


def a_report(name: str, at: int, taken: dict[str, int] | None, epoch: int = 1) -> DeviceReport:
    return DeviceReport(device=name, boot="b", cursor=Cursor(epoch, at), taken=taken)


def a_gate(name: str, report: DeviceReport | None = None, **changes: object) -> Device:
    one = Device(
        site=SITE, id=name, kind="gate", name=name, points=("ride",), public_key=b"", incarnation=1,
        state=ACTIVE, enrolled_ms=0, seen_ms=0, report=report,
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def most_let_in(seed: int, *, believe_all: bool = False) -> tuple[int, int]:
    """Let a time go by; return its places and how many were let in at the worst moment."""
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    places = chance.randint(1, 14)
    day, most = Day(msgspec.structs.replace(TIME, capacity_max=places)), 0
    for _ in range(STEPS):
        name = chance.choice(sorted(day.gates))
        gate = day.gates[name]
        match chance.choice(["in", "in", "in", "undo", "cut", "plug", "contact", "report", "share", "new"]):
            case "in" if gate.taken < gate.share:
                gate.taken += 1
            case "undo" if gate.taken:
                gate.taken -= 1
            case "cut":
                gate.cut_off = True
            case "plug":
                gate.cut_off = False
            case "contact":
                day.contact(name)
            case "report":
                day.report(name)
            case "share":
                day.share(believe_all=believe_all)
            case "new" if len(day.gates) < 4:
                day.gates["bcd"[len(day.gates) - 1]] = Gate()
        most = max(most, day.total)
    return places, most


@pytest.mark.parametrize("seeds", sample_and_whole(600, 3_000))
def test_no_schedule_overfills_a_time(seeds: int) -> None:
    for seed in range(seeds):
        places, most = most_let_in(seed)
        assert most <= places, f"seed {seed}: {most} let in on {places} places"


def test_shares_that_take_every_gate_for_told_are_found_out() -> None:
    """The control: who believes that a smaller share is in force once it is sent overfills a time."""
    found = [most_let_in(seed, believe_all=True) for seed in range(600)]
    assert any(most > places for places, most in found)


def test_some_schedule_fills_a_time() -> None:
    """The control: what lets nobody in overfills nothing either."""
    assert any(most == places for places, most in map(most_let_in, range(100)))


def test_a_gate_that_is_short_gets_places_that_another_one_does_not_need() -> None:
    day = Day(msgspec.structs.replace(TIME, capacity_max=40), {"a": Gate(), "b": Gate()})
    day.share(believe_all=False)
    assert day.slot.gates == {"a": 20, "b": 20}
    for name, taken in (("a", 20), ("b", 2)):
        day.contact(name)
        day.gates[name].taken = taken
        day.contact(name)
    day.share(believe_all=False)
    assert day.slot.gates == {"a": 20, "b": 11}, "b has not heard yet that it holds less"
    day.share(believe_all=False)
    assert day.number == 2, "nothing is told twice"
    day.contact("a")
    day.contact("b")
    day.share(believe_all=False)
    assert day.slot.gates == {"a": 29, "b": 11}
    day.contact("a")
    day.contact("b")
    day.share(believe_all=False)
    assert day.number == 3


@pytest.mark.parametrize(
    ("report", "changes"),
    [
        (None, {}),
        (a_report("a", 9, None), {}),
        (a_report("a", 9, {}, epoch=2), {}),
        (a_report("a", 4, {}), {}),
        (a_report("a", 9, {}), {"state": REVOKED}),
    ],
    ids=["never heard", "frozen", "another feed", "an older share", "revoked"],
)
def test_what_a_gate_may_still_give_is_nobody_else_s(
    report: DeviceReport | None, changes: dict[str, object]
) -> None:
    slot = msgspec.structs.replace(TIME, capacity_max=10, gates={"a": 10})
    known = {"a": a_gate("a", report, **changes), "b": a_gate("b")}
    now = shared(slot, Gates(known, (), 1), told=5)
    assert now.gates.get("b", 0) == 0
    fresh = {"a": a_gate("a", a_report("a", 9, {KEY: 3})), "b": a_gate("b")}
    lower = shared(slot, Gates(fresh, (), 1), told=5)
    assert lower.gates["a"] == 3 + 4, "the control: who has heard and said so is believed"


def test_a_gate_that_claims_to_have_let_in_fewer_than_nobody_gains_no_place() -> None:
    slot = msgspec.structs.replace(TIME, capacity_max=10, gates={"a": 5, "b": 5})
    liar = {"a": a_gate("a", a_report("a", 9, {KEY: -90})), "b": a_gate("b", a_report("b", 9, {KEY: 5}))}
    honest = {**liar, "a": a_gate("a", a_report("a", 9, {KEY: 0}))}
    claimed, said = (shared(slot, Gates(known, (), 1), told=5).gates for known in (liar, honest))
    assert claimed == said == {"a": 3, "b": 5}


def test_a_lowered_limit_is_told_at_once_and_none_at_all_takes_every_share_away() -> None:
    slot = msgspec.structs.replace(TIME, capacity_max=3, gates={"a": 5, "b": 5})
    gates = Gates({"a": a_gate("a"), "b": a_gate("b")}, (), 1)
    assert shared(slot, gates, told=5).gates == {"a": 2, "b": 1}
    free = msgspec.structs.replace(slot, capacity_max=None, kept={"a": 5})
    assert (shared(free, gates, told=5).gates, shared(free, gates, told=5).kept) == ({}, {})


# At central, by its own store


def a_slot(store: Store, places: int | None, point: str = "ride") -> Slot:
    start = (store.now_ms() // HOUR_MS + 2) * HOUR_MS
    return Slot(point=point, product="ride", start_ms=start, end_ms=start + HOUR_MS, capacity_max=places)


def told(store: Store, slot: Slot) -> Slot:
    with store.reading() as tx:
        query = select(item_table.c.body).where(item_table.c.kind == "slot", item_table.c.key == slot.key)
        body = tx.execute(query).scalar_one()
    assert b"kept" not in bytes(body), "what central alone must know is not told"
    return msgspec.msgpack.decode(bytes(body), type=Slot)


def reports(store: Store, device: str, taken: dict[str, int]) -> None:
    with store.transaction() as tx:
        said = DeviceReport(device=device, boot="b", cursor=head(tx, SITE), taken=taken)
        devices.heard(tx, SITE, device, report=said)


def opened(store: Store, *points: tuple[str, ...]) -> list[str]:
    names = [a_device(store, points=own)[0].id for own in points]
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park"))
        for id_, kind in (
            ("ride", PointKind.ATTRACTION),
            ("north", PointKind.GATE),
            ("till", PointKind.TILL),
        ):
            to = None if kind is PointKind.TILL else "park"
            layout.put_thing(tx, SITE, Point(id=id_, kind=kind, zone="park", to_zone=to))
        layout.publish_layout(tx, SITE, names)
    return names


def test_only_gates_of_a_time_s_own_point_have_places_and_of_no_point_all_that_people_pass(
    store: Store,
) -> None:
    ride, north, till = opened(store, ("ride",), ("north",), ("till",))
    own, any_ = a_slot(store, 9), a_slot(store, 9, point="")
    with store.transaction() as tx:
        slots.put(tx, SITE, [own, any_, a_slot(store, None, point="north")])
    assert told(store, own).gates == {ride: 9}
    assert sorted(told(store, any_).gates) == sorted([ride, north])
    assert till not in told(store, any_).gates


def test_a_second_gate_of_a_point_gets_its_places_by_itself(store: Store) -> None:
    (old,) = opened(store, ("ride",))
    slot = a_slot(store, 10)
    with store.transaction() as tx:
        slots.put(tx, SITE, [slot])
    assert told(store, slot).gates == {old: 10}
    new = a_device(store, points=("ride",))[0].id
    sharing = Sharing(store)
    assert sharing.look() >= 0
    assert told(store, slot).gates.get(new, 0) == 0, "the old gate has not said what it gave"
    reports(store, old, {slot.key: 4})
    sharing.look()
    assert told(store, slot).gates == {old: 7, new: 0}
    reports(store, old, {slot.key: 4})
    reports(store, new, {})
    sharing.look()
    assert told(store, slot).gates == {old: 7, new: 3}
    assert sharing.look() == 0
    with store.transaction() as tx:
        slots.put(tx, SITE, [a_slot(store, None)])
    assert told(store, slot).gates == {}


def test_times_that_are_over_are_lent_no_more_and_none_has_fewer_places_than_none(store: Store) -> None:
    opened(store, ("ride",))
    with store.transaction() as tx:
        with pytest.raises(Refused, match="fewer than 0"):
            slots.put(tx, SITE, [a_slot(store, -1)])
        gone = msgspec.structs.replace(a_slot(store, 5), start_ms=0, end_ms=1)
        slots.put(tx, SITE, [gone])
    a_device(store, points=("ride",))
    assert slots.share(store, SITE) == 0
