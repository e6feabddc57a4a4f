"""Capacity: a device gives away the places it holds, and not one more."""

from __future__ import annotations

import pytest

from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entry import decide
from edge.core.places import Zone
from tests.builders import (
    NOW_MS,
    ZONES,
    a_day_ticket,
    a_door,
    a_gate,
    a_layout,
    a_party,
    a_profile,
    a_stay,
    a_tap,
    an_attraction,
    facts_for,
    inside,
)

FAMILY = a_profile(a_day_ticket(together=True, uses_max=None), party=a_party())


@pytest.mark.parametrize(("free", "granted"), [(0, False), (1, True)])
def test_one_place_lets_one_guest_in(free: int, granted: bool) -> None:
    decision = decide(facts_for(places={"park": free})).decision
    if granted:
        assert decision.reason is Reason.ENTERED
    else:
        assert (decision.reason, decision.outcome) == (Reason.CAPACITY_FULL, Outcome.DENIED)
        assert decision.next == WhatNext(act=Act.COME_BACK, place="park")


@pytest.mark.parametrize(("free", "granted"), [(3, False), (4, True)])
def test_a_party_comes_in_whole_or_not_at_all(free: int, granted: bool) -> None:
    ruling = decide(facts_for(FAMILY, places={"park": free}))
    assert (ruling.decision.reason is Reason.ENTERED) is granted
    assert sum(count for _, count in ruling.change.zone_deltas) == (4 if granted else 0)


def test_who_waits_for_staff_s_word_finds_the_zone_full_if_others_came_meanwhile() -> None:
    gate = a_gate(confirm=True)
    waiting = decide(facts_for(point=gate, places={"park": 1}))
    assert (waiting.decision.reason, waiting.change.zone_deltas) == (Reason.CONFIRM_REQUIRED, ())
    uses = waiting.change.uses
    full = facts_for(point=gate, places={"park": 0}, uses=uses, confirmed=("passage",))
    assert decide(full).decision.reason is Reason.CAPACITY_FULL
    free = facts_for(point=gate, places={"park": 1}, uses=uses, confirmed=("passage",))
    assert decide(free).decision.reason is Reason.ENTERED


def test_a_ceiling_without_a_lease_is_no_place() -> None:
    layout = a_layout(zones=(Zone(id="park", capacity_max=100), *ZONES[1:]))
    assert decide(facts_for(layout=layout)).decision.reason is Reason.CAPACITY_FULL


def test_the_ride_can_be_full_while_the_park_is_not() -> None:
    facts = facts_for(point=an_attraction(), places={"park": 5, "castle": 0}, location=inside())
    assert decide(facts).decision.next == WhatNext(act=Act.COME_BACK, place="castle")


def test_who_is_inside_takes_no_second_place() -> None:
    facts = facts_for(point=an_attraction(), places={"park": 0, "castle": 1}, location=inside())
    assert decide(facts).decision.reason is Reason.ENTERED


def test_a_door_counts_no_places() -> None:
    facts = facts_for(a_profile(a_stay()), a_door(), presented=a_tap(trust=3), places={"hotel": 0})
    assert decide(facts).decision.reason is Reason.ENTERED


def test_capacity_is_judged_last() -> None:
    facts = facts_for(a_profile(a_day_ticket(valid_until_ms=NOW_MS)), a_gate(), places={"park": 0})
    assert [f.reason for f in decide(facts).decision.failures] == [Reason.TOO_LATE, Reason.CAPACITY_FULL]
