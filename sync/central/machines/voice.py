"""Voice: the key by which central signs what it says to the devices of a site, made once and kept here."""

from __future__ import annotations

import secrets

from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    metadata,
    now_of,
    select,
    text,
)
from sync.signing import KEY_BYTES, Keys

voice_table = Table(
    "central_key",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("private_key", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

MAKE = text(
    "INSERT INTO central_key (site_id, private_key, made_ms) VALUES (:site_id, :private_key, :made_ms)"
    " ON CONFLICT DO NOTHING"
)


def voice(tx: Connection, site: str) -> Keys:
    """Return the key by which central speaks to a site, made if there is none yet."""
    row = {"site_id": site, "private_key": secrets.token_bytes(KEY_BYTES), "made_ms": now_of(tx)}
    tx.execute(MAKE, row)
    wanted = select(voice_table.c.private_key).where(voice_table.c.site_id == site)
    return Keys(key_id=f"central.{site}", private_key=bytes(tx.execute(wanted).scalar_one()))
