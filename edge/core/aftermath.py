"""Aftermath: a passage that was decided is refused, undone or annulled; to confirm it is to judge it anew."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from edge.core.calendar import day_bounds
from edge.core.entitlements import Redemption, Use
from edge.core.events import Decided
from edge.core.held import Change, Held
from edge.core.moves import awake, differences, places_taken
from edge.core.places import Layout

UNDO_MS_MAX = 900_000
"""Staff of the same point take a passage back within a quarter of an hour; a supervisor on the same day."""


def refuse(decided: Decided, held: Held) -> Change:
    """Void a pending passage: staff said no, or nobody said anything in time."""
    pending = _own(decided, held, Redemption.PENDING)
    return _given_back(pending, Redemption.ANNULLED)


def undo(decided: Decided, held: Held, layout: Layout, *, timezone: dt.tzinfo) -> Change:
    """Take a passage back by a person's word: use, location and counts are as before it."""
    before = awake(decided.held or Held(), layout, timezone, at_ms=decided.now_ms)
    return _take_back(decided, held, layout, before=before, how=Redemption.UNDONE)


def annul(decided: Decided, held: Held, layout: Layout, *, timezone: dt.tzinfo) -> Change:
    """Take a passage back by the machine's word: the gate did not turn."""
    before = awake(decided.held or Held(), layout, timezone, at_ms=decided.now_ms)
    return _take_back(decided, held, layout, before=before, how=Redemption.ANNULLED)


def undo_until(decided: Decided, layout: Layout, timezone: dt.tzinfo, *, supervisor: bool) -> int:
    """Return until when (UTC milliseconds, open end) a passage may still be undone."""
    if supervisor:
        return day_bounds(timezone, layout.day_starts_min, decided.now_ms)[1]
    return decided.now_ms + UNDO_MS_MAX


def _take_back(decided: Decided, held: Held, layout: Layout, *, before: Held, how: Redemption) -> Change:
    own = _own(decided, held, Redemption.VALID, Redemption.PENDING)
    back, location = _given_back(own, how), held.location
    if location is None or location.tap_id != decided.presented.tap_id:
        return back
    restored = replace(held, location=before.location, last=before.last, entries=before.entries)
    return replace(back, held=replace(restored, uses=()), zone_deltas=differences(held, restored, layout))


def _given_back(own: tuple[Use, ...], how: Redemption) -> Change:
    """Give uses back, and with them the places of booked times that they took."""
    uses = tuple(replace(use, redemption=how) for use in own)
    return Change(uses=uses, slot_deltas=places_taken(own, uses))


def _own(decided: Decided, held: Held, *standing: Redemption) -> tuple[Use, ...]:
    tap_id = decided.presented.tap_id
    return tuple(use for use in held.uses if use.tap_id == tap_id and use.redemption in standing)
