"""Aside: how much money each device may hold in all, kept as differences: no grant counts its leases."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping

from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    bindparam,
    func,
    insert,
    metadata,
    select,
    text,
)

FOLD_EVERY = 64
"""More differences of a device than these become one row again: so few are summed up at a grant."""

aside_table = Table(
    "device_aside",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("unit", String(16), primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("minor", BigInteger, nullable=False),
)
"""Each row is a difference, never changed: who moves a device's leases waits for nobody here."""
_own = aside_table.c
_HELD = select(func.coalesce(func.sum(_own.minor), 0)).where(
    _own.site_id == bindparam("site"),
    _own.device_id == bindparam("device"),
    _own.unit == bindparam("unit_"),
)
_MANY = text(
    "SELECT device_id FROM device_aside WHERE site_id = :site GROUP BY device_id HAVING COUNT(*) > :many"
)
_TAKEN = text("DELETE FROM device_aside WHERE site_id = :site AND device_id = :device RETURNING unit, minor")


def held(tx: Connection, site: str, device: str, *, unit: str) -> int:
    """Return how much money a device holds or may still hold of all wallets."""
    return int(tx.execute(_HELD, {"site": site, "device": device, "unit_": unit}).scalar_one())


def moved(tx: Connection, site: str, more: Mapping[tuple[str, str], int]) -> None:
    """Note by how much devices hold more than before, by device and unit."""
    rows = [
        {"site_id": site, "device_id": device, "unit": unit, "part": secrets.token_hex(8), "minor": minor}
        for (device, unit), minor in more.items()
        if minor
    ]
    if rows:
        tx.execute(insert(aside_table), rows)


def crowded(tx: Connection, site: str) -> list[str]:
    """Return the devices of a site that have more differences than should be summed up at each grant."""
    return list(tx.execute(_MANY, {"site": site, "many": FOLD_EVERY}).scalars())


def fold(tx: Connection, site: str, device: str) -> None:
    """Make one row of a device's differences; call it where the device's number is held."""
    sums = Counter[tuple[str, str]]()
    for unit, minor in tx.execute(_TAKEN, {"site": site, "device": device}):
        sums[device, str(unit)] += int(minor)
    moved(tx, site, sums)


def from_leases(tx: Connection) -> None:
    """Count what the leases of before come to, in place of whatever was counted without them."""
    if tx.dialect.name == "postgresql":  # an older worker may move a lease meanwhile
        tx.execute(text("LOCK TABLE lease, device_aside IN SHARE ROW EXCLUSIVE MODE"))
    tx.execute(text("DELETE FROM device_aside"))
    tx.execute(
        text(
            "INSERT INTO device_aside (site_id, device_id, unit, part, minor)"
            " SELECT site_id, device_id, unit, 'before', SUM(granted + minted + voided - spent - returned)"
            " FROM lease WHERE kind = 'money' AND state IN ('open', 'in_doubt')"
            " GROUP BY site_id, device_id, unit"
        )
    )


STEPS[10] = from_leases
