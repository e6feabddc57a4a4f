"""Booked times at the gate: a place for each guest of a time, not one more, and when the next one begins."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest

from edge.core.aftermath import annul, refuse, undo
from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement, Redemption, Reentry, TimeSlot, Use
from edge.core.entry import decide
from edge.core.events import Decided
from edge.core.facts import Facts, Ruling
from edge.core.held import Change, Held
from edge.core.moves import places_taken
from edge.core.places import Point
from edge.core.profiles import Profile
from edge.core.replay import record, replay
from edge.core.slots import (
    LOOKED_AT_MAX,
    Slot,
    Timetable,
    is_gone,
    limits,
    moved_times,
    next_start,
    somewhere_free,
    with_times,
)
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    ROME,
    a_day_ticket,
    a_door,
    a_layout,
    a_party,
    a_profile,
    a_tap,
    an_attraction,
    facts_for,
    inside,
    some_uses,
)
from tests.builders import a_slot_right as booked

TakingBack = Callable[..., Change]
RIGHT = booked()
KEY = f"castle/{NOW_MS}"
STAFF, LATER = WhatNext(act=Act.SEE_STAFF), WhatNext(act=Act.CHANGE_TIME, at_ms=NOW_MS + HOUR_MS)
NEXT = {RIGHT.id: NOW_MS + HOUR_MS}


def ride(
    right: Entitlement = RIGHT,
    *,
    free: int | None = 1,
    profile: Profile | None = None,
    point: Point | None = None,
    **changes: object,
) -> Facts:
    places = {} if free is None else {KEY: free}
    known = {"location": inside(), "places": places} | changes
    return facts_for(profile or a_profile(right), point or an_attraction(), **known)


def after(facts: Facts, change: Change) -> Held:
    """What is remembered of the band once a change is written."""
    uses = {(use.entitlement, use.device, use.ordinal): use for use in (*facts.held.uses, *change.uses)}
    return msgspec.structs.replace(change.held or facts.held, uses=tuple(uses.values()))


def judged(facts: Facts) -> tuple[Ruling, Decided, Held]:
    ruling = decide(facts)
    return ruling, record(facts, ruling), after(facts, ruling.change)


# At the gate


def test_a_time_has_one_name_everywhere() -> None:
    assert RIGHT.slot is not None
    assert RIGHT.slot.key == KEY == a_slot(0).key
    assert TimeSlot(start_ms=5, end_ms=6).key == "/5"


@pytest.mark.parametrize(
    ("free", "reason"), [(1, Reason.ENTERED), (None, Reason.ENTERED), (0, Reason.SLOT_FULL)]
)
def test_the_last_place_lets_one_guest_in_and_a_time_without_a_limit_all(
    free: int | None, reason: Reason
) -> None:
    ruling = decide(ride(free=free))
    assert ruling.decision.reason is reason
    assert ruling.change.slot_deltas == (((KEY, 1),) if reason is Reason.ENTERED else ())


@pytest.mark.parametrize(("known", "what_next"), [({}, STAFF), (NEXT, LATER), ({RIGHT.id: NOW_MS}, STAFF)])
def test_a_full_time_says_when_the_next_one_begins(known: dict[str, int], what_next: WhatNext) -> None:
    decision = decide(ride(free=0, slot_next=known)).decision
    assert (decision.outcome, decision.reason) == (Outcome.DENIED, Reason.SLOT_FULL)
    assert decision.next == what_next


@pytest.mark.parametrize(("free", "granted"), [(3, False), (4, True)])
def test_a_party_has_as_many_places_as_it_is_large_or_none(free: int, granted: bool) -> None:
    family = a_profile(booked(together=True, uses_max=None), party=a_party())
    ruling = decide(ride(profile=family, free=free))
    assert (ruling.decision.reason is Reason.ENTERED) is granted
    assert ruling.change.slot_deltas == (((KEY, 4),) if granted else ())


def test_who_comes_again_in_the_same_time_needs_no_second_place() -> None:
    right = booked(reentry=Reentry.FREE)
    (use,) = some_uses(NOW_MS - 60_000)
    use = msgspec.structs.replace(use, entitlement=right.id, point="castle", slot=KEY)
    ruling = decide(ride(right, free=-1, uses=(use,)))
    assert (ruling.decision.reason, ruling.change.slot_deltas) == (Reason.ENTERED, ())


def test_a_door_counts_nobody() -> None:
    right = booked(points=("room-12",))
    right = msgspec.structs.replace(right, slot=TimeSlot(start_ms=NOW_MS, end_ms=NOW_MS + HOUR_MS))
    facts = facts_for(
        a_profile(right),
        a_door(),
        presented=a_tap(trust=3),
        places={f"/{NOW_MS}": 0},
        location=inside("hotel"),
    )
    ruling = decide(facts)
    assert (ruling.decision.reason, ruling.change.slot_deltas) == (Reason.ENTERED, ())


def test_an_override_takes_a_place_that_is_not_there_and_the_next_guest_none() -> None:
    ruling = decide(ride(free=0, overridden=True))
    assert (ruling.decision.reason, ruling.change.slot_deltas) == (Reason.ENTERED, ((KEY, 1),))
    assert decide(ride(free=-1)).decision.reason is Reason.SLOT_FULL


# Held, confirmed, taken back

WAITS = an_attraction(confirm=True)


def test_a_use_that_waits_for_staff_has_its_place_and_takes_no_second_one_when_confirmed() -> None:
    asked = ride(point=WAITS)
    held, _, memory = judged(asked)
    assert (held.decision.reason, held.change.slot_deltas) == (Reason.CONFIRM_REQUIRED, ((KEY, 1),))
    confirmed = msgspec.structs.replace(asked, held=memory, places={KEY: 0}, confirmed=frozenset({"passage"}))
    ruling = decide(confirmed)
    assert (ruling.decision.reason, ruling.change.slot_deltas) == (Reason.ENTERED, ())


def test_a_passage_that_staff_refuse_gives_its_place_back() -> None:
    _, decided, memory = judged(ride(point=WAITS))
    assert refuse(decided, memory).slot_deltas == ((KEY, -1),)


@pytest.mark.parametrize("how", [undo, annul])
def test_a_passage_taken_back_gives_its_place_back_once(how: TakingBack) -> None:
    facts = ride()
    _, decided, memory = judged(facts)
    change = how(decided, memory, facts.layout, timezone=ROME)
    assert change.slot_deltas == ((KEY, -1),)
    assert dict(change.zone_deltas) == {"castle": -1}
    again = how(
        decided, after(msgspec.structs.replace(facts, held=memory), change), facts.layout, timezone=ROME
    )
    assert again.slot_deltas == ()


def test_a_use_without_a_time_has_no_place() -> None:
    (use,) = some_uses(NOW_MS)
    assert places_taken((), (use,)) == ()
    gone = msgspec.structs.replace(use, slot=KEY, redemption=Redemption.UNDONE)
    assert places_taken((), (gone,)) == ()


def most_let_in(seed: int, *, counts: bool = True) -> tuple[int, int]:
    """Let guests come, come again, wait and be taken back; return the places and the worst moment."""
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    places, taken, most = chance.randint(1, 4), 0, 0
    memories: dict[int, Held] = {}
    last: dict[int, Decided] = {}
    for step in range(40):
        guest = chance.randrange(8)
        held, before = memories.get(guest, Held(location=inside())), last.get(guest)
        if before is not None and chance.random() < 0.4:
            back = chance.choice([undo, annul])
            change = back(before, held, a_layout(WAITS), timezone=ROME)
            del last[guest]
        else:
            facts = ride(
                booked(f"slot-{guest}", reentry=chance.choice(list(Reentry))),
                free=places - (taken if counts else 0), point=chance.choice([WAITS, an_attraction()]),
                presented=a_tap(tap_id=f"tap-{step}", counter=step + 1),
            )  # fmt: skip
            facts = msgspec.structs.replace(facts, held=held)
            ruling = decide(facts)
            change = ruling.change
            if change.uses and not change.uses[0].reentry:
                last[guest] = record(facts, ruling)
        taken += dict(change.slot_deltas).get(KEY, 0)
        memories[guest] = after(facts_for(held=held), change)
        own = [use for one in memories.values() for use in one.uses if not use.reentry]
        standing = sum(use.redemption <= Redemption.PENDING for use in own)
        if counts:
            assert standing == taken, f"seed {seed}, step {step}"
        most = max(most, standing)
    return places, most


def test_no_order_of_guests_fills_a_time_beyond_its_places() -> None:
    for seed in range(60):
        places, most = most_let_in(seed)
        assert most <= places, f"seed {seed}: {most} on {places} places"


def test_places_that_nobody_counts_are_found_out() -> None:
    """The control: a device that forgets whom it let in overfills a time."""
    assert any(most > places for places, most in (most_let_in(seed, counts=False) for seed in range(60)))


def test_some_order_fills_a_time() -> None:
    """The control: what lets nobody in overfills nothing either."""
    assert any(most == places for places, most in map(most_let_in, range(20)))


# What a device knows of times


def a_slot(hours: int, **changes: object) -> Slot:
    start = NOW_MS + hours * HOUR_MS
    slot = Slot(point="castle", product="ride", start_ms=start, end_ms=start + HOUR_MS, shares={"edge-1": 1})
    return msgspec.structs.replace(slot, **changes)


def test_a_limited_time_has_the_places_that_this_gate_was_lent() -> None:
    profile = a_profile(a_day_ticket(), RIGHT)
    limited = Timetable((a_slot(0, capacity_max=9, gates={"edge-1": 4, "edge-2": 5}), a_slot(1)))
    assert limits(profile, limited, "edge-1") == {KEY: 4}
    assert limits(profile, limited, "edge-3") == {KEY: 0}, "what was not lent is no place"
    assert limits(profile, Timetable((a_slot(0),)), "edge-1") == {}
    assert limits(None, limited, "edge-1") == {}


@pytest.mark.parametrize(
    ("right", "now_ms", "free", "gone"),
    [
        (RIGHT, NOW_MS, None, False),
        (RIGHT, NOW_MS, 2, False),
        (RIGHT, NOW_MS, 1, True),
        (RIGHT, NOW_MS + HOUR_MS, None, True),
        (a_day_ticket(), NOW_MS + HOUR_MS, None, False),
    ],
)
def test_another_time_is_looked_for_where_the_own_one_is_over_or_too_full(
    right: Entitlement, now_ms: int, free: int | None, gone: bool
) -> None:
    assert is_gone(right, now_ms, free, people=2) is gone


def test_the_next_time_is_the_first_that_somebody_can_still_give() -> None:
    known = Timetable((a_slot(3), a_slot(2), a_slot(1, shares={}), a_slot(0), a_slot(2, product="other")))

    def start(given: int = 0, right: Entitlement = RIGHT) -> int | None:
        return next_start(known, right, NOW_MS, is_open=lambda slot: somewhere_free(slot, "edge-1", given))

    assert start() == NOW_MS + 2 * HOUR_MS
    assert start(given=1) is None
    assert start(right=msgspec.structs.replace(RIGHT, valid_until_ms=NOW_MS + HOUR_MS)) is None
    assert somewhere_free(a_slot(1, shares={"edge-2": 1}), "edge-1", 5)
    assert not somewhere_free(a_slot(1, outside={"app": 9}), "edge-1", 5), "no gate gives what an app books"


def test_no_gate_searches_a_whole_season() -> None:
    full = Timetable(tuple(a_slot(hours, shares={}) for hours in range(1, 2 * LOOKED_AT_MAX)))
    seen: list[Slot] = []
    assert next_start(full, RIGHT, NOW_MS, is_open=lambda slot: bool(seen.append(slot))) is None
    assert len(seen) == LOOKED_AT_MAX


# A time that was changed here


def test_a_time_that_central_does_not_know_of_yet_is_judged_there_as_it_was_here() -> None:
    told = a_profile(a_day_ticket(points=("north",), zones=()), booked(start_ms=NOW_MS + 5 * HOUR_MS))
    assert RIGHT.slot is not None
    moved = {RIGHT.id: RIGHT.slot}
    judged_by = with_times(told, moved)
    assert moved_times(told, judged_by) == moved
    facts = ride(profile=judged_by, moved=moved, free=None)
    ruling, decided, _ = judged(facts)
    assert ruling.decision.reason is Reason.ENTERED
    sent = msgspec.msgpack.decode(msgspec.msgpack.encode(decided), type=Decided)
    assert replay(sent, told, facts.layout, timezone=ROME, rules={}) == ruling
    without = msgspec.structs.replace(sent, moved=())
    again = replay(without, told, facts.layout, timezone=ROME, rules={})
    assert again is not None
    assert again.decision.reason is Reason.TOO_EARLY


@pytest.mark.parametrize(
    ("told", "here"),
    [(None, None), (None, a_profile(RIGHT)), (a_profile(RIGHT), None), (a_profile(), a_profile(RIGHT))],
)
def test_nothing_was_changed_of_what_is_not_there(told: Profile | None, here: Profile | None) -> None:
    assert moved_times(told, here) == {}
    assert with_times(None, {}) is None
    assert with_times(here, {}) is here


def test_an_older_device_s_use_has_no_time() -> None:
    bare = msgspec.msgpack.encode(["e", 1, 2, "edge-1", "p", "t", 0, 0, False, 0])
    assert msgspec.msgpack.decode(bare, type=Use).slot == ""
