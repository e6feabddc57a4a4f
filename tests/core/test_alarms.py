"""Which decisions call the supervisor."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.alarms import AlarmNotice, alarm_in
from edge.core.bands import BandState, Read, Trust
from edge.core.decision import Reason
from edge.core.entry import decide
from edge.core.facts import Facts
from edge.core.held import Held
from tests.builders import NOW_MS, a_band, a_gate, a_profile, a_tap, facts_for

LESS = a_tap(trust=Trust.UID, counter=None)
ALARMING = {
    "a wrong proof": (facts_for(presented=a_tap(read=Read.NOT_AUTHENTIC)), Reason.BAND_NOT_AUTHENTIC),
    "a replay": (facts_for(held=Held(counter=10)), Reason.TAP_REPLAYED),
    "a replay of a lost band": (
        facts_for(a_profile(band=a_band(state=BandState.LOST)), held=Held(counter=10)),
        Reason.TAP_REPLAYED,
    ),
    "twins": (
        facts_for(point=a_gate(walk_s_min=60), last_elsewhere_ms=NOW_MS - 1_000),
        Reason.BAND_CLONE_SUSPECTED,
    ),
    "a band that was replaced": (
        facts_for(a_profile(band=a_band(state=BandState.REPLACED))),
        Reason.BAND_REPLACED,
    ),
    "less proof than when it was linked": (facts_for(presented=LESS), Reason.TRUST_TOO_LOW),
}
QUIET = {
    "an entry": facts_for(),
    "a lost band that somebody found": facts_for(a_profile(band=a_band(state=BandState.LOST))),
    "a weak band at a strict point": facts_for(a_profile(band=a_band(trust_min=Trust.UID)), presented=LESS),
    "a revoked band that has lost its key": facts_for(
        a_profile(band=a_band(state=BandState.REVOKED)), presented=LESS
    ),
    "a torn read": facts_for(presented=a_tap(read=Read.TORN)),
}


@pytest.mark.parametrize(("facts", "reason"), ALARMING.values(), ids=ALARMING)
def test_signs_of_a_wrong_hand_call_the_supervisor(facts: Facts, reason: Reason) -> None:
    assert alarm_in(decide(facts).decision) is reason


@pytest.mark.parametrize("facts", QUIET.values(), ids=QUIET)
def test_everything_else_does_not(facts: Facts) -> None:
    assert alarm_in(decide(facts).decision) is None


def test_central_s_word_concerns_whom_it_names_and_all_where_it_names_none() -> None:
    told = AlarmNotice(reason="tap_replayed", band=bytes(16), point="n", elsewhere="s", at_ms=1, last_ms=2)
    assert told.concerns("edge-1")
    named = msgspec.structs.replace(told, devices=("edge-2",))
    assert (named.concerns("edge-2"), named.concerns("edge-1")) == (True, False)
