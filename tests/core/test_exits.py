"""Exits, overrides and points that lead both ways."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import BandState, Read
from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entitlements import Status
from edge.core.entry import Facts, decide
from edge.core.held import Held, Location
from edge.core.places import Direction, Passback
from tests.builders import (
    HOUR_MS,
    NOW_MS,
    a_band,
    a_day_ticket,
    a_door,
    a_gate,
    a_layout,
    a_party,
    a_profile,
    a_stay,
    a_tap,
    an_exit,
    at,
    facts_for,
    facts_of_nobody,
    inside,
    outside,
    some_uses,
)

GO_ON = WhatNext(act=Act.GO_ON)


def leaving(**facts: object) -> Facts:
    return facts_for(None, an_exit(), **({"location": inside()} | facts))


def test_an_exit_puts_the_band_outside_and_gives_its_place_back() -> None:
    ruling = decide(leaving())
    assert (ruling.decision.outcome, ruling.decision.reason) == (Outcome.GRANTED, Reason.EXITED)
    assert (ruling.decision.direction, ruling.decision.next, ruling.decision.notes) == ("out", GO_ON, ())
    assert ruling.change.held is not None
    assert ruling.change.held.location == Location(
        zone=None, since_ms=NOW_MS, point="south", device="edge-1", tap_id="tap-1"
    )
    assert ruling.change.held.last == inside()
    assert (ruling.change.uses, ruling.change.zone_deltas) == ((), (("park", -1),))


ODD_EXITS = {
    "never seen": leaving(location=None),
    "outside already": leaving(location=outside()),
    "in the hotel": leaving(location=inside("hotel")),
    "forgotten by the night": leaving(
        location=inside(since_ms=at("2026-07-14 20:00")), layout=a_layout(reset_min=240)
    ),
    "unknown band": facts_of_nobody(an_exit()),
    "torn read": facts_of_nobody(an_exit(), presented=a_tap(band=None, read=Read.TORN)),
}


@pytest.mark.parametrize("facts", ODD_EXITS.values(), ids=ODD_EXITS.keys())
def test_who_is_not_inside_goes_out_all_the_same_and_it_is_noted(facts: Facts) -> None:
    decision = decide(facts).decision
    assert (decision.outcome, decision.reason) == (Outcome.GRANTED, Reason.EXITED)
    assert Reason.NOT_INSIDE in decision.notes


def test_a_second_exit_is_harmless() -> None:
    change = decide(leaving(location=outside())).change
    assert change.held is not None
    assert change.held.location == outside()
    assert change.zone_deltas == ()


def test_who_left_the_hotel_by_the_park_s_exit_is_outside_now() -> None:
    assert decide(leaving(location=inside("hotel"))).change.zone_deltas == (("hotel", -1),)


def test_the_exit_of_a_lost_band_opens_and_staff_see_why_to_look() -> None:
    facts = facts_for(a_profile(band=a_band(state=BandState.LOST)), an_exit(), location=inside())
    decision = decide(facts).decision
    assert decision.reason is Reason.EXITED
    assert [failure.reason for failure in decision.failures] == [Reason.BAND_LOST]


def test_a_forged_band_goes_out_and_moves_nobody_else() -> None:
    ruling = decide(leaving(presented=a_tap(read=Read.NOT_AUTHENTIC)))
    assert ruling.decision.outcome is Outcome.GRANTED
    assert (ruling.change.held, ruling.change.zone_deltas) == (None, ())


def test_a_party_that_came_in_by_one_band_goes_out_by_it() -> None:
    entry = decide(facts_for(a_profile(a_day_ticket(together=True, uses_max=4), party=a_party()))).change
    assert entry.held is not None
    left = decide(facts_for(None, an_exit(), held=entry.held, presented=a_tap(tap_id="tap-2", counter=11)))
    assert left.decision.people == 4
    assert left.change.zone_deltas == (("park", -4),)


def test_who_is_known_elsewhere_goes_out_alone_however_many_came_in_there() -> None:
    elsewhere = msgspec.structs.replace(inside("hotel"), people=4)
    assert decide(leaving(location=elsewhere)).decision.people == 1


def test_a_room_opened_from_inside_moves_nobody() -> None:
    facts = facts_for(
        a_profile(a_stay()), a_door(direction=Direction.OUT), presented=a_tap(trust=3, counter=None)
    )
    ruling = decide(facts)
    assert (ruling.decision.reason, ruling.decision.notes) == (Reason.EXITED, ())
    assert ruling.change.held is None


BOTH = a_gate(direction=Direction.BOTH, passback=Passback.HARD)


@pytest.mark.parametrize(
    ("facts", "reason", "deltas"),
    [
        (facts_for(point=BOTH), Reason.ENTERED, (("park", 1),)),
        (facts_for(point=BOTH, location=inside()), Reason.EXITED, (("park", -1),)),
        (facts_for(point=BOTH, location=inside("castle")), Reason.EXITED, (("castle", -1), ("park", -1))),
        (facts_for(point=BOTH, location=inside(), direction="in"), Reason.INSIDE_ALREADY, ()),
        (facts_for(point=a_gate(), location=inside(), direction="out"), Reason.EXITED, (("park", -1),)),
        (facts_for(point=an_exit(), direction="in"), Reason.ENTERED, (("park", 1),)),
        (facts_for(point=a_gate(), direction="sideways"), Reason.ENTERED, (("park", 1),)),
        (facts_for(point=a_gate(direction=Direction.BOTH, to_zone=None)), Reason.ENTERED, ()),
    ],
    ids=[
        "both ways, outside", "both ways, inside", "both ways, deeper inside", "turnstile says in",
        "turnstile says out", "in by the exit", "turnstile says nonsense", "a point that leads nowhere",
    ],
)  # fmt: skip
def test_the_way_is_what_the_turnstile_says_or_else_the_point(
    facts: Facts, reason: Reason, deltas: tuple[tuple[str, int], ...]
) -> None:
    ruling = decide(facts)
    assert (ruling.decision.reason, ruling.change.zone_deltas) == (reason, deltas)


def test_an_exit_from_anywhere_knows_who_was_anywhere() -> None:
    nowhere = an_exit(from_zone=None, to_zone="hotel")
    assert decide(facts_for(point=nowhere, location=inside())).decision.notes == ()
    assert decide(facts_for(point=nowhere)).decision.notes == (Reason.NOT_INSIDE,)


USED = {"uses": some_uses(NOW_MS - HOUR_MS)}
LIFTED = {
    "too late": (facts_for(a_profile(a_day_ticket(valid_until_ms=NOW_MS))), True),
    "too early": (facts_for(a_profile(a_day_ticket(valid_from_ms=NOW_MS + 1))), True),
    "used": (facts_for(**USED), False),
    "unpaid": (facts_for(a_profile(a_day_ticket(status=Status.UNPAID))), False),
    "for elsewhere": (facts_for(a_profile(a_stay())), False),
    "no right at all": (facts_for(a_profile(entitlements=())), False),
    "full": (facts_for(places={"park": 0}), True),
    "to be confirmed": (facts_for(point=a_gate(confirm=True)), True),
    "lost": (facts_for(a_profile(band=a_band(state=BandState.LOST))), True),
}


@pytest.mark.parametrize(("facts", "spends"), LIFTED.values(), ids=LIFTED.keys())
def test_a_supervisor_lets_pass_and_spends_a_use_only_where_there_is_one(facts: Facts, spends: bool) -> None:
    refused = decide(facts).decision
    ruling = decide(msgspec.structs.replace(facts, overridden=True))
    assert refused.outcome is not Outcome.GRANTED
    assert (ruling.decision.outcome, ruling.decision.reason) == (Outcome.GRANTED, Reason.ENTERED)
    asked = refused.reason is Reason.CONFIRM_REQUIRED
    assert (Reason.OVERRIDDEN in ruling.decision.notes) is not asked
    assert ruling.decision.failures == (() if asked else refused.failures)
    assert bool(ruling.change.uses) is spends
    assert ruling.change.zone_deltas == (("park", 1),)


NEVER = {
    "a wrong proof": (facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)), Reason.BAND_NOT_AUTHENTIC),
    "a replay": (facts_for(held=Held(counter=10)), Reason.TAP_REPLAYED),
    "a revoked device": (facts_for(device_revoked=True), Reason.DEVICE_REVOKED),
    "a height": (facts_for(a_profile(height_cm=100), a_gate(height_cm_min=120)), Reason.HEIGHT_MIN),
    "a height nobody measured": (facts_for(point=a_gate(height_cm_min=120)), Reason.HEIGHT_CONFIRM),
}


@pytest.mark.parametrize(("facts", "reason"), NEVER.values(), ids=NEVER.keys())
def test_no_supervisor_lifts_forgery_or_safety(facts: Facts, reason: Reason) -> None:
    ruling = decide(msgspec.structs.replace(facts, overridden=True, device_allowed=False))
    assert (ruling.decision.reason, ruling.change.uses) == (reason, ())
    assert ruling.decision.outcome is not Outcome.GRANTED


@pytest.mark.parametrize(
    "facts",
    [facts_of_nobody(), facts_of_nobody(presented=a_tap(band=None, read=Read.TORN))],
    ids=["unknown", "not read"],
)
def test_a_supervisor_lets_in_somebody_of_whom_nothing_is_remembered(facts: Facts) -> None:
    ruling = decide(msgspec.structs.replace(facts, overridden=True))
    assert (ruling.decision.reason, ruling.decision.notes) == (Reason.ENTERED, (Reason.OVERRIDDEN,))
    assert (ruling.change.held, ruling.change.uses, ruling.change.zone_deltas) == (None, (), ())


def test_an_override_of_nothing_is_no_override() -> None:
    assert decide(facts_for(overridden=True)).decision.notes == ()
