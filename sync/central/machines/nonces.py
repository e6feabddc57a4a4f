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
    is_postgres,
    metadata,
    now_of,
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

INSERT = (
    "INSERT INTO nonce (site_id, key_id, nonce, at_ms) VALUES (:site_id, :key_id, :nonce, :at_ms)"
    " ON CONFLICT DO NOTHING"
)
FORGET = "DELETE FROM nonce WHERE site_id = :site_id AND at_ms < :before"
TAKE, OLD = text(INSERT), text(FORGET)
BOTH = text(f"WITH gone AS ({FORGET}) {INSERT}")
"""PostgreSQL does both at one call; SQLite knows no change within another one."""


class Replayed(NotAllowed):
    """This very request was here before."""

    hint = "Sign the request anew; the same idempotency key gets the same answer."


def take(tx: Connection, site: str, key_id: str, *, nonce: str) -> None:
    """Take a nonce in the transaction that does the work, or raise ``Replayed``; forget those of long ago."""
    old = {"site_id": site, "before": now_of(tx) - KEPT_MS}
    row = {"site_id": site, "key_id": key_id, "nonce": nonce, "at_ms": now_of(tx)}
    together = is_postgres(tx)
    if tx.execute(BOTH if together else TAKE, row | old if together else row).rowcount != 1:
        raise Replayed
    if not together:
        tx.execute(OLD, old)
