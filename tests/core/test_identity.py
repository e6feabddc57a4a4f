"""Who taps: the device, the band's proof and state, the guest."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.bands import BandState, Read, Trust
from edge.core.checks.identity import is_forged
from edge.core.decision import Act, Outcome, Reason, WhatNext
from edge.core.entry import Facts, decide
from edge.core.held import Held
from edge.core.places import Point
from tests.builders import (
    NOW_MS,
    SECOND_MS,
    a_band,
    a_gate,
    a_kiosk,
    a_moment,
    a_profile,
    a_stock_band,
    a_tap,
    a_till,
    facts_for,
)
from tests.builders import facts_of_nobody as nobody

STAFF = WhatNext(act=Act.SEE_STAFF)
AGAIN = WhatNext(act=Act.TAP_AGAIN)
USE_BAND = WhatNext(act=Act.USE_BAND)
CONFIRM = WhatNext(act=Act.CONFIRM)


def banded(**band: object) -> Facts:
    return facts_for(a_profile(band=a_band(**band)))


REFUSED = {
    "a device that may not decide": (facts_for(device_revoked=True), Reason.DEVICE_REVOKED, STAFF),
    "a device that is not for it": (facts_for(device_allowed=False), Reason.DEVICE_NOT_ALLOWED, STAFF),
    "a torn read": (nobody(presented=a_tap(band=None, read=Read.TORN)), Reason.BAND_READ_ERROR, AGAIN),
    "a slow read": (nobody(presented=a_tap(band=None, read=Read.DEADLINE)), Reason.BAND_READ_ERROR, AGAIN),
    "a nonsense": (nobody(presented=a_tap(band=None, read=Read.GARBAGE)), Reason.BAND_READ_ERROR, AGAIN),
    "a chip that waits": (nobody(presented=a_tap(read=Read.LOCKED)), Reason.BAND_READ_ERROR, AGAIN),
    "a read of nothing": (nobody(presented=a_tap(band=None)), Reason.BAND_READ_ERROR, AGAIN),
    "a chip of a kind that proves nothing": (
        nobody(presented=a_tap(read=Read.REFUSED_CHIP)), Reason.BAND_WRONG_KIND, USE_BAND,
    ),
    "a phone that changes its number": (
        nobody(presented=a_tap(read=Read.RANDOM_UID)), Reason.BAND_RANDOM_UID, USE_BAND,
    ),
    "a wrong proof": (facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)), Reason.BAND_NOT_AUTHENTIC, STAFF),
    "a code that others signed": (
        nobody(presented=a_tap(read=Read.NOT_AUTHENTIC, medium="qr")), Reason.SIGNATURE_INVALID, STAFF,
    ),
    "a code nobody knows": (nobody(presented=a_tap(medium="qr")), Reason.TICKET_UNKNOWN, STAFF),
    "a band nobody announced": (nobody(), Reason.BAND_UNKNOWN, STAFF),
    "a band that proves less than it once did": (
        facts_for(presented=a_tap(trust=Trust.UID)), Reason.TRUST_TOO_LOW, STAFF,
    ),
    "a band that proves less than the point asks": (
        facts_for(a_profile(band=a_band(trust_min=Trust.UID)), presented=a_tap(trust=Trust.UID)),
        Reason.TRUST_TOO_LOW, CONFIRM,
    ),
    "a counter that central knows already": (banded(counter=10), Reason.TAP_REPLAYED, STAFF),
    "a counter that this site knows already": (facts_for(held=Held(counter=10)), Reason.TAP_REPLAYED, STAFF),
    "a counter below another tap's": (
        facts_for(held=Held(counter=11, counter_tap="tap-1")), Reason.TAP_REPLAYED, STAFF,
    ),
    "a lost band": (banded(state=BandState.LOST), Reason.BAND_LOST, STAFF),
    "a band reported lost here": (facts_for(held=Held(state=BandState.LOST)), Reason.BAND_LOST, STAFF),
    "a replaced band": (banded(state=BandState.REPLACED), Reason.BAND_REPLACED, STAFF),
    "a revoked band": (banded(state=BandState.REVOKED), Reason.BAND_REVOKED, STAFF),
    "a band called expired": (banded(state=BandState.EXPIRED), Reason.BAND_EXPIRED, STAFF),
    "a band at the end of its validity": (banded(valid_until_ms=NOW_MS), Reason.BAND_EXPIRED, STAFF),
    "a band not handed out": (banded(active=False), Reason.BAND_INACTIVE, STAFF),
    "a band at two places sooner than anybody walks": (
        facts_for(point=a_gate(walk_s_min=60), last_elsewhere_ms=NOW_MS - 59 * SECOND_MS),
        Reason.BAND_CLONE_SUSPECTED, STAFF,
    ),
    "a band that nobody wears": (facts_for(a_stock_band()), Reason.BAND_UNLINKED, STAFF),
    "data too old for a point that demands fresh data": (
        facts_for(point=a_gate(profile_age_ms_max=1_000, demand_fresh=True), profile_age_ms=1_001),
        Reason.PROFILE_STALE, CONFIRM,
    ),
    "a band whose expiry the clock leaves open": (
        facts_for(a_profile(band=a_band(valid_until_ms=NOW_MS + 100)), moment=a_moment(uncertainty_ms=200)),
        Reason.CLOCK_UNTRUSTED, STAFF,
    ),
}  # fmt: skip


ALIKE = [a_gate(), a_till(trust_min=Trust.SUN), a_kiosk(trust_min=Trust.SUN)]


@pytest.mark.parametrize(("facts", "reason", "what_next"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("point", ALIKE, ids=lambda point: point.kind)
def test_refuses(facts: Facts, reason: Reason, what_next: WhatNext, point: Point) -> None:
    """The same at a gate, a till and a kiosk, unless the rule is the gate's own."""
    if facts.point == a_gate():
        facts = replace(facts, point=point)
    decision = decide(facts).decision
    assert (decision.reason, decision.next) == (reason, what_next)
    assert decision.outcome is Outcome.REFERRED


