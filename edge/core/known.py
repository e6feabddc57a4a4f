"""Known cases: taps whose answers never change, by which a release shows that it still decides rightly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from edge.core.bands import Band, BandState, Presented, Trust
from edge.core.entitlements import Entitlement, RuleText, Terms, Use
from edge.core.entry import decide
from edge.core.facts import Facts, Moment, Rule
from edge.core.held import Held
from edge.core.places import Layout, Point, PointKind
from edge.core.profiles import Profile

Known = TypeVar("Known", bound=msgspec.Struct)
HOUR_MS = 3_600_000
NOW_MS = 1_767_261_600_000
"""New Year's Day of 2026, ten in the morning."""
GATE = Point(id="known-gate", kind=PointKind.GATE, zone="outside", to_zone="park")
SITE = Layout(site="known", version=1, timezone="UTC", points=(GATE,))
PRESENTED = Presented(tap_id="known", reader="known", band=bytes(16), counter=1)
RULE = RuleText("known", "tier == 'gold'")
TICKET = Entitlement(
    id="known-ticket",
    product="known",
    valid_from_ms=NOW_MS - HOUR_MS,
    valid_until_ms=NOW_MS + HOUR_MS,
    terms=Terms(),
)
GUEST = Profile(band=Band(id=bytes(16), trust_min=Trust.SUN), rev=1, guest="known", entitlements=(TICKET,))
ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "a ticket of today": "granted",
        "a ticket of tomorrow": "denied",
        "a ticket that is used up": "denied",
        "no ticket": "denied",
        "a revoked band": "referred",
        "a band that proves less than it must": "referred",
        "a band of nobody": "referred",
        "a rule that permits": "granted",
        "a rule that forbids": "denied",
    }
)
"""What each of them comes to, in every release: whoever changes one changes what a gate is for."""


def judged(rules: Mapping[str, Rule]) -> dict[str, str]:
    """Judge every known case by the rulebook as it is; ``rules`` holds ``RULE`` as it compiles here."""
    from_tomorrow = _with(TICKET, valid_from_ms=NOW_MS + HOUR_MS // 2)
    once = _with(TICKET, terms=Terms(uses_max=1))
    ruled = _with(TICKET, terms=Terms(rules=(RULE,)))
    use = Use(
        entitlement=TICKET.id, device="known", ordinal=1, scan_ms=NOW_MS - HOUR_MS, point=GATE.id, tap_id="u"
    )
    cases = {
        "a ticket of today": _tap(GUEST),
        "a ticket of tomorrow": _tap(_holding(from_tomorrow)),
        "a ticket that is used up": _tap(_holding(once), held=Held(uses=(use,))),
        "no ticket": _tap(_holding()),
        "a revoked band": _tap(_with(GUEST, band=_with(GUEST.band, state=BandState.REVOKED))),
        "a band that proves less than it must": _tap(GUEST, trust=Trust.UID),
        "a band of nobody": _tap(None),
        "a rule that permits": _tap(_with(_holding(ruled), tier="gold"), rules=rules),
        "a rule that forbids": _tap(_with(_holding(ruled), tier="silver"), rules=rules),
    }
    return {name: decide(facts).decision.outcome.value for name, facts in cases.items()}


def _with(one: Known, **changes: object) -> Known:
    return msgspec.structs.replace(one, **changes)


def _holding(*rights: Entitlement) -> Profile:
    return _with(GUEST, entitlements=rights)


def _tap(profile: Profile | None, **changes: object) -> Facts:
    trust = changes.pop("trust", Trust.LIVE)
    facts = Facts(
        moment=Moment(now_ms=NOW_MS),
        presented=_with(PRESENTED, trust=trust),
        point=GATE,
        layout=SITE,
        timezone=dt.UTC,
        device="known",
        profile=profile,
    )
    return _with(facts, **changes)
