"""Desks: the tokens by which an operator works on bands away from the console, short-lived and counted."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

from edge.errors import NotAllowed, PolsoError
from sync.central.console.operators import Role, operator_table
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
    update,
)

TOKEN_BYTES = 32
SITTING_MS = 30 * 60_000
"""After this time an operator makes another token; who steals one has this long at most."""
MINUTE_MS = 60_000
STEPS_A_MINUTE_MAX = 120
"""A band takes about ten: twelve bands a minute is more than two hands manage."""
OPEN_MAX = 20
MAY = (Role.OPERATOR, Role.ADMIN)

desk_table = Table(
    "desk_token",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("site_id", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("minute_ms", BigInteger, nullable=False),
    Column("steps", Integer, nullable=False),
)


class NoDesk(NotAllowed):
    """This token opens no desk."""

    hint = "Make a new one on the site's page of bands at the console; it is good for half an hour."


class TooFast(PolsoError):
    """This desk asks faster than anybody writes bands."""

    hint = "Wait a minute."
    retryable = True


class Sitting(NamedTuple):
    """Who works at a desk, and for which site."""

    site: str
    name: str


def open_desk(tx: Connection, site: str, name: str) -> str:
    """Return a token for one operator and one site, said once and kept as a hash."""
    own, now_ms = desk_table.c, now_of(tx)
    tx.execute(delete(desk_table).where(own.until_ms < now_ms))
    mine = select(own.token_hash).where(own.name == name).order_by(own.until_ms.desc()).offset(OPEN_MAX - 1)
    over = list(tx.execute(mine).scalars())
    if over:
        tx.execute(delete(desk_table).where(own.token_hash.in_(over)))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"token_hash": _hash(token), "site_id": site, "name": name, "until_ms": now_ms + SITTING_MS}
    tx.execute(insert(desk_table).values(minute_ms=now_ms, steps=0, **row))
    return token


def sit(tx: Connection, token: str) -> Sitting:
    """Return who works at a desk, and count the step; the operator must still be one."""
    own, there = desk_table.c, operator_table.c
    this = own.token_hash == _hash(token)
    query = select(desk_table, there.role, there.must_change).where(this, own.name == there.name)
    row, now_ms = tx.execute(query).first(), now_of(tx)
    if row is None or row.until_ms <= now_ms or row.role not in MAY or row.must_change:
        raise NoDesk
    fresh = now_ms - row.minute_ms >= MINUTE_MS
    steps = 1 if fresh else row.steps + 1
    if steps > STEPS_A_MINUTE_MAX:
        raise TooFast
    kept = {"steps": steps, "minute_ms": now_ms if fresh else row.minute_ms}
    tx.execute(update(desk_table).where(this).values(kept))
    return Sitting(row.site_id, row.name)


def close_desks(tx: Connection, name: str) -> int:
    """End every desk of an operator; return how many there were."""
    return tx.execute(delete(desk_table).where(desk_table.c.name == name)).rowcount


def _hash(token: str) -> bytes:
    # 256 random bits: a fast hash is enough, there is nothing to guess.
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"polso desk").digest()
