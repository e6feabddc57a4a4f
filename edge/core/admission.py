"""Admission: what a judged entry writes into the band's memory, its uses and the zones' counts."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.checks.identity import FORGED
from edge.core.checks.people import age_min, height_cm_min
from edge.core.claim import Claim, reenters
from edge.core.decision import Failure
from edge.core.entitlements import Redemption, Use
from edge.core.facts import Facts
from edge.core.held import Change, Confirmed, Held, Location
from edge.core.moves import awake, enter, leave, places_taken
from edge.core.passage import Passage, moves
from edge.core.places import PointKind


def remembered(facts: Facts, doubts: tuple[Failure, ...], claim: Claim | None = None) -> Held:
    """Return the band's memory after any tap: the counter it showed, and what staff have confirmed today."""
    held, presented = facts.held, facts.presented
    if doubts and any(doubt.reason in FORGED for doubt in doubts):
        return held
    if presented.counter is not None and presented.counter > held.counter:
        held = replace(held, counter=presented.counter, counter_tap=presented.tap_id)
    if claim is not None and facts.confirmed:
        held = _with_confirmations(held, claim)
    return held


def change(
    facts: Facts, held: Held, *, uses: tuple[Use, ...] = (), deltas: tuple[tuple[str, int], ...] = ()
) -> Change:
    """Return what must be written: the memory only where it differs, and never its uses."""
    taken = places_taken(facts.held.uses, uses) if uses else ()
    if held is facts.held:
        return Change(uses=uses, zone_deltas=deltas, slot_deltas=taken)
    bare = replace(held, uses=()) if held.uses else held
    return Change(held=bare, uses=uses, zone_deltas=deltas, slot_deltas=taken)


def admit(
    facts: Facts, passage: Passage, held: Held, *, people: int = 1, uses: tuple[Use, ...] = ()
) -> Change:
    """Return the change of an entry: its uses and the way in."""
    if not moves(facts.point):
        return change(facts, held, uses=uses)
    after, deltas = enter(_awake(facts, held), facts.layout, location_after(facts, passage, people))
    return change(facts, after, uses=uses, deltas=deltas)


def uses_of(claim: Claim, *, pending: bool) -> tuple[Use, ...]:
    """Return one use per person, or the one record of a re-entry; a door counts nothing."""
    facts = claim.facts
    if facts.point.kind is PointKind.DOOR:
        return ()
    again = reenters(claim, facts.moment.now_ms)
    first, slot = next_ordinal(claim), claim.entitlement.slot
    uses = [
        Use(
            entitlement=claim.entitlement.id,
            ordinal=ordinal,
            scan_ms=facts.moment.now_ms,
            device=facts.device,
            point=facts.point.id,
            tap_id=facts.presented.tap_id,
            redemption=Redemption.PENDING if pending else Redemption.VALID,
            reentry=again,
            uncertainty_ms=facts.moment.uncertainty_ms,
            slot="" if slot is None or again else slot.key,
        )
        for ordinal in range(first, first + (1 if again else claim.people))
    ]
    return tuple(uses)


def next_ordinal(claim: Claim) -> int:
    """Return the number of the next use of a right; the same tap judged again keeps the one it has."""
    if not claim.facts.held.uses:
        return 1
    own = [use for use in claim.facts.held.uses if use.entitlement == claim.entitlement.id]
    kept = [use.ordinal for use in own if use.tap_id == claim.facts.presented.tap_id]
    return min(kept) if kept else max((use.ordinal for use in own), default=0) + 1


def location_after(facts: Facts, passage: Passage, people: int = 1) -> Location:
    """Return where a band is once it has passed."""
    return Location(
        zone=passage.to_zone,
        since_ms=facts.moment.now_ms,
        point=facts.point.id,
        device=facts.device,
        people=people,
        tap_id=facts.presented.tap_id,
    )


def release(facts: Facts, passage: Passage, held: Held) -> Change:
    """Return the change of an exit; several exits in a row are harmless."""
    known = _awake(facts, held)
    if passage.to_zone == (known.location.zone if known.location is not None else None):
        return change(facts, held)
    after, deltas = leave(known, facts.layout, location_after(facts, passage))
    return change(facts, after, deltas=deltas)


def _awake(facts: Facts, held: Held) -> Held:
    return awake(held, facts.layout, facts.timezone, at_ms=facts.moment.now_ms)


def _with_confirmations(held: Held, claim: Claim) -> Held:
    """Heights and ages that staff saw count for the whole day at every point; older ones are forgotten."""
    today = date_text(claim.day(claim.facts.moment.now_ms))
    needs = {"height": height_cm_min(claim), "age": age_min(claim)}
    seen = tuple(
        Confirmed(what, today, needed)
        for what, needed in needs.items()
        if needed is not None and what in claim.facts.confirmed
    )
    kept = tuple(
        one
        for one in held.confirmed
        if one.day == today and not any(one.what == new.what and one.least <= new.least for new in seen)
    )
    return replace(held, confirmed=kept + seen) if seen else held
