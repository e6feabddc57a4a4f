"""Second factors: an operator's authenticator and recovery codes, each code good once."""

from __future__ import annotations

import base64
import hashlib
import secrets

import msgspec

from edge.errors import NotAllowed, Refused
from sync.central.console import totp
from sync.central.store import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

CODES = 8
"""Recovery codes that are given at once."""
CODE_BYTES = 15
"""120 random bits: a fast hash is enough (ASVS V6.5.2 asks for 112)."""
GROUP = 4

factor_table = Table(
    "operator_factor",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("secret", LargeBinary(totp.SECRET_BYTES), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
"""``step`` is the last one whose code was taken: none before it is, and none twice."""
recovery_table = Table(
    "operator_recovery",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
)


class WrongCode(NotAllowed):
    """This code is not the one of now, or it was used before."""

    hint = "Wait for your app's next code, and check that central's clock is right."


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody has a second factor, since when, and how many recovery codes are left."""

    since_ms: int = 0
    codes_left: int = 0

    @property
    def stands(self) -> bool:
        """Whether signing in asks for a code."""
        return self.since_ms > 0


def begin(tx: Connection, name: str) -> None:
    """Make a secret for somebody's app; the factor that stands, if one does, stands until it is confirmed."""
    forget_begun(tx, name)
    row = {
        "name": _begun(name),
        "secret": totp.new_secret(),
        "confirmed": False,
        "step": 0,
        "made_ms": now_of(tx),
    }
    tx.execute(insert(factor_table).values(row))


def begun(tx: Connection, name: str) -> bytes | None:
    """Return the secret that waits to be confirmed."""
    found = tx.execute(select(factor_table.c.secret).where(factor_table.c.name == _begun(name))).scalar()
    return None if found is None else bytes(found)


def confirm(tx: Connection, name: str, code: str) -> tuple[str, ...]:
    """Take the app's first code; from now on signing in asks for one. Return recovery codes, said once."""
    secret = begun(tx, name)
    if secret is None:
        raise Refused("Nothing waits to be confirmed.", hint="Begin again.")
    step = totp.step_of(secret, _plain(code), now_of(tx))
    if step is None:
        raise WrongCode
    forget(tx, name)
    row = {"name": name, "secret": secret, "confirmed": True, "step": step, "made_ms": now_of(tx)}
    tx.execute(insert(factor_table).values(row))
    return new_codes(tx, name)


def new_codes(tx: Connection, name: str) -> tuple[str, ...]:
    """Return fresh recovery codes; those of before are worth nothing any more."""
    tx.execute(delete(recovery_table).where(recovery_table.c.name == name))
    codes = tuple(base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES))
    tx.execute(insert(recovery_table), [{"name": name, "code_hash": _hash(code)} for code in codes])
    return tuple("-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP)) for code in codes)


def factor(tx: Connection, name: str) -> Factor:
    """Return how somebody's second factor stands."""
    since = tx.execute(select(factor_table.c.made_ms).where(_own(name))).scalar()
    if since is None:
        return Factor()
    left = select(func.count()).select_from(recovery_table).where(recovery_table.c.name == name)
    return Factor(since_ms=since, codes_left=int(tx.execute(left).scalar_one()))


def prove(tx: Connection, name: str, code: str) -> bool:
    """Say whether a code is right and was never used; whoever has no second factor needs none."""
    query = select(factor_table.c.secret, factor_table.c.step).where(_own(name))
    row = tx.execute(query.with_for_update()).first()
    if row is None:
        return True
    plain = _plain(code)
    if len(plain) != totp.DIGITS:
        return _spend(tx, name, plain)
    step = totp.step_of(bytes(row.secret), plain, now_of(tx))
    if step is None:
        return False
    # One statement, so that of two who send the same code at once only one is let in.
    later = update(factor_table).where(_own(name), factor_table.c.step < step)
    return tx.execute(later.values(step=step)).rowcount == 1


def forget(tx: Connection, name: str) -> bool:
    """Take somebody's second factor and recovery codes away; say whether there was one."""
    forget_begun(tx, name)
    tx.execute(delete(recovery_table).where(recovery_table.c.name == name))
    return tx.execute(delete(factor_table).where(factor_table.c.name == name)).rowcount > 0


def forget_begun(tx: Connection, name: str) -> None:
    """Drop a secret that nobody confirmed."""
    tx.execute(delete(factor_table).where(factor_table.c.name == _begun(name)))


def _spend(tx: Connection, name: str, code: str) -> bool:
    own = recovery_table.c
    spent = delete(recovery_table).where(own.name == name, own.code_hash == _hash(code))
    return tx.execute(spent).rowcount == 1


def _own(name: str) -> ColumnElement[bool]:
    return and_(factor_table.c.name == name, factor_table.c.confirmed.is_(True))


def _begun(name: str) -> str:
    """Return under what a secret waits: no name of an operator is its own hash."""
    return hashlib.blake2b(name.encode(), digest_size=24, person=b"polso begun").hexdigest()


def _plain(code: str) -> str:
    return "".join(filter(str.isalnum, code)).upper()


def _hash(code: str) -> bytes:
    return hashlib.blake2b(code.encode(), digest_size=32, person=b"polso recovery").digest()
