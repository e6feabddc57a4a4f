"""Tries: how often a name was tried with a wrong password, and the pause that follows."""

from __future__ import annotations

import hashlib

from edge.errors import NotAllowed
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

WRONG_MAX = 5
PAUSE_MS_MIN = 30_000
PAUSE_MS_MAX = 3_600_000
KEPT_MS = 24 * 3_600_000

try_table = Table(
    "operator_try",
    metadata,
    Column("name_hash", LargeBinary(32), primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)
"""Names that do not exist are counted too, as hashes, so that a pause tells nobody who is an operator."""


class Paused(NotAllowed):
    """Too many wrong passwords for this name."""

    hint = "Wait, then try again; the pause grows with every further round."


def begin_try(tx: Connection, name: str) -> None:
    """Count a try as wrong until it proves right; during a pause none is made."""
    this = try_table.c.name_hash == _hash(name)
    row = tx.execute(select(try_table.c.wrong, try_table.c.until_ms).where(this)).first()
    now = now_of(tx)
    wrong, until_ms = (row.wrong, row.until_ms) if row else (0, 0)
    if now < until_ms:
        seconds = -(-(until_ms - now) // 1000)
        raise Paused(f"Too many wrong passwords: wait {seconds} s.")
    wrong += 1
    until_ms = now + pause_ms(wrong // WRONG_MAX) if wrong % WRONG_MAX == 0 else now
    tx.execute(delete(try_table).where(this | (try_table.c.until_ms < now - KEPT_MS)))
    tx.execute(insert(try_table).values(name_hash=_hash(name), wrong=wrong, until_ms=until_ms))


def forget_tries(tx: Connection, name: str) -> None:
    """Begin anew after the right password."""
    tx.execute(delete(try_table).where(try_table.c.name_hash == _hash(name)))


def pause_ms(rounds: int) -> int:
    """Return the pause after this many full rounds of wrong passwords."""
    return min(PAUSE_MS_MAX, PAUSE_MS_MIN << min(rounds - 1, 16))


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=32, person=b"polso try").digest()
