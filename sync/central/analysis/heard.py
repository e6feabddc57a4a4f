"""Heard: which share of a site's edges has told of what came after a day, so that the day can be believed."""

from __future__ import annotations

from sync.central.analysis import facts
from sync.central.machines.devices import ACTIVE, devices
from sync.central.machines.lanes import lane_table
from sync.central.store import Connection, func, select

PERMILLE = 1_000


def heard_permille(tx: Connection, site: str, day: int) -> int:
    """Return the share of a site's edges that were heard since a local day ended; all of none."""
    calendar = facts.Calendar(tx, site)
    active = [one.id for one in devices(tx, site) if one.state == ACTIVE]
    own = lane_table.c
    moved = select(own.device_id, func.max(own.moved_ms)).where(own.site_id == site).group_by(own.device_id)
    told = {row[0]: int(row[1]) for row in tx.execute(moved)}
    since = [device for device in active if device in told and calendar.day(told[device]) > day]
    return PERMILLE * len(since) // len(active) if active else PERMILLE
