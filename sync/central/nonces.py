"""Nonces: every number that a device's signature was told apart by, remembered while it could come again."""

from __future__ import annotations

from edge.errors import NotAllowed
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    String,
    Table,
    bindparam,
    delete,
    metadata,
    now_of,
    select,
    text,
)
from sync.signing import KEY_ID_CHARS_MAX, MAX_AGE, NONCE_CHARS_MAX

KEPT_MS = int(2.5 * MAX_AGE.total_seconds() * 1000)
"""More than twice the age: a signature may be five seconds early and five late."""

nonce_table = Table(
    "nonce",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("key_id", String(KEY_ID_CHARS_MAX), primary_key=True),
    Column("nonce", String(NONCE_CHARS_MAX), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Index("nonce_age", "site_id", "at_ms"),
)

TAKE = text(
    "INSERT INTO nonce (site_id, key_id, nonce, at_ms) VALUES (:site_id, :key_id, :nonce, :at_ms)"
    " ON CONFLICT DO NOTHING"
)


ONE = select(nonce_table.c.at_ms).where(
    nonce_table.c.site_id == bindparam("site"),
    nonce_table.c.key_id == bindparam("key"),
    nonce_table.c.nonce == bindparam("number"),
)


class Replayed(NotAllowed):
    """This very request was here before."""

    hint = "Sign the request anew; the same idempotency key gets the same answer."


def seen(tx: Connection, site: str, key_id: str, *, nonce: str) -> bool:
    """Whether this nonce was taken; only ``take`` decides, this one is asked before any work is begun."""
    return tx.execute(ONE, {"site": site, "key": key_id, "number": nonce}).first() is not None


def take(tx: Connection, site: str, key_id: str, *, nonce: str) -> None:
    """Take a nonce in the transaction that does the work, or raise ``Replayed``; forget those of long ago."""
    row = {"site_id": site, "key_id": key_id, "nonce": nonce, "at_ms": now_of(tx)}
    if tx.execute(TAKE, row).rowcount != 1:
        raise Replayed
    own = nonce_table.c
    tx.execute(delete(nonce_table).where(own.site_id == site, own.at_ms < now_of(tx) - KEPT_MS))
