"""Arbitrary facts: small vocabularies, so that things meet, and numbers of every size."""

from __future__ import annotations

import os
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from edge.core.bands import Band, BandState, Presented, Read, Trust
from edge.core.entitlements import (
    Entitlement,
    Hours,
    Party,
    Question,
    Redemption,
    Reentry,
    RuleText,
    Status,
    Terms,
    TimeSlot,
    Use,
)
from edge.core.facts import Fact, Facts, Moment
from edge.core.held import Confirmed, Held, Location
from edge.core.places import Direction, Layout, Passback, Point, PointKind, Zone
from edge.core.profiles import Profile
from tests.builders import DAY_MS, HOUR_MS, NOW_MS, a_band_id, a_layout

LAWS = settings(
    max_examples=int(os.environ.get("POLSO_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Few examples each time the suite runs; ``POLSO_EXAMPLES=5000`` before a release."""

near = st.sampled_from([-3 * DAY_MS, -DAY_MS, -HOUR_MS, -600_000, -1, 0, 1, 600_000, HOUR_MS, DAY_MS])
instants = near.map(lambda delta: NOW_MS + delta) | st.integers(-(2**62), 2**62)
seconds = st.sampled_from([0, 1, 600, 3_600, 86_400]) | st.integers(-(2**40), 2**40)
limits = st.integers(-1, 4) | st.integers(-(2**40), 2**40)
texts = st.sampled_from(["", "a", "b"])
zones = st.sampled_from(["park", "castle", "lounge", "hotel", "moon"])
point_ids = st.sampled_from(["north", "south", "castle", "moon-gate"])
timezones = st.sampled_from([ZoneInfo(name) for name in ("Europe/Rome", "Pacific/Apia", "UTC")])


class Odd:
    """A rule that permits every other context, and breaks on some."""

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Judge by how many entries there were."""
        total = context["entries_total"]
        assert isinstance(total, int)
        return 6 // (total - 1) % 2 == 0


RULES = {"odd": Odd()}
rules = st.lists(st.builds(RuleText, name=texts, cel=st.sampled_from(["odd", "gone"])), max_size=2).map(tuple)
hours = st.builds(
    Hours,
    weekdays=st.dictionaries(
        st.integers(0, 6), st.tuples(st.tuples(st.integers(-9, 4_000), st.integers(-9, 4_000))), max_size=7
    ),
    closed_dates=st.lists(st.sampled_from(["2026-07-15", "2026-07-16", "never"]), max_size=2).map(tuple),
)
questions = st.lists(
    st.builds(
        Question,
        id=texts,
        kind=st.sampled_from(["text", "number", "choice", "yes_no", "odd"]),
        choices=st.just(("a",)),
        required=st.booleans(),
    ),
    max_size=2,
    unique_by=lambda question: question.id,
).map(tuple)
some_points = st.lists(point_ids, max_size=2).map(tuple)
some_zones = st.lists(zones, max_size=2).map(tuple)

terms = st.builds(
    Terms,
    points=some_points,
    zones=some_zones,
    hours=st.none() | hours,
    uses_max=st.none() | limits,
    uses_per_day_max=st.none() | limits,
    uses_per_point_max=st.none() | limits,
    days_max=st.none() | limits,
    since_first_s_max=st.none() | seconds,
    since_last_s_min=st.none() | seconds,
    reentry=st.sampled_from(Reentry),
    reentry_s_max=st.none() | seconds,
    early_s_max=seconds,
    late_s_max=seconds,
    together=st.booleans(),
    companion_role=st.none() | st.sampled_from(["adult", "child"]),
    age_min=st.none() | limits,
    height_cm_min=st.none() | limits,
    confirm=st.booleans(),
    questions=questions,
    rules=rules,
    attention=texts,
)
slots = st.builds(TimeSlot, start_ms=instants, end_ms=instants, point=st.none() | point_ids)
entitlements = st.builds(
    Entitlement,
    id=st.sampled_from(["e1", "e2", "e3"]),
    product=st.sampled_from(["day", "ride", "gone"]),
    status=st.just(Status.VALID) | st.sampled_from(Status),
    valid_from_ms=st.none() | instants,
    valid_until_ms=st.none() | instants,
    slot=st.none() | slots,
    terms=st.none() | terms,
)
bands = st.builds(
    Band,
    id=st.just(a_band_id()),
    state=st.just(BandState.ACTIVE) | st.sampled_from(BandState),
    epoch=st.integers(0, 2),
    active=st.booleans(),
    valid_until_ms=st.none() | instants,
    trust_min=st.sampled_from(Trust),
    counter=st.integers(0, 12),
)
profiles = st.builds(
    Profile,
    band=bands,
    rev=st.just(1),
    guest=st.none() | st.just("guest-1"),
    entitlements=st.lists(entitlements, max_size=3, unique_by=lambda right: right.id).map(tuple),
    party=st.none() | st.builds(Party, id=texts, size=limits, role=st.sampled_from(["adult", "child"])),
    tier=texts,
    tags=st.just(("vip",)),
    age_band=st.none() | st.sampled_from(["8-11", "18+", "x", "12"]),
    height_cm=st.none() | limits,
    staff=st.none() | texts,
)
locations = st.builds(
    Location,
    zone=st.none() | zones,
    since_ms=instants,
    point=point_ids,
    device=texts,
    people=st.integers(1, 4),
    tap_id=st.sampled_from(["", "t1", "t2"]),
)
uses = st.builds(
    Use,
    entitlement=st.sampled_from(["e1", "e2", "e3"]),
    ordinal=st.integers(1, 4),
    scan_ms=instants,
    device=texts,
    point=point_ids,
    tap_id=st.sampled_from(["t1", "t2"]),
    seq=st.integers(0, 3),
    redemption=st.sampled_from(Redemption),
    reentry=st.booleans(),
    slot=st.sampled_from(["", "castle/0"]),
)
memories = st.builds(
    Held,
    state=st.just(BandState.ACTIVE) | st.sampled_from(BandState),
    epoch=st.integers(0, 2),
    counter=st.integers(0, 12),
    counter_tap=st.sampled_from(["", "t1"]),
    location=st.none() | locations,
    last=st.none() | locations,
    entries=st.lists(locations, max_size=2).map(tuple),
    confirmed=st.lists(
        st.builds(Confirmed, st.sampled_from(["height", "age"]), st.just("2026-07-15"), limits), max_size=2
    ).map(tuple),
    uses=st.lists(uses, max_size=4).map(tuple),
)
points = st.builds(
    Point,
    id=point_ids,
    kind=st.sampled_from(PointKind),
    zone=zones,
    from_zone=st.none() | zones,
    to_zone=st.none() | zones,
    direction=st.sampled_from(Direction),
    trust_min=st.sampled_from(Trust),
    passback=st.sampled_from(Passback),
    passback_s_min=seconds,
    location_age_ms_max=st.none() | limits,
    refer_unconfirmed=st.booleans(),
    profile_age_ms_max=st.none() | limits,
    demand_fresh=st.booleans(),
    age_min=st.none() | limits,
    height_cm_min=st.none() | limits,
    confirm=st.booleans(),
    reserve=st.booleans(),
    companion=st.booleans(),
    companion_s_max=seconds,
    hours=st.none() | hours,
    rules=rules,
    choose=st.booleans(),
    products=st.just(("day",)),
    walk_s_min=seconds,
)
taps = st.builds(
    Presented,
    tap_id=st.sampled_from(["t1", "t2"]),
    reader=texts,
    band=st.none() | st.just(a_band_id()),
    trust=st.sampled_from(Trust),
    counter=st.none() | st.integers(0, 12),
    read=st.just(Read.OK) | st.sampled_from(Read),
    medium=st.sampled_from(["nfc", "qr"]),
)


@st.composite
def layouts(draw: st.DrawFn, point: Point) -> Layout:
    """A site that holds this point; zones may even go round in circles."""
    ceiling = Zone(id="park", parent=draw(st.none() | zones), capacity_max=draw(st.none() | st.just(5)))
    known = a_layout(point)
    return a_layout(
        point,
        zones=(ceiling, *known.zones[1:]),
        day_starts_min=draw(st.integers(-1, 3_000)),
        reset_min=draw(st.none() | st.integers(-1, 3_000)),
    )


@st.composite
def facts(draw: st.DrawFn, point: st.SearchStrategy[Point] = points) -> Facts:
    """Anything that could ever stand before a gate."""
    where, profile = draw(point), draw(st.none() | profiles)
    rights = profile.entitlements if profile is not None else ()
    times = [right.slot.key for right in rights if right.slot is not None]
    limited = zones | st.sampled_from(times) if times else zones
    return Facts(
        moment=Moment(now_ms=draw(instants), uncertainty_ms=draw(seconds), trusted=draw(st.booleans())),
        presented=draw(taps),
        point=where,
        layout=draw(layouts(where)),
        timezone=draw(timezones),
        device="edge-1",
        profile=profile,
        held=draw(memories),
        direction=draw(st.none() | st.sampled_from(["in", "out", "sideways"])),
        places=draw(st.dictionaries(limited, limits, max_size=2)),
        slot_next=draw(st.dictionaries(st.sampled_from(["e1", "e2"]), instants, max_size=1)),
        adult_passed_ms=draw(st.none() | instants),
        adult_inside=draw(st.booleans()),
        rules=RULES,
        profile_age_ms=draw(st.none() | limits),
        unconfirmed=draw(st.booleans()),
        chosen=draw(st.none() | st.sampled_from(["e1", "gone"])),
        answers=draw(st.dictionaries(texts, st.sampled_from(["a", "1", "yes"]), max_size=2)),
        confirmed=draw(st.frozensets(st.sampled_from(["passage", "height", "age", "trust"]))),
        overridden=draw(st.booleans()),
        last_elsewhere_ms=draw(st.none() | instants),
        device_allowed=draw(st.booleans()),
        device_revoked=draw(st.booleans()),
    )


plain_terms = st.builds(
    Terms,
    zones=st.just(("park",)),
    uses_max=st.none() | st.integers(1, 4),
    uses_per_day_max=st.none() | st.integers(1, 4),
    reentry=st.sampled_from(Reentry),
    together=st.booleans(),
    confirm=st.booleans(),
    rules=rules,
)
plain_rights = st.builds(
    Entitlement,
    id=st.sampled_from(["e1", "e2", "e3"]),
    product=st.sampled_from(["day", "ride"]),
    valid_until_ms=st.none() | st.sampled_from([NOW_MS, NOW_MS + HOUR_MS]),
    terms=plain_terms,
)
plain_gates = st.builds(
    Point,
    id=st.sampled_from(["north", "castle"]),
    kind=st.sampled_from([PointKind.GATE, PointKind.ATTRACTION]),
    zone=st.just("park"),
    from_zone=st.none() | st.just("park"),
    to_zone=st.sampled_from(["park", "castle"]),
    passback=st.sampled_from(Passback),
    confirm=st.booleans(),
)


@st.composite
def honest_facts(draw: st.DrawFn) -> Facts:
    """A guest whose band is well, at a gate that mostly opens."""
    where = draw(plain_gates)
    chosen = draw(st.lists(plain_rights, min_size=1, max_size=3, unique_by=lambda right: right.id))
    return Facts(
        moment=Moment(now_ms=NOW_MS),
        presented=Presented(tap_id="t3", reader="r", band=a_band_id(), trust=Trust.LIVE, counter=13),
        point=where,
        layout=a_layout(where, reset_min=draw(st.none() | st.just(240))),
        timezone=ZoneInfo("Europe/Rome"),
        device="edge-1",
        profile=Profile(
            band=Band(id=a_band_id()),
            rev=1,
            guest="guest-1",
            entitlements=tuple(chosen),
            party=Party(id="p", size=draw(st.integers(0, 5))),
        ),
        held=draw(
            st.builds(Held, location=st.none() | locations, uses=st.lists(uses, max_size=4).map(tuple))
        ),
        places=draw(st.dictionaries(st.just("park"), st.integers(0, 6), max_size=1)),
        rules=RULES,
        unconfirmed=draw(st.booleans()),
        overridden=draw(st.booleans()),
    )


@st.composite
def well_used(draw: st.DrawFn) -> Facts:
    """A guest whose rights were used more often than one event could tell."""
    known = draw(honest_facts())
    many = draw(st.lists(uses, min_size=17, max_size=60))
    return msgspec.structs.replace(known, held=msgspec.structs.replace(known.held, uses=tuple(many)))


any_facts = facts() | honest_facts()
