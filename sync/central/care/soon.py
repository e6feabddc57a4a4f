"""Soon: by when somebody who wrote to us in private hears from us, by the hours in which the site is open."""

from __future__ import annotations

from edge.core.calendar import MINUTE_MS, is_open, next_opening
from sync.central.days import zone_of
from sync.central.journey.entry import Via
from sync.central.registry import layout
from sync.central.store import Connection

PRIVATE = frozenset({Via.APP})
"""Ways by which a guest writes and waits; a letter or an e-mail is answered within a day."""
ANSWER_MS = 5 * MINUTE_MS


def answer_by(tx: Connection, site: str, via: Via, *, at_ms: int) -> int | None:
    """Return until when what was written at a moment is answered; None: by this way nobody waits for it.

    Five minutes while any point of the site is open; while all are closed, from when the first one opens. A
    site that keeps no hours is always open.
    """
    if via not in PRIVATE:
        return None
    there, zone = layout.published(tx, site), zone_of(tx, site)
    kept = [point.hours for point in there.points if point.hours is not None] if there is not None else []
    openings = [next_opening(one, zone, at_ms) for one in kept]
    later = [one for one in openings if one is not None]
    if not later or any(is_open(one, zone, at_ms) for one in kept):
        return at_ms + ANSWER_MS
    return min(later) + ANSWER_MS
