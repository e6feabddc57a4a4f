"""Turns: changes of one site's registry happen one after another, on whichever worker."""

from __future__ import annotations

from edge.errors import Unknown
from sync.central.sites import site_table
from sync.central.store import Connection, update


def take_turn(tx: Connection, site: str) -> None:
    """Hold the site's row until the commit, so that what is read in this transaction still holds in it."""
    held = update(site_table).where(site_table.c.site_id == site).values(seq=site_table.c.seq)
    if not tx.execute(held).rowcount:
        raise Unknown(f"There is no site {site}.")
