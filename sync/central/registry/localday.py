"""Local day: which of a site's own days a moment belongs to, by its layout as it is published."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import NamedTuple

from edge.core.calendar import day_bounds, day_of
from sync.central.registry import layout
from sync.central.store import Connection

HEARD_HOUR = 3
"""Nights are judged not before this local hour: tills that were cut off in the evening have told by then."""


class Turn(NamedTuple):
    """When a site's days turn: its zone, and the minute of the local day at which the next one begins."""

    zone: dt.tzinfo
    starts_min: int


def turn_of(tx: Connection, site: str) -> Turn:
    """Return when a site's days turn; at midnight of UTC where it has no zone that this machine knows."""
    known = layout.published(tx, site)
    if known is None:
        return Turn(dt.UTC, 0)
    try:
        return Turn(zoneinfo.ZoneInfo(known.timezone), known.day_starts_min)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return Turn(dt.UTC, known.day_starts_min)


def day_at(tx: Connection, site: str, at_ms: int) -> int:
    """Return the day of a moment as a proleptic ordinal: it turns when it turns at the site's devices."""
    return day_of(*turn_of(tx, site), at_ms)


def began_ms(tx: Connection, site: str, at_ms: int) -> int:
    """Return when the day of a moment began, in UTC milliseconds."""
    return day_bounds(*turn_of(tx, site), at_ms)[0]
