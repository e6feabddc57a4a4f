"""Anti-passback over a tree of zones: every mode against every place a band can be."""

from __future__ import annotations

import pytest

from edge.core.decision import Act, Failure, First, Outcome, Reason, WhatNext
from edge.core.entry import decide
from edge.core.held import Held, Location
from edge.core.moves import awake
from edge.core.places import Passback, Point
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    ROME,
    SECOND_MS,
    a_day_ticket,
    a_gate,
    a_layout,
    a_profile,
    an_attraction,
    an_exit,
    at,
    facts_for,
    inside,
    outside,
    some_uses,
)

RECENT_MS = NOW_MS - 5 * MINUTE_MS
"""Within the ten minutes of the TIMED points below."""
LONG_AGO_MS = NOW_MS - 2 * HOUR_MS
TICKET = a_profile(a_day_ticket(uses_max=None))
MODES = {"passback_s_min": 600}


def gate(mode: Passback) -> Point:
    return a_gate(passback=mode, **MODES)


def ride(mode: Passback) -> Point:
    return an_attraction(passback=mode, **MODES)


PLACES = {
    "never seen": (None, None, None),
    "outside": (outside(RECENT_MS), None, Reason.WRONG_ZONE),
    "in the park": (inside("park", RECENT_MS), Reason.INSIDE_ALREADY, None),
    "on the ride": (inside("castle", RECENT_MS, "castle"), Reason.INSIDE_ALREADY, Reason.INSIDE_ALREADY),
    "in the lounge": (inside("lounge", RECENT_MS, "lounge"), Reason.INSIDE_ALREADY, None),
    "in the hotel": (inside("hotel", RECENT_MS, "lobby"), Reason.WRONG_ZONE, Reason.WRONG_ZONE),
    "in a zone nobody knows": (inside("moon", RECENT_MS), Reason.WRONG_ZONE, Reason.WRONG_ZONE),
}


@pytest.mark.parametrize("mode", Passback)
@pytest.mark.parametrize("at_ride", [False, True], ids=["gate", "ride"])
@pytest.mark.parametrize("place", PLACES)
def test_each_mode_at_each_place(mode: Passback, at_ride: bool, place: str) -> None:
    location, at_the_gate, at_the_ride = PLACES[place]
    odd = at_the_ride if at_ride else at_the_gate
    decision = decide(facts_for(TICKET, (ride if at_ride else gate)(mode), location=location)).decision
    if odd is None or mode is Passback.NONE:
        assert (decision.reason, decision.notes, decision.first) == (Reason.ENTERED, (), None)
    elif mode is Passback.SOFT:
        assert (decision.reason, decision.notes) == (Reason.ENTERED, (odd,))
        assert decision.first == First(location.point, RECENT_MS)
    else:
        assert (decision.reason, decision.outcome) == (odd, Outcome.DENIED)
        assert decision.first == First(location.point, RECENT_MS)


def test_hard_inside_already_says_exit_first() -> None:
    decision = decide(facts_for(TICKET, gate(Passback.HARD), location=inside("castle", RECENT_MS))).decision
    assert decision.next == WhatNext(act=Act.EXIT_FIRST, place="park")


def test_hard_wrong_zone_names_the_zone_to_leave_first() -> None:
    decision = decide(facts_for(TICKET, gate(Passback.HARD), location=inside("hotel"))).decision
    assert decision.next == WhatNext(act=Act.EXIT_FIRST, place="hotel")


def test_a_ride_asked_for_from_outside_names_the_gate_to_the_park() -> None:
    decision = decide(facts_for(TICKET, ride(Passback.HARD), location=outside())).decision
    assert decision.next == WhatNext(act=Act.GO_TO, place="north")


def test_a_ride_whose_park_has_no_gate_names_the_park() -> None:
    point = ride(Passback.HARD)
    facts = facts_for(TICKET, point, layout=a_layout(points=(point,)), location=outside())
    assert decide(facts).decision.next == WhatNext(act=Act.GO_TO, place="park")


@pytest.mark.parametrize(
    ("since_ms", "reason"),
    [(NOW_MS - 599 * SECOND_MS, Reason.INSIDE_ALREADY), (NOW_MS - 600 * SECOND_MS, Reason.ENTERED)],
)
def test_timed_opens_when_its_time_since_the_entry_is_over(since_ms: int, reason: Reason) -> None:
    decision = decide(facts_for(TICKET, gate(Passback.TIMED), location=inside(since_ms=since_ms))).decision
    assert decision.reason is reason
    if reason is Reason.INSIDE_ALREADY:
        assert decision.next == WhatNext(act=Act.COME_BACK, at_ms=since_ms + 600 * SECOND_MS, place="park")
    else:
        assert decision.notes == (Reason.INSIDE_ALREADY,)


def test_second_tap_inside_antipassback_names_gate_and_time_of_the_entry_into_that_zone() -> None:
    park, castle = inside("park", LONG_AGO_MS, "west"), inside("castle", RECENT_MS, "castle")
    held = Held(location=castle, last=park, entries=(park, castle))
    decision = decide(facts_for(TICKET, gate(Passback.HARD), held=held)).decision
    assert decision.first == First("west", LONG_AGO_MS)


def test_without_a_memory_of_that_entry_the_last_passage_is_named() -> None:
    castle = inside("castle", RECENT_MS, "castle")
    facts = facts_for(TICKET, gate(Passback.HARD), held=Held(location=castle, entries=(castle,)))
    assert decide(facts).decision.first == First("castle", RECENT_MS)


