"""Nothing without need: what of a person leaves central for an edge is counted, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.consent import Consent
from edge.core.entitlements import RuleText
from edge.core.expectation import asked_by, fitting, least
from edge.core.places import Layout
from edge.core.profiles import Profile, in_words
from sync.central.registry.guests import Guest
from tests.builders import a_gate

ALWAYS = {"name", "tags", "consents"}
"""What describes the person who wears the band; the language is among their words."""
ASKED = {"age_band": {"age_min": 18}, "height_cm": {"height_cm_min": 100}}
"""What of the body a point can ask for, and by which rule of its own: without one it stays at central."""
PERSONAL = ALWAYS | set(ASKED)
TICKET = {
    "band",
    "rev",
    "guest",
    "entitlements",
    "party",
    "tier",
    "payments",
    "wallet",
    "staff",
    "remark_key",
}
"""Pseudonyms, and what the ticket or the work allows."""
FIELDS_MAX = 3
NEVER = ("mail", "phone", "address", "birth", "card", "surname", "passport", "photo")


def test_three_fields_of_a_person_at_most_reach_an_edge() -> None:
    fields = set(Profile.__struct_fields__)
    assert fields == PERSONAL | TICKET, "a new field is named here, as personal or not, before it travels"
    assert not PERSONAL & TICKET
    assert len(ALWAYS) <= FIELDS_MAX


GIULIA = Profile(
    band=Band(id=bytes(16)),
    rev=1,
    guest="g-1",
    name="Giulia",
    tags=("vip", *in_words("it")),
    age_band="8-11",
    height_cm=117,
    consents=(Consent(purpose="offers", turns=1, since_ms=5, source="kiosk"),),
)


def described(profile: Profile) -> set[str]:
    """Which fields of the schema that speak of a person hold anything."""
    return {name for name in Profile.__struct_fields__ if name not in TICKET and getattr(profile, name)}


@pytest.mark.parametrize(
    "asks",
    [set(), {"age_band"}, {"height_cm"}, set(ASKED)],
    ids=lambda asks: " ".join(sorted(asks)) or "nothing",
)
def test_of_the_body_an_edge_is_told_what_its_points_ask_and_no_more(asks: set[str]) -> None:
    rules = {name: value for one in asks for name, value in ASKED[one].items()}
    site = Layout(site="s", version=1, timezone="UTC", points=(a_gate(**rules),))
    assert described(GIULIA) == PERSONAL, "the control: central knows all of it"
    assert described(fitting(GIULIA, asked_by(site))) == ALWAYS | asks
    assert described(least(GIULIA, asked_by(site))) == {"consents"} | asks


def test_of_who_is_not_expected_nothing_describes_the_person_where_no_point_asks() -> None:
    """When somebody is expected, and that decisions come out alike: tests/core/test_expectation.py."""
    bare = least(GIULIA, asked_by(Layout(site="s", version=1, timezone="UTC")))
    assert described(bare) == {"consents"}
    assert bare.language == ""
    assert [(one.given, one.since_ms, one.source) for one in bare.consents] == [(False, 0, "")]


def test_no_field_of_a_guest_is_one_that_nobody_needs_at_a_gate() -> None:
    for struct in (Profile, Guest):
        assert not [name for name in struct.__struct_fields__ if any(word in name for word in NEVER)], struct


def nested(kind: type[msgspec.Struct], seen: set[type[msgspec.Struct]]) -> None:
    """Add every struct that travels within another."""
    if kind in seen:
        return
    seen.add(kind)
    for hint in get_type_hints(kind).values():
        for inner in _structs_in(hint):
            nested(inner, seen)


def _structs_in(hint: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in get_args(hint):
        yield from _structs_in(inner)


def test_nothing_else_of_a_person_hides_within_what_a_profile_holds() -> None:
    """Rights, party, wallet and limits speak of tickets and money: whoever puts a name there meets this."""
    found: set[type[msgspec.Struct]] = set()
    nested(Profile, found)
    assert {"Band", "Entitlement", "Party", "WalletLink", "Consent"} <= {one.__name__ for one in found}
    inside = {
        name for one in found - {Profile, RuleText} for name in one.__struct_fields__
    }  # a rule's own name
    assert inside & (PERSONAL - {"tags", "consents"}) == set()
    assert [name for name in inside if any(word in name for word in NEVER)] == []
