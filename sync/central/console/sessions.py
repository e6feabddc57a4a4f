"""Sessions of the console: at which browsers an operator is signed in, and until when."""

from __future__ import annotations

import hashlib
import secrets

import msgspec

from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
    text,
    update,
)

SESSION_MS_MAX = 12 * 3_600_000
IDLE_MS_MAX = 30 * 60_000
"""A session at which nobody does anything for so long is over."""
TOKEN_BYTES = 32
WHERE_CHARS_MAX = 120
OPEN_MAX = 20
"""Sessions of one operator; the oldest ends where one more begins."""
ID_DIGITS = 16

session_table = Table(
    "operator_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False, server_default="0"),
    Column("begun_ms", BigInteger, nullable=False, server_default="0"),
    Column("browser", String(WHERE_CHARS_MAX), nullable=False, server_default=""),
)


def _remember_when_seen(tx: Connection) -> None:
    """Sessions of before are idle at once: everybody signs in again."""
    tx.execute(text("ALTER TABLE operator_session ADD COLUMN seen_ms BIGINT NOT NULL DEFAULT 0"))


def _remember_where(tx: Connection) -> None:
    tx.execute(text("ALTER TABLE operator_session ADD COLUMN begun_ms BIGINT NOT NULL DEFAULT 0"))
    tx.execute(text("ALTER TABLE operator_session ADD COLUMN browser VARCHAR(120) NOT NULL DEFAULT ''"))


STEPS[3] = _remember_when_seen
STEPS[5] = _remember_where


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """One browser at which somebody is signed in; its id says nothing of its token."""

    id: str
    begun_ms: int
    seen_ms: int
    browser: str
    own: bool = False
    """Whether it is the one that asks."""


def begin(tx: Connection, name: str, *, browser: str = "", until_ms: int = 0) -> str:
    """Return a new session's token; ``until_ms`` is another session's end, which this one takes over."""
    now_ms, token = now_of(tx), secrets.token_urlsafe(TOKEN_BYTES)
    own = session_table.c
    tx.execute(delete(session_table).where(own.until_ms < now_ms))
    mine = select(own.token_hash).where(own.name == name).order_by(own.seen_ms.desc()).offset(OPEN_MAX - 1)
    over = list(tx.execute(mine).scalars())
    if over:
        tx.execute(delete(session_table).where(own.token_hash.in_(over)))
    row = {
        "token_hash": hashed(token),
        "name": name,
        "until_ms": until_ms or now_ms + SESSION_MS_MAX,
        "seen_ms": now_ms,
        "begun_ms": now_ms,
        "browser": "".join(filter(str.isprintable, browser))[:WHERE_CHARS_MAX],
    }
    tx.execute(insert(session_table).values(row))
    return token


def follow(tx: Connection, token: str) -> str:
    """Let a session go on under a new token, the old one is nobody's; empty where it has ended."""
    own = session_table.c
    row = tx.execute(select(session_table).where(own.token_hash == hashed(token))).first()
    if row is None:
        return ""
    end(tx, token)
    return begin(tx, row.name, browser=row.browser, until_ms=row.until_ms)


def seen(tx: Connection, token: str) -> None:
    """Remember that somebody is there."""
    this = update(session_table).where(session_table.c.token_hash == hashed(token))
    tx.execute(this.values(seen_ms=now_of(tx)))


def open_sessions(tx: Connection, name: str, now_ms: int, *, token: str = "") -> tuple[Open, ...]:
    """Return where somebody is signed in, the latest first."""
    own = session_table.c
    query = select(session_table).where(
        own.name == name, own.until_ms > now_ms, own.seen_ms > now_ms - IDLE_MS_MAX
    )
    return tuple(
        Open(
            id=_id(bytes(row.token_hash)),
            begun_ms=row.begun_ms,
            seen_ms=row.seen_ms,
            browser=row.browser,
            own=bytes(row.token_hash) == hashed(token),
        )
        for row in tx.execute(query.order_by(own.seen_ms.desc()))
    )


def end(tx: Connection, token: str) -> None:
    """End one session."""
    tx.execute(delete(session_table).where(session_table.c.token_hash == hashed(token)))


def end_of(tx: Connection, name: str, *, id_: str = "", but: str = "") -> int:
    """End somebody's sessions: one by its id, or all, but the one of this token; return how many ended."""
    own, ended = session_table.c, 0
    for hash_ in list(tx.execute(select(own.token_hash).where(own.name == name)).scalars()):
        meant = not id_ or _id(bytes(hash_)) == id_
        if meant and not (but and bytes(hash_) == hashed(but)):
            ended += tx.execute(delete(session_table).where(own.token_hash == hash_)).rowcount
    return ended


def hashed(token: str) -> bytes:
    """Return how a token is kept: 256 random bits need no slow hash, there is nothing to guess."""
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"polso console").digest()


def _id(token_hash: bytes) -> str:
    return hashlib.blake2b(token_hash, digest_size=ID_DIGITS // 2, person=b"polso session").hexdigest()