def test_an_ancestor_of_the_zone_is_no_wrong_place_to_come_from() -> None:
    facts = facts_for(TICKET, an_attraction(from_zone=None, passback=Passback.HARD), location=inside("park"))
    assert decide(facts).decision.reason is Reason.ENTERED


@pytest.mark.parametrize("mode", [Passback.HARD, Passback.TIMED])
@pytest.mark.parametrize(
    ("unconfirmed", "age_ms", "granted"),
    [(True, 60_001, True), (True, 60_000, False), (False, 60_001, False)],
)
def test_cut_off_for_too_long_hard_becomes_soft(
    mode: Passback, unconfirmed: bool, age_ms: int, granted: bool
) -> None:
    point = a_gate(passback=mode, passback_s_min=600, location_age_ms_max=60_000)
    location = inside(since_ms=NOW_MS - age_ms)
    decision = decide(facts_for(TICKET, point, location=location, unconfirmed=unconfirmed)).decision
    if granted:
        assert decision.notes == (Reason.UNCONFIRMED_OFFLINE, Reason.INSIDE_ALREADY)
    else:
        assert decision.reason is Reason.INSIDE_ALREADY


def test_a_point_may_refer_instead_of_deciding_alone() -> None:
    point = a_gate(refer_unconfirmed=True)
    decision = decide(facts_for(point=point, unconfirmed=True)).decision
    assert (decision.outcome, decision.reason) == (Outcome.REFERRED, Reason.UNCONFIRMED_OFFLINE)
    assert decision.next == WhatNext(act=Act.CONFIRM)
    confirmed = decide(facts_for(point=point, unconfirmed=True, confirmed=frozenset({"passage"}))).decision
    assert (confirmed.reason, confirmed.notes) == (Reason.ENTERED, (Reason.UNCONFIRMED_OFFLINE,))


@pytest.mark.parametrize(
    ("entered", "now", "still_inside"),
    [
        ("2026-07-15 03:59", "2026-07-15 04:00", False),
        ("2026-07-15 04:00", "2026-07-15 10:00", False),
        ("2026-07-15 04:01", "2026-07-16 03:59", True),
        ("2026-07-12 23:00", "2026-07-15 10:00", False),
    ],
)
def test_who_entered_before_the_nightly_reset_is_outside(entered: str, now: str, still_inside: bool) -> None:
    point = gate(Passback.HARD)
    facts = facts_for(
        TICKET,
        point,
        layout=a_layout(point, reset_min=240),
        location=inside(since_ms=at(entered)),
        now_ms=at(now),
    )
    expected = Reason.INSIDE_ALREADY if still_inside else Reason.ENTERED
    assert decide(facts).decision.reason is expected


def test_entering_writes_where_the_band_is_and_counts_every_zone_around() -> None:
    change = decide(facts_for(TICKET, an_attraction())).change
    assert change.held is not None
    assert change.held.location == Location(
        zone="castle", since_ms=NOW_MS, point="castle", device="edge-1", tap_id="tap-1"
    )
    assert [entry.zone for entry in change.held.entries] == ["park", "castle"]
    assert change.zone_deltas == (("castle", 1), ("park", 1))


def test_a_missed_exit_is_implied_by_the_next_entry() -> None:
    facts = facts_for(TICKET, gate(Passback.SOFT), location=inside("hotel", LONG_AGO_MS, "lobby"))
    change = decide(facts).change
    assert change.zone_deltas == (("hotel", -1), ("park", 1))
    assert change.held is not None
    assert change.held.last == inside("hotel", LONG_AGO_MS, "lobby")


def test_coming_in_twice_counts_once() -> None:
    change = decide(facts_for(TICKET, gate(Passback.SOFT), location=inside())).change
    assert change.zone_deltas == ()
    assert change.held is not None
    assert change.held.entries[0].since_ms == NOW_MS


def test_after_a_night_forgotten_by_the_reset_the_next_entry_counts_anew() -> None:
    point = a_gate()
    location = inside(since_ms=at("2026-07-14 20:00"))
    facts = facts_for(TICKET, point, layout=a_layout(point, reset_min=240), location=location)
    change = decide(facts).change
    assert change.zone_deltas == (("park", 1),)
    assert change.held is not None
    assert change.held.last == location


def test_who_was_outside_before_the_reset_is_where_they_were() -> None:
    held = Held(location=outside(LONG_AGO_MS - DAY_MS), last=inside("hotel", 1, "lobby"))
    assert awake(held, a_layout(reset_min=240), ROME, at_ms=NOW_MS) is held


def test_failures_of_passback_stand_beside_those_of_uses() -> None:
    facts = facts_for(a_profile(), gate(Passback.HARD), location=inside(), uses=some_uses(NOW_MS - HOUR_MS))
    failures: tuple[Failure, ...] = decide(facts).decision.failures
    assert [failure.reason for failure in failures] == [Reason.INSIDE_ALREADY, Reason.ALREADY_USED_HERE]


def test_the_exit_of_a_ride_gives_the_park_back_as_it_was_entered() -> None:
    park, castle = inside("park", LONG_AGO_MS), inside("castle", RECENT_MS, "castle")
    point = an_exit("castle-exit", zone="castle", from_zone="castle", to_zone="park")
    change = decide(
        facts_for(TICKET, point, held=Held(location=castle, last=park, entries=(park, castle)))
    ).change
    assert change.held is not None
    assert change.held.entries == (park,)
    assert (change.held.location.zone, change.held.location.since_ms) == ("park", NOW_MS)
    assert change.zone_deltas == (("castle", -1),)
