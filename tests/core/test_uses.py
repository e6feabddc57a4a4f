"""Uses and frequency: how often, how soon, re-entry and what is left."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.decision import Act, First, Reason, WhatNext
from edge.core.entitlements import Redemption, Reentry, Use
from edge.core.entry import Facts, decide
from tests.builders import (
    DAY_MS,
    DEVICE,
    HOUR_MS,
    NOW_MS,
    SECOND_MS,
    a_day_ticket,
    a_gate,
    a_layout,
    a_party,
    a_profile,
    a_slot_right,
    an_attraction,
    at,
    facts_for,
    inside,
    outside,
    some_uses,
)

STAFF = WhatNext(act=Act.SEE_STAFF)
HOUR_AGO = NOW_MS - HOUR_MS
YESTERDAY = at("2026-07-14 18:00")
TOMORROW = at("2026-07-16 00:00")
NONE = {"uses_max": None, "reentry": Reentry.NEVER}


def ticket(
    *scan_ms: int, point: str = "north", facts: dict[str, object] | None = None, **terms: object
) -> Facts:
    """A day ticket with these terms, used at these times."""
    return facts_for(a_profile(a_day_ticket(**terms)), uses=some_uses(*scan_ms, point=point), **(facts or {}))


def once(**facts: object) -> Facts:
    return ticket(HOUR_AGO, reentry=Reentry.NEVER, facts=facts)


def come_back(at_ms: int) -> WhatNext:
    return WhatNext(act=Act.COME_BACK, at_ms=at_ms)


REFUSED = {
    "used here": (once(), Reason.ALREADY_USED_HERE, STAFF, First("north", HOUR_AGO)),
    "used at another gate": (
        ticket(HOUR_AGO, point="west", reentry=Reentry.NEVER),
        Reason.ALREADY_USED_ELSEWHERE, STAFF, First("west", HOUR_AGO),
    ),
    "used twice: the first is named": (
        ticket(HOUR_AGO - 1, HOUR_AGO, uses_max=2, reentry=Reentry.NEVER),
        Reason.ALREADY_USED_HERE, STAFF, First("north", HOUR_AGO - 1),
    ),
    "used and went out, no re-entry": (
        once(location=outside()), Reason.REENTRY_FORBIDDEN, STAFF, First("north", HOUR_AGO),
    ),
    "used and still inside, re-entry after exit": (
        ticket(HOUR_AGO, facts={"location": inside()}),
        Reason.ALREADY_USED_HERE, WhatNext(act=Act.EXIT_FIRST, place="park"), First("north", HOUR_AGO),
    ),
    "used yesterday, re-entry ended with the day": (
        ticket(YESTERDAY, facts={"location": outside(YESTERDAY + 1)}),
        Reason.ALREADY_USED_HERE, STAFF, First("north", YESTERDAY),
    ),
    "went out too long ago": (
        ticket(HOUR_AGO, reentry_s_max=3_599, facts={"location": outside()}),
        Reason.REENTRY_FORBIDDEN, STAFF, First("north", HOUR_AGO),
    ),
    "a ride used is used, whoever left it": (
        facts_for(
            a_profile(a_slot_right(slot=None)), an_attraction(),
            uses=some_uses(HOUR_AGO, entitlement="slot-1", point="castle"),
            location=inside(),
        ),
        Reason.ALREADY_USED_HERE, STAFF, First("castle", HOUR_AGO),
    ),
    "no use at all": (ticket(uses_max=0), Reason.LIMIT_REACHED, STAFF, None),
    "the party is larger than the right": (
        facts_for(a_profile(a_day_ticket(together=True, uses_max=3), party=a_party())),
        Reason.LIMIT_REACHED, STAFF, None,
    ),
    "the party has come in already": (
        facts_for(
            a_profile(a_day_ticket(together=True, uses_max=4, reentry=Reentry.NEVER), party=a_party()),
            uses=some_uses(HOUR_AGO),
        ),
        Reason.ALREADY_USED_HERE, STAFF, First("north", HOUR_AGO),
    ),
    "used up for today": (
        ticket(HOUR_AGO, uses_per_day_max=1, **NONE), Reason.LIMIT_REACHED, come_back(TOMORROW), None,
    ),
    "used up for today, ends today": (
        ticket(HOUR_AGO, uses_per_day_max=1, valid_until_ms=TOMORROW, **NONE),
        Reason.LIMIT_REACHED, STAFF, None,
    ),
    "the party is larger than a day's uses": (
        facts_for(a_profile(a_day_ticket(together=True, uses_per_day_max=3, **NONE), party=a_party())),
        Reason.LIMIT_REACHED, STAFF, None,
    ),
    "used up at this point": (
        ticket(HOUR_AGO, uses_per_point_max=1, **NONE),
        Reason.ALREADY_USED_HERE, STAFF, First("north", HOUR_AGO),
    ),
    "no use at any point": (ticket(uses_per_point_max=0, **NONE), Reason.LIMIT_REACHED, STAFF, None),
    "used on as many days as it holds": (
        ticket(YESTERDAY - DAY_MS, YESTERDAY, days_max=2, **NONE), Reason.LIMIT_REACHED, STAFF, None,
    ),
    "the time since the first use is over": (
        ticket(HOUR_AGO, since_first_s_max=3_599, **NONE), Reason.TOO_LATE, STAFF, First("north", HOUR_AGO),
    ),
    "too soon after the last use": (
        ticket(YESTERDAY, HOUR_AGO, since_last_s_min=3_601, **NONE),
        Reason.TOO_SOON_AGAIN, come_back(NOW_MS + SECOND_MS), First("north", HOUR_AGO),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "reason", "what_next", "first"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(facts: Facts, reason: Reason, what_next: WhatNext, first: First | None) -> None:
    decision = decide(facts).decision
    assert (decision.reason, decision.next, decision.first) == (reason, what_next, first)


ALLOWED = {
    "a right for all, for one who is alone": (ticket(together=True, reentry=Reentry.NEVER), False, 0),
    "one use of two": (ticket(HOUR_AGO, uses_max=2, reentry=Reentry.NEVER), False, 0),
    "re-entry after the exit": (ticket(HOUR_AGO, facts={"location": outside()}), True, 0),
    "re-entry by another gate": (ticket(HOUR_AGO, point="west", facts={"location": outside()}), True, 0),
    "re-entry at will": (ticket(HOUR_AGO, reentry=Reentry.FREE), True, 0),
    "re-entry in its last second": (
        ticket(HOUR_AGO, reentry_s_max=3_600, facts={"location": outside()}), True, 0,
    ),
    "re-entry after the night's reset": (
        ticket(
            at("2026-07-15 02:00"),
            facts={"location": inside(since_ms=at("2026-07-15 02:00")), "layout": a_layout(reset_min=240)},
        ),
        True, 0,
    ),
    "a further day": (ticket(YESTERDAY, uses_per_day_max=1, **NONE), False, 0),
    "a further day of three": (ticket(YESTERDAY - DAY_MS, YESTERDAY, days_max=3, **NONE), False, None),
    "the same day again": (ticket(YESTERDAY, HOUR_AGO, days_max=2, **NONE), False, None),
    "used up at another point": (ticket(HOUR_AGO, point="west", uses_per_point_max=1, **NONE), False, 0),
    "the last second since the first use": (ticket(HOUR_AGO, since_first_s_max=3_600, **NONE), False, None),
    "soon enough after the last use": (ticket(HOUR_AGO, since_last_s_min=3_600, **NONE), False, None),
    "no use yet to space from": (ticket(since_last_s_min=3_600, since_first_s_max=1, **NONE), False, None),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "reentry", "uses_left"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allows(facts: Facts, reentry: bool, uses_left: int | None) -> None:
    both_gates = replace(facts.layout, points=(*facts.layout.points, a_gate("west")))
    ruling = decide(msgspec.structs.replace(facts, layout=both_gates))
    assert (ruling.decision.reason, ruling.decision.uses_left) == (Reason.ENTERED, uses_left)
    assert [use.reentry for use in ruling.change.uses] == [reentry]


def test_the_first_use_is_named_in_whatever_order_they_came() -> None:
    early, late = some_uses(HOUR_AGO - 1, HOUR_AGO)
    facts = facts_for(a_profile(a_day_ticket(uses_max=2, reentry=Reentry.NEVER)), uses=(late, early))
    assert decide(facts).decision.first == First("north", HOUR_AGO - 1)


def test_a_use_says_where_when_and_by_which_tap() -> None:
    (use,) = decide(facts_for()).change.uses
    assert use == Use(
        entitlement="ticket-1", ordinal=1, scan_ms=NOW_MS, device=DEVICE, point="north", tap_id="tap-1"
    )


@pytest.mark.parametrize("redemption", [Redemption.UNDONE, Redemption.ANNULLED])
def test_what_was_taken_back_does_not_count_and_keeps_its_number(redemption: Redemption) -> None:
    (taken_back,) = some_uses(HOUR_AGO)
    ruling = decide(facts_for(uses=(replace(taken_back, redemption=redemption),)))
    assert (ruling.decision.reason, ruling.decision.ordinal) == (Reason.ENTERED, 2)


def test_a_pending_use_of_another_tap_counts() -> None:
    (pending,) = some_uses(HOUR_AGO)
    facts = facts_for(uses=(replace(pending, redemption=Redemption.PENDING),))
    assert decide(facts).decision.reason is Reason.ALREADY_USED_HERE


def test_a_pending_use_of_the_same_tap_is_this_one() -> None:
    (pending,) = some_uses(HOUR_AGO)
    facts = facts_for(uses=(replace(pending, redemption=Redemption.PENDING, tap_id="tap-1"),))
    ruling = decide(facts)
    assert (ruling.decision.reason, ruling.decision.ordinal) == (Reason.ENTERED, 1)


def test_uses_of_other_rights_do_not_count() -> None:
    assert decide(facts_for(uses=some_uses(HOUR_AGO, entitlement="other"))).decision.reason is Reason.ENTERED


def test_a_party_spends_as_many_uses_as_it_is_large_and_fills_as_many_places() -> None:
    facts = facts_for(a_profile(a_day_ticket(together=True, uses_max=4), party=a_party()))
    ruling = decide(facts)
    assert (ruling.decision.people, ruling.decision.uses_left) == (4, 0)
    assert [use.ordinal for use in ruling.change.uses] == [1, 2, 3, 4]
    assert ruling.change.zone_deltas == (("park", 4),)


def test_the_day_turns_at_the_hour_that_the_operator_says() -> None:
    night_owl = at("2026-07-15 01:00")
    facts = ticket(night_owl, uses_per_day_max=1, **NONE)
    early = facts_for(
        a_profile(a_day_ticket(uses_per_day_max=1, **NONE)),
        uses=some_uses(night_owl),
        layout=a_layout(day_starts_min=300),
    )
    assert decide(facts).decision.reason is Reason.LIMIT_REACHED
    assert decide(early).decision.reason is Reason.ENTERED


def test_spacing_is_elapsed_time_through_the_hour_that_summer_gives_back() -> None:
    first = at("2026-10-25 01:30")
    now = at("2026-10-25 03:30")
    three_hours = ticket(first, since_first_s_max=3 * 3_600, facts={"now_ms": now}, **NONE)
    less = ticket(first, since_first_s_max=3 * 3_600 - 1, facts={"now_ms": now}, **NONE)
    assert decide(three_hours).decision.reason is Reason.ENTERED
    assert decide(less).decision.reason is Reason.TOO_LATE
