"""Windows of time at a gate, each border on both sides."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement, Hours, Reentry
from edge.core.entry import Facts, decide
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    a_day_ticket,
    a_door,
    a_gate,
    a_moment,
    a_profile,
    a_slot_right,
    a_stay,
    a_tap,
    all_week,
    an_attraction,
    at,
    facts_for,
    inside,
    some_uses,
)

STAFF = WhatNext(act=Act.SEE_STAFF)


def come_back(at_ms: int) -> WhatNext:
    return WhatNext(act=Act.COME_BACK, at_ms=at_ms)


def ride(right: Entitlement, now_ms: int = NOW_MS, **changes: object) -> Facts:
    return facts_for(a_profile(right), an_attraction(), location=inside(), now_ms=now_ms, **changes)


def gate(right: Entitlement, **changes: object) -> Facts:
    return facts_for(a_profile(right), **changes)


LATER_MS = NOW_MS + 5 * HOUR_MS
SLOT = a_slot_right(start_ms=at("2026-07-15 15:15"))
OVER = a_slot_right(start_ms=NOW_MS - 2 * HOUR_MS)
OPENS_MS = at("2026-07-15 15:10")
CLOSES_MS = at("2026-07-15 15:55")
MONDAYS = Hours(weekdays={0: ((540, 1_080),)})
NIGHTS = Hours(weekdays={2: ((1_320, 1_620),)})

REFUSED = {
    "before it is valid": (gate(a_day_ticket(valid_from_ms=LATER_MS)), Reason.TOO_EARLY, come_back(LATER_MS)),
    "from the end of its validity": (gate(a_day_ticket(valid_until_ms=NOW_MS)), Reason.TOO_LATE, STAFF),
    "before the slot's tolerance": (ride(SLOT, OPENS_MS - 1), Reason.TOO_EARLY, come_back(OPENS_MS)),
    "after the slot's tolerance": (ride(SLOT, CLOSES_MS), Reason.TOO_LATE, STAFF),
    "after the slot, with another one free": (
        ride(OVER, slot_next={OVER.id: LATER_MS}),
        Reason.TOO_LATE, WhatNext(act=Act.CHANGE_TIME, at_ms=LATER_MS),
    ),
    "after the slot, the other one past too": (
        ride(OVER, slot_next={OVER.id: NOW_MS}), Reason.TOO_LATE, STAFF,
    ),
    "before the slot, the right ends first": (
        ride(a_slot_right(start_ms=LATER_MS, valid_until_ms=LATER_MS - HOUR_MS)), Reason.TOO_EARLY, STAFF,
    ),
    "before the gate opens": (
        facts_for(point=a_gate(hours=all_week("10:01", "18:00"))),
        Reason.CLOSED_NOW, come_back(at("2026-07-15 10:01")),
    ),
    "when the gate closes": (
        facts_for(point=a_gate(hours=all_week("09:00", "10:00"))),
        Reason.CLOSED_NOW, come_back(at("2026-07-16 09:00")),
    ),
    "on a closed date": (
        facts_for(point=a_gate(hours=all_week("09:00", closed_dates=("2026-07-15", "2026-07-16")))),
        Reason.CLOSED_NOW, come_back(at("2026-07-17 09:00")),
    ),
    "on a weekday that the right leaves out": (
        gate(a_day_ticket(hours=MONDAYS)), Reason.CLOSED_NOW, come_back(at("2026-07-20 09:00")),
    ),
    "while either is closed: when both open": (
        facts_for(a_profile(a_day_ticket(hours=MONDAYS)), a_gate(hours=all_week("11:00", "18:00"))),
        Reason.CLOSED_NOW, come_back(at("2026-07-20 09:00")),
    ),
    "where nothing opens ever": (facts_for(point=a_gate(hours=Hours())), Reason.CLOSED_NOW, STAFF),
    "after a check-out": (
        facts_for(a_profile(a_stay(valid_until_ms=NOW_MS)), a_door(), presented=a_tap(trust=3)),
        Reason.TOO_LATE, STAFF,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "reason", "what_next"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(facts: Facts, reason: Reason, what_next: WhatNext) -> None:
    decision = decide(facts).decision
    assert (decision.reason, decision.next, decision.outcome) == (reason, what_next, Outcome.DENIED)


ALLOWED = {
    "from the first millisecond": gate(a_day_ticket(valid_from_ms=NOW_MS)),
    "to the last millisecond": gate(a_day_ticket(valid_until_ms=NOW_MS + 1)),
    "as early as the tolerance": ride(SLOT, OPENS_MS),
    "as late as the tolerance": ride(SLOT, CLOSES_MS - 1),
    "when the gate opens": facts_for(point=a_gate(hours=all_week("10:00", "18:00"))),
    "just before it closes": facts_for(point=a_gate(hours=all_week("09:00", "10:01"))),
    "after midnight, in the night that began the day before": gate(
        a_day_ticket(hours=NIGHTS), now_ms=at("2026-07-16 02:59")
    ),
    "a room during the stay": facts_for(a_profile(a_stay()), a_door(), presented=a_tap(trust=3)),
}


@pytest.mark.parametrize("facts", ALLOWED.values(), ids=ALLOWED.keys())
def test_allows(facts: Facts) -> None:
    assert decide(facts).decision.reason is Reason.ENTERED


def test_a_millisecond_of_doubt_is_doubt() -> None:
    right = a_day_ticket(valid_until_ms=NOW_MS + 1)
    assert decide(gate(right, moment=a_moment(uncertainty_ms=1))).decision.reason is Reason.CLOCK_UNTRUSTED


def test_a_door_spends_nothing_and_moves_nobody() -> None:
    change = decide(facts_for(a_profile(a_stay()), a_door(), presented=a_tap(trust=3, counter=None))).change
    assert (change.held, change.uses, change.zone_deltas) == (None, (), ())


DOUBTFUL = {
    "about to begin": gate(a_day_ticket(valid_from_ms=NOW_MS + 100)),
    "about to end": gate(a_day_ticket(valid_until_ms=NOW_MS + 100)),
    "slot about to open": ride(SLOT, OPENS_MS - 100),
    "gate about to close": facts_for(
        point=a_gate(hours=all_week("09:00", "18:00")), now_ms=at("2026-07-15 18:00") - 100
    ),
}


@pytest.mark.parametrize("facts", DOUBTFUL.values(), ids=DOUBTFUL.keys())
@pytest.mark.parametrize(("uncertainty_ms", "differs"), [(99, False), (101, True)])
def test_only_a_verdict_that_could_differ_within_the_uncertainty_is_doubted(
    facts: Facts, uncertainty_ms: int, differs: bool
) -> None:
    moment = a_moment(facts.moment.now_ms, uncertainty_ms)
    known, doubted = decide(facts), decide(replace(facts, moment=moment))
    if differs:
        assert (doubted.decision.reason, doubted.decision.next) == (Reason.CLOCK_UNTRUSTED, STAFF)
        assert doubted.decision.outcome is Outcome.REFERRED
    else:
        assert doubted.decision == known.decision


def test_a_clock_that_nobody_vouches_for_decides_what_hours_do_not_change() -> None:
    ends_soon = gate(a_day_ticket(valid_until_ms=NOW_MS + 4 * MINUTE_MS), moment=a_moment(trusted=False))
    ends_late = gate(a_day_ticket(valid_until_ms=NOW_MS + DAY_MS), moment=a_moment(trusted=False))
    assert decide(ends_soon).decision.reason is Reason.CLOCK_UNTRUSTED
    assert decide(ends_late).decision.reason is Reason.ENTERED
    assert decide(facts_for(moment=a_moment(trusted=False))).decision.reason is Reason.ENTERED


def test_after_a_jump_of_a_day_both_that_day_and_the_minutes_around_are_doubted() -> None:
    """A slot of an hour lies between the ends of such a doubt, a day's limit at one of them."""
    jumped = replace(a_moment(trusted=False), uncertainty_ms=DAY_MS)
    ends_soon = gate(a_day_ticket(valid_until_ms=NOW_MS + 4 * MINUTE_MS), moment=jumped)
    ends_tomorrow = gate(a_day_ticket(valid_until_ms=NOW_MS + DAY_MS), moment=jumped)
    ends_later = gate(a_day_ticket(valid_until_ms=NOW_MS + 3 * DAY_MS), moment=jumped)
    begins_soon = gate(
        a_day_ticket(valid_from_ms=NOW_MS + MINUTE_MS, valid_until_ms=NOW_MS + 9 * MINUTE_MS), moment=jumped
    )
    for doubted in (ends_soon, ends_tomorrow, begins_soon):
        assert decide(doubted).decision.reason is Reason.CLOCK_UNTRUSTED
    assert decide(ends_later).decision.reason is Reason.ENTERED


def test_between_two_jumps_every_day_is_doubted() -> None:
    """Two days on and one back: the limit of the day between is not opened again, nor one far behind it."""
    right = a_day_ticket(
        uses_per_day_max=1, uses_max=None, reentry=Reentry.NEVER, valid_until_ms=NOW_MS + 99 * DAY_MS
    )
    for days_ago, doubted in ((1, 2), (3, 9), (30, 40)):
        used = some_uses(NOW_MS - days_ago * DAY_MS)
        jumped = replace(a_moment(trusted=False), uncertainty_ms=doubted * DAY_MS)
        facts = gate(right, moment=jumped, uses=used)
        assert decide(facts).decision.reason is Reason.CLOCK_UNTRUSTED
