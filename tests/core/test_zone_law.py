"""Over any order of passages no zone holds more people than it has places."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.entry import decide
from edge.core.held import Held
from edge.core.places import Passback, Point
from tests.builders import (
    ZONES,
    a_day_ticket,
    a_gate,
    a_party,
    a_profile,
    a_tap,
    an_attraction,
    an_exit,
    facts_for,
)

PLACES_MAX = 3
ALONE = a_profile(a_day_ticket(uses_max=None))
FAMILY = a_profile(a_day_ticket(together=True, uses_max=None), party=a_party(size=2))
POINTS = (
    *(a_gate(passback=passback) for passback in Passback),
    a_gate(confirm=True, passback=Passback.SOFT),
    an_attraction(passback=Passback.SOFT),
    an_exit(),
)
STEPS = st.tuples(st.integers(0, 4), st.sampled_from(POINTS), st.booleans(), st.booleans())


@given(st.lists(STEPS, max_size=20))
def test_no_order_of_passages_overfills_a_zone(steps: Sequence[tuple[int, Point, bool, bool]]) -> None:
    """Who taps again inside, comes as a family, or waits for staff's word takes no place too many."""
    inside, held = {zone.id: 0 for zone in ZONES}, dict[int, Held]()
    for number, (band, point, family, confirmed) in enumerate(steps, 1):
        facts = facts_for(
            FAMILY if family else ALONE, point,
            presented=a_tap(tap_id=f"tap-{number}", counter=number), held=held.get(band, Held()),
            places={zone: PLACES_MAX - people for zone, people in inside.items()},
            confirmed=("passage",) if confirmed else (),
        )  # fmt: skip
        ruling = decide(facts)
        for zone, people in ruling.change.zone_deltas:
            inside[zone] += people
        known = ruling.change.held or held.get(band, Held())
        held[band] = replace(known, uses=(*held.get(band, Held()).uses, *ruling.change.uses))
        assert all(0 <= people <= PLACES_MAX for people in inside.values()), (facts, ruling)
