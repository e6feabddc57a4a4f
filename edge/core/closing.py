"""Closing: how long a place stays open, as whoever makes an offer there may ask."""

from __future__ import annotations

import datetime as dt

from edge.core.calendar import MINUTE_MS, closes
from edge.core.places import Layout


def to_closing_min(layout: Layout, point: str, *, zone: dt.tzinfo, at_ms: int) -> int | None:
    """Return the whole minutes until a point closes; one without hours closes with the site's last point.

    None: nobody wrote down any hours, it is closed, or it does not close within sight.
    """
    here = layout.points_by_id.get(point)
    own = [here.hours] if here is not None and here.hours is not None else []
    kept = own or [one.hours for one in layout.points if one.hours is not None]
    ends = [end for end in (closes(hours, zone, at_ms) for hours in kept) if end is not None]
    return (max(ends) - at_ms) // MINUTE_MS if ends else None
