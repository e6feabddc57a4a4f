"""Rising time: a site's clock for leases, which nobody sets forward and which stands while central does."""

from __future__ import annotations

from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    bindparam,
    metadata,
    now_of,
    select,
    text,
    update,
)

STEP_MS_MAX = 60_000
"""No look counts for more: a wall clock that jumps a year ahead moves this one by a minute."""

rising_table = Table(
    "rising_time",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
)

BEGIN = text(
    "INSERT INTO rising_time (site_id, ms, wall_ms) VALUES (:site, 0, :now) ON CONFLICT (site_id) DO NOTHING"
)
RISEN = select(rising_table.c.ms).where(rising_table.c.site_id == bindparam("site"))


def rising_ms(tx: Connection, site: str) -> int:
    """Return the site's rising time as of the last look."""
    row = tx.execute(RISEN, {"site": site}).first()
    return 0 if row is None else int(row.ms)


def advance(tx: Connection, site: str) -> int:
    """Let it rise by what passed since the last look, of whichever worker; returns where it stands.

    Time in which no central looked is not counted: devices could not be heard then, so that a lease is
    called in doubt later and never sooner than its device has stopped.
    """
    own = rising_table.c
    tx.execute(BEGIN, {"site": site, "now": now_of(tx)})
    row = tx.execute(select(rising_table).where(own.site_id == site).with_for_update()).one()
    now, wall_ms = now_of(tx), int(row.wall_ms)
    risen = int(row.ms) + min(max(0, now - wall_ms), STEP_MS_MAX)
    # What a worker counted whose clock is a little ahead is not counted a second time by one that is behind.
    wall_ms = now if now < wall_ms - STEP_MS_MAX else max(now, wall_ms)
    tx.execute(update(rising_table).where(own.site_id == site).values(ms=risen, wall_ms=wall_ms))
    return risen
