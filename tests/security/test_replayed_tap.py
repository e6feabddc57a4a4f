"""Threat 2, a replayed tap: a message passes once at every edge that heard of it, in whatever order."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Trust as Proof
from edge.core.decision import Reason
from edge.core.places import Passback
from hardware.port import Trust
from sync.client import counters
from sync.wire import COUNTER, Item
from tests.builders import a_gate, a_layout
from tests.service.house import House, an_edge, band_of

EDGES = 3
TAPS = 40
LAYOUT = a_layout(a_gate(passback=Passback.NONE, trust_min=Proof.SUN))


class Central:
    """The feed as far as counters go: the highest that any connected edge has told."""

    def __init__(self) -> None:
        self.highest = 0

    def meet(self, house: House, told: int) -> None:
        """Take what an edge saw and tell it what others saw."""
        self.highest = max(self.highest, told)
        body = msgspec.msgpack.encode(self.highest)
        items = [Item(kind=COUNTER, key=band_of(house).hex(), version=1, body=body)]
        counters.apply(house.sequencer, counters.told(items))


def shown(house: House, counter: int) -> Reason:
    return house.service.present(house.tap(trust=Trust.SUN, counter=counter)).reason


def known(house: House) -> int:
    return house.sequencer.submit(lambda tx: tx.held(band_of(house))).counter


@pytest.mark.parametrize("seed", range(12))
def test_no_edge_takes_a_message_that_it_heard_of_and_no_fresh_one_is_lost(tmp_path: Path, seed: int) -> None:
    """Random taps, replays and partitions: what an edge heard of is never accepted again."""
    chance = random.Random(seed)  # noqa: S311 - a story, replayed by its number
    central, fresh, taken = Central(), 0, [set[int]() for _ in range(EDGES)]
    with (
        an_edge(tmp_path / "a", layout=LAYOUT) as a,
        an_edge(tmp_path / "b", layout=LAYOUT) as b,
        an_edge(tmp_path / "c", layout=LAYOUT) as c,
    ):
        houses = (a, b, c)
        for _ in range(TAPS):
            at = chance.randrange(EDGES)
            replays = fresh > 0 and chance.random() < 0.5
            fresh += not replays
            counter = chance.randint(1, fresh) if replays else fresh
            heard = known(houses[at])
            reason = shown(houses[at], counter)
            assert (reason is Reason.TAP_REPLAYED) == (counter <= heard), (seed, at, counter, heard)
            if reason is not Reason.TAP_REPLAYED:
                assert counter not in taken[at]
                taken[at].add(counter)
            for one in chance.sample(houses, chance.randint(0, EDGES)):
                central.meet(one, known(one))
        for one in houses * 2:
            central.meet(one, known(one))
        assert {known(one) for one in houses} == {fresh}
        for one in houses:
            for counter in range(1, fresh + 1):
                assert shown(one, counter) is Reason.TAP_REPLAYED
            assert [alarm.reason for alarm in one.service.alarms()] == ["tap_replayed"]


def test_a_cut_off_edge_loses_one_entry_at_most_and_the_alarm_comes_with_the_next_tap(tmp_path: Path) -> None:
    central = Central()
    with an_edge(tmp_path / "a", layout=LAYOUT) as a, an_edge(tmp_path / "b", layout=LAYOUT) as b:
        assert shown(a, 1) is not Reason.TAP_REPLAYED
        accepted = [shown(b, 1) is not Reason.TAP_REPLAYED for _ in range(5)]
        assert accepted.count(True) == 1
        assert [alarm.times for alarm in b.service.alarms()] == [4]
        central.meet(a, known(a))


@pytest.mark.parametrize("asked", [1, 2, 5])
def test_the_same_tap_asked_again_is_the_same_answer_and_changes_nothing(tmp_path: Path, asked: int) -> None:
    with an_edge(tmp_path / "a", layout=LAYOUT) as house:
        tap = house.tap(trust=Trust.SUN, counter=7)
        answers = {house.service.present(tap).seq for _ in range(asked)}
        assert len(answers) == 1
        assert house.service.alarms() == ()
        assert len(house.decided()) == 1
