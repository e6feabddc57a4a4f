"""The right itself: its status, and whether it opens this point."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement, Status
from edge.core.entry import decide
from edge.core.places import Point
from tests.builders import (
    a_day_ticket,
    a_door,
    a_gate,
    a_layout,
    a_product,
    a_profile,
    a_slot_right,
    a_stay,
    a_tap,
    an_attraction,
    facts_for,
    inside,
)

STAFF = WhatNext(act=Act.SEE_STAFF)


@pytest.mark.parametrize(
    ("status", "reason", "act", "outcome"),
    [
        (Status.UNPAID, Reason.UNPAID, Act.PAY, Outcome.REFERRED),
        (Status.UNAPPROVED, Reason.UNAPPROVED, Act.SEE_STAFF, Outcome.REFERRED),
        (Status.CANCELLED, Reason.CANCELLED, Act.SEE_STAFF, Outcome.REFERRED),
        (Status.REVOKED, Reason.REVOKED, Act.SEE_STAFF, Outcome.REFERRED),
        (Status.BLOCKED, Reason.BLOCKED, Act.SEE_STAFF, Outcome.REFERRED),
        (Status.EXCHANGED, Reason.ALREADY_EXCHANGED, Act.USE_BAND, Outcome.DENIED),
    ],
)
def test_a_right_that_does_not_stand_is_refused_by_its_own_reason(
    status: Status, reason: Reason, act: Act, outcome: Outcome
) -> None:
    decision = decide(facts_for(a_profile(a_day_ticket(status=status)))).decision
    assert (decision.reason, decision.next.act, decision.outcome) == (reason, act, outcome)
    assert decision.entitlement == "ticket-1"


ELSEWHERE = {
    "a right for another gate of the same zone": (
        a_day_ticket(points=("west",), zones=()), a_gate(), Reason.WRONG_GATE, "west",
    ),
    "a right for a ride": (a_slot_right(), a_gate(), Reason.WRONG_PRODUCT, "castle"),
    "a right for a room": (a_stay(), a_gate(), Reason.WRONG_PRODUCT, "room-12"),
    "a slot at another ride": (
        a_slot_right(points=("castle", "river")), an_attraction("river"), Reason.WRONG_GATE, "castle",
    ),
    "a ride that leads elsewhere": (
        a_day_ticket(points=("castle",), zones=()), an_attraction("river", to_zone="river"),
        Reason.WRONG_PRODUCT, "castle",
    ),
    "a ticket at somebody's room": (a_day_ticket(), a_door(), Reason.WRONG_PRODUCT, "north"),
}  # fmt: skip


@pytest.mark.parametrize(("right", "point", "reason", "place"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_right_for_another_point_names_that_point(
    right: Entitlement, point: Point, reason: Reason, place: str
) -> None:
    layout = a_layout(point, a_gate("west"))
    decision = decide(facts_for(a_profile(right), point, layout=layout, presented=a_tap(trust=3))).decision
    assert (decision.reason, decision.next) == (reason, WhatNext(act=Act.GO_TO, place=place))
    assert decision.outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("right", "point"),
    [
        (a_day_ticket(points=("nowhere",), zones=()), a_gate()),
        (a_day_ticket(terms=None, product="not-in-this-layout"), a_gate()),
        (a_day_ticket(), an_attraction(reserve=True)),
    ],
    ids=["opens nothing here", "terms not known here", "no reservation where one is needed"],
)
def test_a_right_that_opens_nothing_here_sends_to_staff(right: Entitlement, point: Point) -> None:
    decision = decide(facts_for(a_profile(right), point)).decision
    assert (decision.reason, decision.next) == (Reason.WRONG_PRODUCT, STAFF)


def test_a_guest_without_any_right_is_told_so() -> None:
    decision = decide(facts_for(a_profile(entitlements=()))).decision
    assert (decision.reason, decision.next, decision.entitlement) == (Reason.WRONG_PRODUCT, STAFF, None)


def test_a_reservation_opens_the_point_that_asks_for_one() -> None:
    facts = facts_for(a_profile(a_slot_right()), an_attraction(reserve=True), location=inside())
    assert decide(facts).decision.reason is Reason.ENTERED


@pytest.mark.parametrize(
    "right",
    [
        a_day_ticket(zones=()),
        a_day_ticket(zones=("park",)),
        a_day_ticket(zones=("castle",), points=("north",)),
        a_day_ticket(terms=None),
    ],
    ids=["everywhere", "by zone", "by point", "by its product's terms"],
)
def test_a_right_that_covers_the_gate_opens_it(right: Entitlement) -> None:
    assert decide(facts_for(a_profile(right))).decision.reason is Reason.ENTERED


def test_a_zone_covers_the_points_of_its_children() -> None:
    facts = facts_for(a_profile(a_day_ticket(zones=("park",))), an_attraction(), location=inside())
    assert decide(facts).decision.reason is Reason.ENTERED


def test_a_product_of_the_layout_lends_its_terms() -> None:
    layout = a_layout(products=(a_product("day", points=("west",)),))
    facts = facts_for(a_profile(a_day_ticket(terms=None)), layout=layout)
    assert decide(facts).decision.reason is Reason.WRONG_PRODUCT


def test_what_a_product_asks_for_is_asked_at_each_point_and_of_each_tap() -> None:
    layout = a_layout(products=(a_product("day", zones=("park",)),))
    facts = facts_for(a_profile(a_day_ticket(terms=None)), layout.points_by_id["north"], layout=layout)
    stricter = a_gate(age_min=18, height_cm_min=140)
    for _ in range(2):
        assert decide(facts).decision.outcome is Outcome.GRANTED
        assert decide(facts).decision.outcome is Outcome.GRANTED
        asked = decide(msgspec.structs.replace(facts, point=stricter)).decision.failures
        assert [failure.reason for failure in asked] == [Reason.AGE_CONFIRM, Reason.HEIGHT_CONFIRM]
