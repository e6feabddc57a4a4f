"""Several rights on one band: which one is redeemed, which refusal is explained."""

from __future__ import annotations

import itertools

import pytest

from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement, Question, TimeSlot
from edge.core.entry import Facts, decide
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    a_day_ticket,
    a_gate,
    a_profile,
    a_slot_right,
    a_stay,
    facts_for,
    some_uses,
)


def slot(end_ms: int) -> TimeSlot:
    return TimeSlot(start_ms=NOW_MS - HOUR_MS, end_ms=end_ms)


PREFERRED: dict[str, tuple[Entitlement, Entitlement]] = {
    "the point's own product": (
        a_day_ticket("z", product="own"),
        a_day_ticket("a", slot=slot(NOW_MS + 1), valid_until_ms=NOW_MS + 1),
    ),
    "the slot that ends soonest": (
        a_day_ticket("z", slot=slot(NOW_MS + 1)),
        a_day_ticket("a", slot=slot(NOW_MS + 2), valid_until_ms=NOW_MS + 1),
    ),
    "a slot before none": (a_day_ticket("z", slot=slot(NOW_MS + 1)), a_day_ticket("a")),
    "the validity that ends soonest": (
        a_day_ticket("z", valid_until_ms=NOW_MS + 1, uses_max=9),
        a_day_ticket("a", valid_until_ms=NOW_MS + 2, uses_max=1),
    ),
    "the fewest uses left": (a_day_ticket("z", uses_max=1), a_day_ticket("a", uses_max=2)),
    "a limited right before an unlimited one": (
        a_day_ticket("z", uses_max=9),
        a_day_ticket("a", uses_max=None),
    ),
    "the smaller id": (a_day_ticket("a"), a_day_ticket("b")),
    "the only green one": (a_day_ticket("z"), a_day_ticket("a", valid_until_ms=NOW_MS)),
}


@pytest.mark.parametrize(("preferred", "other"), PREFERRED.values(), ids=PREFERRED.keys())
@pytest.mark.parametrize("swapped", [False, True])
def test_the_preferred_right_is_redeemed_in_whatever_order_they_come(
    preferred: Entitlement, other: Entitlement, swapped: bool
) -> None:
    rights = (other, preferred) if swapped else (preferred, other)
    ruling = decide(facts_for(a_profile(*rights), a_gate(products=("own",))))
    assert (ruling.decision.outcome, ruling.decision.entitlement) == (Outcome.GRANTED, preferred.id)
    assert [use.entitlement for use in ruling.change.uses] == [preferred.id]


LATER, MUCH_LATER = NOW_MS + HOUR_MS, NOW_MS + 5 * HOUR_MS
SOON = a_day_ticket("soon", valid_from_ms=LATER)
LATE = a_day_ticket("late", valid_from_ms=MUCH_LATER)
OVER = a_day_ticket("over", valid_until_ms=NOW_MS)
ASKS = a_day_ticket("asks", questions=(Question(id="name", kind="text"),))
USED = a_day_ticket("used")
ROOM = a_stay("room")
SOON_BUT_USED = a_day_ticket("soon-but-used", valid_from_ms=NOW_MS + 1, uses_max=0)

EXPLAINED: dict[str, tuple[tuple[Entitlement, ...], str, Reason]] = {
    "what opens sooner": ((SOON, LATE), "soon", Reason.TOO_EARLY),
    "what opens rather than what is over": ((LATE, OVER), "late", Reason.TOO_EARLY),
    "what only asks rather than what opens later": ((SOON, ASKS), "asks", Reason.ANSWERS_REQUIRED),
    "what opens, not what fails by more than time": ((SOON_BUT_USED, LATE), "late", Reason.TOO_EARLY),
    "the first in check order where no time is known": ((USED, OVER), "over", Reason.TOO_LATE),
    "a right for this gate rather than one for a room": ((ROOM, USED), "used", Reason.ALREADY_USED_HERE),
    "a right for elsewhere where there is no other": ((ROOM,), "room", Reason.WRONG_PRODUCT),
}


@pytest.mark.parametrize(("rights", "explained", "reason"), EXPLAINED.values(), ids=EXPLAINED.keys())
def test_without_a_green_one_the_soonest_is_explained(
    rights: tuple[Entitlement, ...], explained: str, reason: Reason
) -> None:
    uses = some_uses(NOW_MS - 48 * HOUR_MS, entitlement="used")
    for order in itertools.permutations(rights):
        decision = decide(facts_for(a_profile(*order), uses=uses)).decision
        assert (decision.entitlement, decision.reason) == (explained, reason)


def choosing(*rights: Entitlement, **facts: object) -> Facts:
    return facts_for(a_profile(*rights), a_gate(choose=True), **facts)


FAST, SLOW = a_day_ticket("fast"), a_day_ticket("slow")


def test_the_guest_chooses_where_the_operator_says_so() -> None:
    ruling = decide(choosing(SLOW, FAST, a_slot_right()))
    assert (ruling.decision.outcome, ruling.decision.reason) == (Outcome.REFERRED, Reason.CHOOSE_ENTITLEMENT)
    assert ruling.decision.choices == ("fast", "slow")
    assert ruling.decision.next == WhatNext(act=Act.CHOOSE)
    assert ruling.change.uses == ()


def test_the_chosen_right_is_redeemed() -> None:
    decision = decide(choosing(FAST, SLOW, chosen="slow")).decision
    assert (decision.reason, decision.entitlement) == (Reason.ENTERED, "slow")


def test_a_chosen_right_that_does_not_open_is_explained() -> None:
    decision = decide(choosing(FAST, OVER, chosen="over")).decision
    assert (decision.reason, decision.entitlement) == (Reason.TOO_LATE, "over")


def test_a_choice_that_is_not_there_is_no_choice() -> None:
    decision = decide(choosing(FAST, SLOW, chosen="gold")).decision
    assert (decision.reason, decision.entitlement) == (Reason.ENTERED, "fast")


def test_one_fitting_right_leaves_nothing_to_choose() -> None:
    assert decide(choosing(FAST, OVER)).decision.reason is Reason.ENTERED


def test_a_supervisor_does_not_wait_for_a_choice() -> None:
    assert decide(choosing(FAST, SLOW, overridden=True)).decision.entitlement == "fast"
