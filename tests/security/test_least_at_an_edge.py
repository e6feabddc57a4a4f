"""Nothing without need: what of a person leaves central for an edge is counted, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

import msgspec

from edge.core.bands import Band
from edge.core.consent import Consent
from edge.core.entitlements import RuleText
from edge.core.expectation import asked_by, least
from edge.core.places import Layout
from edge.core.profiles import Profile
from sync.central.registry.guests import Guest

PERSONAL = {"name", "language", "tags", "age_band", "height_cm", "consents"}
"""What describes the person who wears the band."""
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
FIELDS_MAX = 6
NEVER = ("mail", "phone", "address", "birth", "card", "surname", "passport", "photo")


def test_six_fields_of_a_person_at_most_reach_an_edge() -> None:
    fields = set(Profile.__struct_fields__)
    assert fields == PERSONAL | TICKET, "a new field is named here, as personal or not, before it travels"
    assert not PERSONAL & TICKET
    assert len(PERSONAL) <= FIELDS_MAX


def test_of_who_is_not_expected_nothing_describes_the_person_where_no_point_asks() -> None:
    """When somebody is expected, and that decisions come out alike: tests/core/test_expectation.py."""
    told = {"name": "Giulia", "language": "it", "tags": ("vip",), "age_band": "8-11", "height_cm": 117}
    consents = (Consent(purpose="offers", turns=1, since_ms=5, source="kiosk"),)
    whole = Profile(band=Band(id=bytes(16)), rev=1, guest="g-1", consents=consents, **told)  # type: ignore[arg-type]  # fields of Profile by name
    bare = least(whole, asked_by(Layout(site="s", version=1, timezone="UTC")))
    assert [field for field in PERSONAL - {"consents"} if getattr(bare, field)] == []
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
