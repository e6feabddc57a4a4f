"""Places of limited zones are never lent twice, in whatever order gates are cut off, told, new or full."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from edge.core.places import Layout, PlaceLease, Point, PointKind, Zone
from sync.central.machines import devices
from sync.central.registry import layout
from sync.central.registry.layout import leases
from sync.central.registry.shares import Bound, Key, keep, split
from sync.central.sharing import share
from sync.central.store import Store
from sync.wire import DeviceReport
from tests.portions import sample_and_whole
from tests.sync.builders import SITE, a_device

STEPS = 60


@dataclass
class Gate:
    """A device that lets people in by the share that it was told last."""

    version: int = 0
    share: int = 0
    inside: int = 0
    cut_off: bool = False


@dataclass
class Park:
    """One limited zone: what central has told, what it has heard, and what is true."""

    ceiling: int
    gates: dict[str, Gate] = field(default_factory=dict)
    told: tuple[PlaceLease, ...] = ()
    kept: dict[str, int] = field(default_factory=dict)
    version: int = 0
    heard: dict[str, tuple[int, int]] = field(default_factory=dict)

    def bounds(self) -> dict[Key, Bound]:
        lent = {one.device: one.places for one in self.told}
        found: dict[Key, Bound] = {}
        for name in {*lent, *self.kept}:
            version, inside = self.heard.get(name, (-1, 0))
            if version < self.version:
                found["z", name] = Bound(max(lent.get(name, 0), self.kept.get(name, 0)), None)
            else:
                found["z", name] = Bound(max(lent.get(name, 0), inside), inside)
        return found

    def publish(self, *, lend_blindly: bool = False) -> None:
        zones, bounds = (Zone(id="z", capacity_max=self.ceiling),), self.bounds()
        wanted = leases(zones, sorted(self.gates))
        now = wanted if lend_blindly else split(zones, wanted, self.told, bounds=bounds)
        if now != self.told:
            self.kept = {one.device: one.places for one in keep(now, bounds)}
            self.told, self.version = now, self.version + 1

    def contact(self, name: str) -> None:
        gate = self.gates[name]
        if not gate.cut_off:
            gate.version = self.version
            gate.share = sum(one.places for one in self.told if one.device == name)
            self.heard[name] = (gate.version, gate.inside)

    @property
    def total(self) -> int:
        return sum(gate.inside for gate in self.gates.values())


def most_inside(seed: int, *, lend_blindly: bool = False) -> tuple[int, int]:
    """Let a day go by; return the ceiling and how many were inside at the worst moment."""
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    park = Park(ceiling=chance.randint(1, 12), gates={"a": Gate()})
    most = 0
    for _ in range(STEPS):
        name = chance.choice(sorted(park.gates))
        gate = park.gates[name]
        match chance.choice(["in", "in", "in", "out", "cut", "plug", "contact", "contact", "publish", "new"]):
            case "in" if gate.inside < gate.share:
                gate.inside += 1
            case "out" if park.total > 0:
                gate.inside -= 1  # whoever let them in: a place is given back where they go out
            case "cut":
                gate.cut_off = True
            case "plug":
                gate.cut_off = False
            case "contact":
                park.contact(name)
            case "publish":
                park.publish(lend_blindly=lend_blindly)
            case "new" if len(park.gates) < 4:
                park.gates[f"{'bcd'[len(park.gates) - 1]}"] = Gate()
        most = max(most, park.total)
    return park.ceiling, most


@pytest.mark.timeout(60)
@pytest.mark.parametrize("seeds", sample_and_whole(1_000, 10_000))
def test_no_schedule_overfills_a_zone(seeds: int) -> None:
    for seed in range(seeds):
        ceiling, most = most_inside(seed)
        assert most <= ceiling, f"seed {seed}: {most} inside where {ceiling} may be"


def test_shares_that_forget_what_is_lent_are_found_out() -> None:
    """The control: split anew at each publication, as it was, some schedule overfills the zone."""
    found = [most_inside(seed, lend_blindly=True) for seed in range(1_000)]
    assert any(most > ceiling for ceiling, most in found)


def test_some_schedule_fills_a_zone() -> None:
    """The control: what never lets anybody in overfills nothing either."""
    assert any(most == ceiling for ceiling, most in map(most_inside, range(100)))


def test_a_lowered_ceiling_leaves_no_share_beside_those_who_are_inside() -> None:
    zones = (Zone(id="z", capacity_max=6),)
    told = (PlaceLease("z", "a", 5), PlaceLease("z", "b", 5))
    known = {("z", "a"): Bound(5, 5), ("z", "b"): Bound(5, 0)}
    now = split(zones, leases(zones, ["a", "b"]), told, bounds=known)
    assert {one.device: one.places for one in now} == {"a": 3, "b": 1}


def lent(store: Store) -> dict[str, int]:
    with store.reading() as tx:
        told = layout.published(tx, SITE)
    assert told is not None
    return {one.device: one.places for one in told.place_leases}


def reports(store: Store, device: str, inside: int) -> None:
    with store.transaction() as tx:
        told = layout.published(tx, SITE)
        assert told is not None
        said = DeviceReport(device=device, boot="b", layout=told.version, inside={"park": inside})
        devices.heard(tx, SITE, device, report=said)


def test_a_new_gate_gets_its_share_by_itself_once_the_others_have_given_theirs_back(store: Store) -> None:
    old = a_device(store, points=())[0].id
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park", capacity_max=10))
        layout.put_thing(tx, SITE, Point(id="gate", kind=PointKind.GATE, zone="park", to_zone="park"))
        layout.publish_layout(tx, SITE, [old])
        layout.put_thing(tx, SITE, Zone(id="draft"))
    assert share(store, SITE) is None
    new = a_device(store, points=())[0].id
    assert share(store, SITE) == 2
    assert lent(store) == {old: 5, new: 0}, "the old gate has not heard yet that it holds less"
    assert share(store, SITE) is None
    reports(store, old, inside=7)
    assert share(store, SITE) == 3
    assert lent(store) == {old: 5, new: 3}, "seven came in through the old gate"
    reports(store, old, inside=2)
    reports(store, new, inside=0)
    assert share(store, SITE) == 4
    assert lent(store) == {old: 5, new: 5}
    with store.transaction() as tx:
        told = layout.published(tx, SITE)
        assert told is not None
        assert [zone.id for zone in told.zones] == ["park"], "what waits for an operator's word still waits"
        devices.revoke(tx, SITE, new)
    assert share(store, SITE) == 5
    assert lent(store) == {old: 10}
