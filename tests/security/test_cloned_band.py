"""Threat 1, a cloned band: nothing is opened by a copy of a band with keys, and the alarm is never late."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Trust
from edge.core.decision import Reason
from edge.core.places import Passback
from tests.builders import a_gate, a_layout, an_exit
from tests.hardware.nfc_bench import udp_bench
from tests.security.cloners import COPIES, Gatehouse, a_wearer, another_key, passed, plain_chip
from tests.service.house import Hands, an_edge

STORIES, PIECES = 200, 10
KEYED = ("live", "sun", "felica")
POINTS = ("reader-1", "reader-ride", "reader-door")
WALK_S = 300
UID_ENTRIES_LOST_MAX = 1


@pytest.fixture
def gatehouse(tmp_path: Path) -> Iterator[Gatehouse]:
    known: dict[tuple[bytes, int], bytes] = {}
    with an_edge(tmp_path / "e") as house, udp_bench(lambda uid, no: known.get((uid, no))) as bench:
        yield Gatehouse(house, bench, known)


@pytest.mark.parametrize("piece", range(PIECES))
def test_no_copy_of_a_band_with_keys_opens_anything_and_each_raises_its_alarm(
    gatehouse: Gatehouse, piece: int
) -> None:
    for number in range(piece, STORIES, PIECES):
        chance = random.Random(number)  # noqa: S311 - a story, replayed by its number
        wearer = a_wearer(KEYED[number % len(KEYED)], chance)
        gatehouse.admit(wearer, number)
        first = gatehouse.lay(wearer.band, "reader-1")
        assert passed(first), f"story {number}: the guest's own band: {first.reason}"
        copy = chance.choice(COPIES)
        found = gatehouse.lay(copy(wearer), chance.choice(POINTS))
        assert not passed(found), f"story {number}: {copy.__name__} of a {wearer.kind} band was let in"
        assert gatehouse.alarms(wearer), f"story {number}: {copy.__name__} of a {wearer.kind} band, no alarm"


def test_the_stories_would_find_a_gate_that_takes_identifiers(gatehouse: Gatehouse) -> None:
    """The control: without a key at the gate and without a least proof, the same copy walks in."""
    wearer = a_wearer("live", random.Random(1))  # noqa: S311 - a story, nothing secret
    wearer.keys, wearer.least = {}, Trust.UID
    profile = gatehouse.admit(wearer, 1)
    open_gate = a_gate(trust_min=Trust.UID)
    gatehouse.house.tell(layout=msgspec.structs.replace(a_layout(open_gate), version=3))
    assert profile.band.trust_min is Trust.UID
    assert passed(gatehouse.lay(another_key(wearer), "reader-1"))


@pytest.mark.parametrize("number", range(20))
def test_of_a_band_without_keys_one_entry_is_lost_at_most_and_the_next_tap_is_the_alarm(
    tmp_path: Path, number: int
) -> None:
    """Where an operator opens a gate to bare identifiers: the twin is found by the walk between two taps."""
    chance = random.Random(number)  # noqa: S311 - a story, replayed by its number
    points = (
        a_gate(trust_min=Trust.UID, walk_s_min=WALK_S, passback=Passback.NONE),
        an_exit(trust_min=Trust.UID, walk_s_min=WALK_S),
    )
    known: dict[tuple[bytes, int], bytes] = {}
    hands = Hands()
    with (
        an_edge(tmp_path / "e", hands, layout=a_layout(*points)) as house,
        udp_bench(lambda uid, no: known.get((uid, no))) as bench,
    ):
        gate = Gatehouse(house, bench, known)
        wearer = a_wearer("uid", chance)
        gate.admit(wearer, number)
        lost = passed(gate.lay(plain_chip(wearer), "reader-1"))
        hands.forward(s=chance.randint(1, WALK_S - 1))
        gate.lay(wearer.band, "reader-out")  # an exit locks nobody in, and tells all the same
        assert gate.alarms(wearer) == ["band_clone_suspected"]
        assert int(lost) <= UID_ENTRIES_LOST_MAX


@pytest.mark.parametrize("reader", ["reader-door", "reader-1", "reader-ride"])
def test_a_bare_identifier_opens_no_gate_room_or_ride_by_default(gatehouse: Gatehouse, reader: str) -> None:
    wearer = a_wearer("uid", random.Random(3))  # noqa: S311 - a story, nothing secret
    gatehouse.admit(wearer, 1)
    assert not passed(gatehouse.lay(plain_chip(wearer), reader))


def test_a_stolen_band_is_revoked_and_another_one_works_within_thirty_seconds(gatehouse: Gatehouse) -> None:
    house = gatehouse.house
    old, new = (a_wearer("live", random.Random(seed)) for seed in (5, 6))  # noqa: S311 - a story, nothing secret
    gatehouse.admit(old, 1)
    stock = msgspec.structs.replace(gatehouse.admit(new, 2), guest=None, entitlements=(), name="", rev=9)
    house.tell(stock)
    began = house.clock.now_ms()
    anna = house.session("supervisor")
    old_id, new_id = (house.vault.band_id(one.uid).hex() for one in (old, new))
    house.service.set_band_state(anna, old_id, "revoke", reason="stolen")
    asked = house.service.ask_link(house.session(staff="bruno"), new_id, old_id, reason="stolen")
    house.service.approve(anna, asked.id, granted=True)
    assert gatehouse.lay(old.band, "reader-1").reason is Reason.BAND_REVOKED
    assert passed(gatehouse.lay(new.band, "reader-1"))
    assert house.clock.now_ms() - began < 30_000
