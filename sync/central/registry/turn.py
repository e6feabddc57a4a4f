"""Turns: changes of one site's registry happen one after another, on whichever worker."""

from __future__ import annotations

from edge.errors import Unknown
from sync.central.sites import site_table
from sync.central.store import Connection, bindparam, select

HOLD = (
    select(site_table.c.site_id)
    .where(site_table.c.site_id == bindparam("site"))
    .with_for_update(key_share=True)
)
"""As strong as a change of the row, without writing one; on SQLite whoever may write holds everything."""


def take_turn(tx: Connection, site: str) -> None:
    """Hold the site's row until the commit, so that what is read in this transaction still holds in it."""
    if tx.execute(HOLD, {"site": site}).first() is None:
        raise Unknown(f"There is no site {site}.")
