"""Replay: what a device journals of a decision, and judging it again from exactly that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from msgspec.structs import replace

from edge.core.checks.people import answered
from edge.core.claim import claims
from edge.core.entitlements import Entitlement
from edge.core.entry import decide
from edge.core.events import Decided
from edge.core.evidence import evidence
from edge.core.facts import Facts, Moment, Rule, Ruling
from edge.core.held import Held
from edge.core.passage import passage_of
from edge.core.places import Layout, unplaced
from edge.core.profiles import Profile, of_ticket
from edge.core.slots import with_times


def record(facts: Facts, ruling: Ruling, *, cursor: int = 0) -> Decided:
    """Return the body of the event: the decision and every fact it stands on; answers stay out of it."""
    moment, held, uses = facts.moment, facts.held, evidence(facts)
    used = ruling.change.uses
    return Decided(
        decision=ruling.decision,
        presented=facts.presented,
        now_ms=moment.now_ms,
        clock_trusted=moment.trusted,
        uncertainty_ms=moment.uncertainty_ms,
        layout=facts.layout.version,
        profile_rev=facts.profile.rev if facts.profile else None,
        profile_cursor=cursor,
        held=held if uses is held.uses else replace(held, uses=uses),
        inside=tuple(sorted(facts.places.items())),
        device=facts.device,
        reported=facts.direction,
        adult_passed_ms=facts.adult_passed_ms,
        adult_inside=facts.adult_inside,
        profile_age_ms=facts.profile_age_ms,
        unconfirmed=facts.unconfirmed,
        chosen=facts.chosen,
        answered=_answered(facts),
        confirmed=tuple(sorted(facts.confirmed)),
        overridden=facts.overridden,
        last_elsewhere_ms=facts.last_elsewhere_ms,
        device_allowed=facts.device_allowed,
        device_revoked=facts.device_revoked,
        reentry=used[0].reentry if used else None,
        slot_next=tuple(sorted(facts.slot_next.items())),
        moved=tuple(sorted(facts.moved.items())),
        carried=_carried(facts.profile),
        agreed=facts.agreed,
        unsettled=tuple(sorted(facts.unsettled)),
    )


def facts_of(
    decided: Decided,
    profile: Profile | None,
    layout: Layout,
    *,
    timezone: dt.tzinfo,
    rules: Mapping[str, Rule],
) -> Facts | None:
    """Return the facts of a journaled decision, or None where that layout has no such point.

    ``profile`` and ``layout`` are central's, of the revision and version that the record names; what a
    ticket said of itself, its record carries.
    """
    where = decided.decision.point
    point = layout.points_by_id.get(where) or (None if decided.device_allowed else unplaced(where))
    if point is None:
        return None
    moved = dict(decided.moved)
    if decided.carried:
        profile = of_ticket(decided.presented.band or b"", decided.carried[0])
    return Facts(
        moment=Moment(
            now_ms=decided.now_ms, uncertainty_ms=decided.uncertainty_ms, trusted=decided.clock_trusted
        ),
        presented=decided.presented,
        point=point,
        layout=layout,
        timezone=timezone,
        device=decided.device,
        profile=with_times(profile, moved),
        held=decided.held or Held(),
        direction=decided.reported,
        places=dict(decided.inside),
        adult_passed_ms=decided.adult_passed_ms,
        adult_inside=decided.adult_inside,
        rules=rules,
        profile_age_ms=decided.profile_age_ms,
        unconfirmed=decided.unconfirmed,
        chosen=decided.chosen,
        answered=frozenset(decided.answered),
        confirmed=frozenset(decided.confirmed),
        overridden=decided.overridden,
        last_elsewhere_ms=decided.last_elsewhere_ms,
        device_allowed=decided.device_allowed,
        device_revoked=decided.device_revoked,
        slot_next=dict(decided.slot_next),
        moved=moved,
        agreed=decided.agreed,
        unsettled=frozenset(decided.unsettled),
    )


def replay(
    decided: Decided,
    profile: Profile | None,
    layout: Layout,
    *,
    timezone: dt.tzinfo,
    rules: Mapping[str, Rule],
) -> Ruling | None:
    """Judge a journaled decision again: at central it must come out equal."""
    facts = facts_of(decided, profile, layout, timezone=timezone, rules=rules)
    return None if facts is None else decide(facts)


def _carried(profile: Profile | None) -> tuple[Entitlement, ...]:
    """What no revision of central's tells: the right that was read off a ticket."""
    if profile is None or profile.rev:
        return ()
    return tuple(right for right in profile.entitlements if profile == of_ticket(profile.band.id, right))


def _answered(facts: Facts) -> tuple[str, ...]:
    """Which questions were answered validly: that much central may know."""
    if not facts.answers:
        return tuple(sorted(facts.answered))
    keys = {key for claim in claims(facts, passage_of(facts)) for key in answered(claim)}
    return tuple(sorted(keys | facts.answered))