ALLOWED = {
    "a band that proves more than asked": facts_for(presented=a_tap(trust=Trust.LIVE)),
    "a weak proof that staff vouch for": facts_for(
        a_profile(band=a_band(trust_min=Trust.UID)),
        presented=a_tap(trust=Trust.UID, counter=None),
        confirmed=frozenset({"trust"}),
    ),
    "a counter just above the known one": banded(counter=9),
    "the same tap judged again": facts_for(held=Held(counter=10, counter_tap="tap-1")),
    "a band found again: a newer epoch": facts_for(
        a_profile(band=a_band(state=BandState.LOST)), held=Held(epoch=1)
    ),
    "a loss of the former guest": facts_for(a_profile(band=a_band(epoch=2)), held=Held(state=BandState.LOST)),
    "a band in its last millisecond": banded(valid_until_ms=NOW_MS + 1),
    "a band after the walk": facts_for(
        point=a_gate(walk_s_min=60), last_elsewhere_ms=NOW_MS - 60 * SECOND_MS
    ),
    "a band seen elsewhere just now, walks unknown": facts_for(last_elsewhere_ms=NOW_MS),
    "a band seen elsewhere by a clock that is fast": facts_for(last_elsewhere_ms=NOW_MS + SECOND_MS),
    "data as old as it may be where fresh data is demanded": facts_for(
        point=a_gate(profile_age_ms_max=1_000, demand_fresh=True), profile_age_ms=1_000
    ),
    "old data that staff looked at": facts_for(
        point=a_gate(profile_age_ms_max=1_000, demand_fresh=True),
        profile_age_ms=1_001,
        confirmed=frozenset({"passage"}),
    ),
    "a member of staff with a right": facts_for(a_profile(guest=None, staff="staff-1")),
}


@pytest.mark.parametrize("facts", ALLOWED.values(), ids=ALLOWED.keys())
def test_allows(facts: Facts) -> None:
    decision = decide(facts).decision
    assert (decision.outcome, decision.reason) == (Outcome.GRANTED, Reason.ENTERED)


def test_a_band_merely_older_than_the_limit_is_let_in_with_a_note_and_its_age() -> None:
    decision = decide(facts_for(point=a_gate(profile_age_ms_max=1_000), profile_age_ms=1_001)).decision
    assert decision.notes == (Reason.PROFILE_STALE,)
    assert (decision.basis, decision.age_ms) == ("stale", 1_001)


def test_all_failures_are_collected_in_check_order_and_the_first_is_shown() -> None:
    facts = facts_for(
        a_profile(guest=None, band=a_band(state=BandState.LOST, counter=99, active=False)),
        device_allowed=False,
        presented=a_tap(trust=Trust.UID),
    )
    decision = decide(facts).decision
    assert [failure.reason for failure in decision.failures] == [
        Reason.DEVICE_NOT_ALLOWED,
        Reason.TAP_REPLAYED,
        Reason.BAND_LOST,
        Reason.TRUST_TOO_LOW,
        Reason.BAND_UNLINKED,
    ]
    assert decision.reason is Reason.DEVICE_NOT_ALLOWED


def test_a_counter_is_kept_even_where_the_guest_is_refused() -> None:
    change = decide(facts_for(a_stock_band())).change
    assert change.held is not None
    assert (change.held.counter, change.held.counter_tap) == (10, "tap-1")


def test_a_tap_judged_again_writes_its_counter_no_second_time() -> None:
    again = facts_for(point=a_kiosk(trust_min=Trust.SUN), held=Held(counter=10, counter_tap="tap-1"))
    ruling = decide(again)
    assert (ruling.decision.reason, ruling.change.held) == (Reason.IDENTIFIED, None)


@pytest.mark.parametrize(
    "facts",
    [
        facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)),
        facts_for(held=Held(counter=10)),
        nobody(),
    ],
    ids=["wrong proof", "replay", "unknown"],
)
def test_a_tap_that_proves_nothing_changes_nothing(facts: Facts) -> None:
    change = decide(facts).change
    assert (change.held, change.uses, change.zone_deltas) == (None, (), ())


def test_a_till_knows_who_tapped_and_writes_no_passage() -> None:
    ruling = decide(facts_for(point=a_till(), presented=a_tap(trust=Trust.LIVE)))
    assert (ruling.decision.outcome, ruling.decision.reason) == (Outcome.GRANTED, Reason.IDENTIFIED)
    assert ruling.decision.direction == "none"
    assert ruling.change.held is not None
    assert (ruling.change.held.location, ruling.change.uses, ruling.change.zone_deltas) == (None, (), ())


def test_a_supervisor_lets_a_lost_band_be_identified_and_never_a_forged_one() -> None:
    lost = facts_for(a_profile(band=a_band(state=BandState.LOST)), a_till(), overridden=True)
    forged = facts_for(point=a_till(), presented=a_tap(read=Read.NOT_AUTHENTIC), overridden=True)
    assert decide(lost).decision.notes == (Reason.OVERRIDDEN,)
    assert decide(forged).decision.reason is Reason.BAND_NOT_AUTHENTIC


@pytest.mark.parametrize(
    ("facts", "forged"),
    [
        (facts_for(), False),
        (facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)), True),
        (facts_for(a_profile(band=a_band(state=BandState.LOST))), False),
    ],
    ids=["green", "wrong proof", "lost"],
)
def test_forged_is_what_leaves_open_who_tapped(facts: Facts, forged: bool) -> None:
    assert is_forged(decide(facts).decision) is forged
