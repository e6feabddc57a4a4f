"""Devices cut off from each other let a right in once each, and every passage too many is named once."""

from __future__ import annotations

import random
from itertools import pairwise

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.decision import Outcome
from edge.core.entitlements import Redemption, Use
from edge.core.entry import decide
from edge.core.held import Held
from edge.core.reconcile import Reconciled, reconcile
from tests.builders import MINUTE_MS, NOW_MS, a_day_ticket, a_gate, a_profile, a_tap, facts_for
from tests.portions import sample_and_whole

DEVICES_MAX, TAPS_MAX = 6, 40


class Gate:
    """One device that hears of nothing but its own taps: the worst that a partition can be."""

    def __init__(self, name: str, uses_max: int) -> None:
        self.name, self.held, self.seq = name, Held(), 0
        self.profile = a_profile(a_day_ticket(uses_max=uses_max))
        self.point = a_gate(f"gate-{name}")

    def tap(self, tap_id: str, now_ms: int) -> bool:
        facts = facts_for(
            self.profile,
            self.point,
            now_ms=now_ms,
            presented=a_tap(tap_id=tap_id, counter=None),
            held=self.held,
            device=self.name,
            unconfirmed=True,
        )
        ruling = decide(facts)
        self.seq += 1
        # Who comes again has left by a way that no device saw: only the uses are remembered.
        uses = [replace(use, seq=self.seq) for use in ruling.change.uses]
        self.held = msgspec.structs.replace(self.held, uses=(*self.held.uses, *uses))
        return ruling.decision.outcome is Outcome.GRANTED


def story(seed: int) -> tuple[int, list[Gate], int]:
    """Returns how often the right may be used, the gates after a day apart, and all greens of the day."""
    chance = random.Random(seed)  # noqa: S311  # a story, no secret
    uses_max = chance.choice((1, 1, 1, 2, 3))
    gates = [Gate(f"edge-{n}", uses_max) for n in range(1, chance.randint(2, DEVICES_MAX) + 1)]
    now_ms, greens = NOW_MS, 0
    for n in range(chance.randint(uses_max + 1, TAPS_MAX)):
        now_ms += chance.choice((0, 1, 700, MINUTE_MS))
        greens += chance.choice(gates).tap(f"tap-{n}", now_ms)
    return uses_max, gates, greens


def verdicts(uses: list[Use], uses_max: int, seed: int) -> list[Reconciled]:
    """What central says for several orders of arrival, with repetitions."""
    chance = random.Random(seed)  # noqa: S311  # a story, no secret
    said = []
    for _ in range(4):
        arrived = [*uses, *chance.choices(uses, k=len(uses))]
        chance.shuffle(arrived)
        said.append(reconcile(arrived, uses_max))
    return said


@pytest.mark.parametrize("seeds", sample_and_whole(range(150), range(5_000)))
@pytest.mark.timeout(120)
def test_each_device_apart_lets_in_no_more_than_the_right_and_each_passage_too_many_is_named_once(
    seeds: range,
) -> None:
    too_many = 0
    for seed in seeds:
        uses_max, gates, greens = story(seed)
        uses = [use for gate in gates for use in gate.held.uses]
        used = [gate for gate in gates if gate.held.uses]

        assert greens == len(uses), f"seed {seed}"
        assert max(len(gate.held.uses) for gate in gates) <= uses_max, f"seed {seed}"
        assert greens - uses_max <= (len(used) - 1) * uses_max, f"seed {seed}"

        said = verdicts(uses, uses_max, seed)
        named = [conflict.use for conflict in said[0].duplicates]

        assert all(one == other for one, other in pairwise(said)), f"seed {seed}"
        assert len(named) == max(0, greens - uses_max) == len({(u.device, u.seq) for u in named}), (
            f"seed {seed}"
        )
        assert len(said[0].valid) == min(greens, uses_max), f"seed {seed}"
        too_many += len(named)
    assert too_many > len(seeds) / 4, "the stories must hold what they are about"


@pytest.mark.parametrize("seed", range(20))
def test_devices_that_hear_of_each_other_let_nobody_in_twice(seed: int) -> None:
    """The control: with a shared memory the same stories have no passage too many."""
    chance = random.Random(seed)  # noqa: S311  # a story, no secret
    gates = [Gate(f"edge-{n}", 1) for n in range(1, 5)]
    greens = 0
    for n in range(TAPS_MAX):
        gate = chance.choice(gates)
        greens += gate.tap(f"tap-{n}", NOW_MS + n * MINUTE_MS)
        for other in gates:
            other.held = gate.held

    assert greens == 1


def a_use(n: int) -> Use:
    """A use at the n-th device, n milliseconds late."""
    return Use(
        entitlement="ticket-1",
        ordinal=1,
        scan_ms=NOW_MS + n,
        device=f"edge-{n}",
        point="north",
        tap_id=f"tap-{n}",
        seq=1,
    )


def test_late_upload_of_an_earlier_scan_moves_the_mark_and_accuses_nobody_twice() -> None:
    first, second = a_use(1), a_use(2)

    before, after = reconcile([second], 1), reconcile([second, first], 1)

    assert before.duplicates == ()
    assert [conflict.use for conflict in after.duplicates] == [second]
    assert after.duplicates[0].stands == first


def test_taken_back_passage_is_none_too_many() -> None:
    first, second = a_use(1), a_use(2)
    undone = replace(first, redemption=Redemption.UNDONE)

    assert reconcile([second, undone, first], 1).duplicates == ()
