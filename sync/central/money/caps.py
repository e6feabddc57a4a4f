"""Caps: how much money of all wallets one device may hold, by the operator's word or by who is expected."""

from __future__ import annotations

from sync.central.money.policy import PERMILLE, Policy
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    bindparam,
    metadata,
    select,
    text,
)

LEAST_MINOR = 1_000_000
"""As much as a till may take in of cash: to guard less than that would turn guests away for nothing."""
MOST_MINOR = 20_000_000
"""Beyond this no plan goes by itself: an operator says so with a number of their own."""
HEADROOM_PERMILLE = 1_250
"""A quarter above the plan, for tills that are liked better than others and baskets that were not planned."""

cap_table = Table(
    "device_cap",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("minor", BigInteger, nullable=False),
)
"""What the plan came to at the last look, so that no grant has to count who is expected."""
UPSERT = text(
    "INSERT INTO device_cap (site_id, minor) VALUES (:site_id, :minor)"
    " ON CONFLICT (site_id) DO UPDATE SET minor = excluded.minor"
)
KEPT = select(cap_table.c.minor).where(cap_table.c.site_id == bindparam("site"))


def planned(total_minor: int, *, tills: int) -> int:
    """Return the cap of each of so many tills that together should hold what the expected will spend."""
    share = total_minor * HEADROOM_PERMILLE // (PERMILLE * max(1, tills))
    return min(MOST_MINOR, max(LEAST_MINOR, share))


def cap_minor(tx: Connection, site: str, chosen: Policy) -> int:
    """Return what one device may hold now: the worst that its theft can cost."""
    if chosen.device_minor_max is not None:
        return chosen.device_minor_max
    return _kept(tx, site) or LEAST_MINOR


def keep(tx: Connection, site: str, minor: int) -> None:
    """Keep what the plan comes to; what devices hold above a smaller one they keep until it is spent."""
    if _kept(tx, site) != minor:
        tx.execute(UPSERT, {"site_id": site, "minor": minor})


def _kept(tx: Connection, site: str) -> int | None:
    found = tx.execute(KEPT, {"site": site}).scalar()
    return None if found is None else int(found)
