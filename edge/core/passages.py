"""Passages: what a journaled decision used up and where it led, as a site's other devices are told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.core.checks.identity import is_forged
from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Redemption, Use
from edge.core.events import Decided
from edge.core.held import Held, Location
from edge.core.passage import moves, through
from edge.core.places import Direction, Layout
from edge.core.reconcile import weightier

UNDONE_MAX = 8
"""Taps taken back that are told of one band: those that were taken back last."""
NOWHERE = Location(zone=None, since_ms=0, point="", device="")


class Whereabouts(msgspec.Struct, frozen=True, array_like=True):
    """Where a band passed last, at whichever device, and which of its passages did not happen after all."""

    location: Location
    undone: tuple[str, ...] = ()


def uses_in(decided: Decided, seq: int) -> tuple[Use, ...]:
    """Return the uses that a decision made, one per person; none where it does not say of which kind."""
    said = decided.decision
    if decided.reentry is None or said.entitlement is None or said.ordinal is None:
        return ()
    pending = said.outcome is not Outcome.GRANTED
    first = Use(
        entitlement=said.entitlement,
        ordinal=said.ordinal,
        scan_ms=decided.now_ms,
        device=decided.device,
        point=said.point,
        tap_id=decided.presented.tap_id,
        seq=seq,
        redemption=Redemption.PENDING if pending else Redemption.VALID,
        reentry=decided.reentry,
        uncertainty_ms=decided.uncertainty_ms,
    )
    people = 1 if decided.reentry else said.people
    return tuple(replace(first, ordinal=first.ordinal + n) for n in range(people))


def place_after(decided: Decided, layout: Layout) -> Location | None:
    """Return where a decision's band is since; None where nobody passed, or nothing is proved of who did."""
    said, point = decided.decision, layout.points_by_id.get(decided.decision.point)
    passed = said.outcome is Outcome.GRANTED and said.reason in (Reason.ENTERED, Reason.EXITED)
    if point is None or not passed or not moves(point) or is_forged(said):
        return None
    way = Direction.OUT if said.reason is Reason.EXITED else Direction.IN
    return Location(
        zone=through(point, way).to_zone,
        since_ms=decided.now_ms,
        point=point.id,
        device=decided.device,
        people=said.people,
        tap_id=decided.presented.tap_id,
    )


def moved(known: Whereabouts | None, there: Location) -> Whereabouts:
    """Return what is known of a band after one passage more, the latest standing."""
    if known is None:
        return Whereabouts(there)
    latest = max(known.location, there, key=lambda one: (one.since_ms, one.device))
    return known if there.tap_id in known.undone else replace(known, location=latest)


def taken_back(known: Whereabouts | None, decided: Decided) -> Whereabouts:
    """Return what is known of a band once a passage is taken back: it is where it was before."""
    tap_id = decided.presented.tap_id
    before = (decided.held or Held()).location or NOWHERE
    if known is None:
        return Whereabouts(before, (tap_id,))
    undone = (*(one for one in known.undone if one != tap_id), tap_id)[-UNDONE_MAX:]
    here = known.location.tap_id == tap_id
    return Whereabouts(before if here else known.location, undone)


def news(known: Iterable[Use], told: Iterable[Use]) -> tuple[Use, ...]:
    """Return what one did not know yet of uses that others tell of.

    A use that is known under another tap is one's own: only what became of the same one is news.
    """
    before = {(one.entitlement, one.device, one.ordinal): one for one in known}
    return tuple(use for use in told if _is_news(before.get((use.entitlement, use.device, use.ordinal)), use))


def _is_news(known: Use | None, told: Use) -> bool:
    return known is None or (known.tap_id == told.tap_id and weightier(known, told) != known)


def heard(held: Held, told: Whereabouts) -> Held:
    """Return a device's memory of a band with what others saw: later passages, and those taken back."""
    own = held.location
    if own is not None and own.since_ms >= told.location.since_ms and own.tap_id not in told.undone:
        return held
    if own == told.location or (own is None and told.location == NOWHERE):
        return held
    last = own if own is not None and own.zone is not None else held.last
    return replace(held, location=told.location, last=last, entries=(), uses=())
