"""Operators: who may open the console, with what role, and which browsers they are signed in at."""

from __future__ import annotations

import enum
import hashlib
import secrets

import msgspec

from edge.errors import NotAllowed, Refused, Unknown
from sync.central.console import passwords
from sync.central.console.tries import begin_try, forget_tries
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Store,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

NAME_CHARS_MAX = 64
SESSION_MS_MAX = 12 * 3_600_000
TOKEN_BYTES = 32


class Role(enum.StrEnum):
    """What an operator may do: an admin also opens sites and lets operators in."""

    OPERATOR = "operator"
    ADMIN = "admin"


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """One person who may open the console."""

    name: str
    role: Role
    made_ms: int


class NotLetIn(NotAllowed):
    """Name and password do not fit."""

    hint = "Try again; whoever runs central can set a password by `polso operator NAME`."


operator_table = Table(
    "operator",
    metadata,
    Column("name", String(NAME_CHARS_MAX), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
session_table = Table(
    "operator_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("name", String(NAME_CHARS_MAX), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)


def let_in(tx: Connection, name: str, password: str, *, role: Role = Role.ADMIN) -> None:
    """Let a person into the console, or give them another password and role; old sessions end."""
    if not name.strip() or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise Refused(f"An operator's name has 1 to {NAME_CHARS_MAX} characters.")
    kept = {"role": role.value, "password_hash": passwords.hashed(password)}
    this = update(operator_table).where(operator_table.c.name == name)
    if not tx.execute(this.values(kept)).rowcount:
        tx.execute(insert(operator_table).values(name=name, made_ms=now_of(tx), **kept))
    tx.execute(delete(session_table).where(session_table.c.name == name))
    forget_tries(tx, name)


def remove(tx: Connection, name: str) -> None:
    """Let a person in no more; the last admin stays."""
    if name not in {one.name for one in operators(tx)}:
        raise Unknown(f"There is no operator {name}.")
    keep_an_admin(tx, name, None)
    tx.execute(delete(operator_table).where(operator_table.c.name == name))
    tx.execute(delete(session_table).where(session_table.c.name == name))


def keep_an_admin(tx: Connection, name: str, role: Role | None) -> None:
    """Refuse to give a person this role (None: to remove them) where nobody would be admin any more."""
    others = (one.role for one in operators(tx) if one.name != name)
    if role is not Role.ADMIN and Role.ADMIN not in others:
        raise Refused("The last admin stays.", hint="Let another admin in first.")


def operators(tx: Connection) -> tuple[Operator, ...]:
    """Return everybody who may open the console, by name."""
    own = operator_table.c
    rows = tx.execute(select(own.name, own.role, own.made_ms).order_by(own.name))
    return tuple(Operator(name=row.name, role=Role(row.role), made_ms=row.made_ms) for row in rows)


def nobody_yet(tx: Connection) -> bool:
    """Whether no operator was ever let in."""
    return not tx.execute(select(func.count()).select_from(operator_table)).scalar_one()


def sign_in(store: Store, name: str, password: str) -> str:
    """Return a new session's token; the try is counted before the password is even looked at."""
    name = name.strip()[:NAME_CHARS_MAX]
    with store.transaction() as tx:
        begin_try(tx, name)
        found = tx.execute(select(operator_table.c.password_hash).where(operator_table.c.name == name))
        password_hash = found.scalar()
    if not passwords.fits(password_hash, password):
        raise NotLetIn
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with store.transaction() as tx:
        forget_tries(tx, name)
        tx.execute(delete(session_table).where(session_table.c.until_ms < now_of(tx)))
        until_ms = now_of(tx) + SESSION_MS_MAX
        tx.execute(insert(session_table).values(token_hash=_hash(token), name=name, until_ms=until_ms))
    return token


def signed_in(tx: Connection, token: str, now_ms: int) -> Operator | None:
    """Return who signed in with this token, while the session and the person stand."""
    own = operator_table.c
    query = select(own.name, own.role, own.made_ms).where(
        session_table.c.token_hash == _hash(token),
        session_table.c.until_ms > now_ms,
        own.name == session_table.c.name,
    )
    row = tx.execute(query).first() if token else None
    return Operator(name=row.name, role=Role(row.role), made_ms=row.made_ms) if row else None


def sign_out(tx: Connection, token: str) -> None:
    """End one session."""
    tx.execute(delete(session_table).where(session_table.c.token_hash == _hash(token)))


def _hash(token: str) -> bytes:
    # 256 random bits: a fast hash is enough, there is nothing to guess.
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"polso console").digest()
