"""Masters: a site's master keys of bands by version, so that keys can roll while old bands are still out."""

from __future__ import annotations

import secrets

from edge.errors import Refused
from sync.central.registry.bands import MASTER_BYTES, master
from sync.central.store import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    metadata,
    select,
)

FIRST = 1
VERSION_MAX = 255
"""A chip keeps one octet of it beside each key; 0 is the factory's."""

later_table = Table(
    "band_master_later",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("master", LargeBinary, nullable=False),
)
"""Masters after the first; like that one they never leave central."""


def masters(tx: Connection, site: str) -> dict[int, bytes]:
    """Return every master of a site by its version."""
    own = later_table.c
    rows = tx.execute(select(own.version, own.master).where(own.site_id == site))
    return {FIRST: master(tx, site)} | {row.version: bytes(row.master) for row in rows}


def begin_version(tx: Connection, site: str) -> int:
    """Make a new master; bands get keys of it when they next lie on a desk."""
    version = max(masters(tx, site)) + 1
    if version > VERSION_MAX:
        raise Refused(f"A chip counts {VERSION_MAX} versions of its keys, and all are used.")
    made = secrets.token_bytes(MASTER_BYTES)
    tx.execute(insert(later_table).values(site_id=site, version=version, master=made))
    return version
