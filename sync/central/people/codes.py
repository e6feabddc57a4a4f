"""Codes: a channel brings one to an address, and who tells it again has proven that the address is theirs."""

from __future__ import annotations

import enum
import hmac
import secrets
from typing import Any

from edge.core.calendar import MINUTE_MS
from edge.core.retention import HOUR_MS
from edge.errors import Refused
from sync.central.people import aliases
from sync.central.people.aliases import Claim, Proof
from sync.central.privacy.erasure import PLACES
from sync.central.registry import guests, links
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    select,
    update,
)

DIGITS = 6
GOOD_MS = 10 * MINUTE_MS
TRIES_MAX = 5
"""Wrong ones of one code."""
ASKED_MAX = 5
"""Codes for one address in an hour: with the tries, one guess in forty thousand gets in."""


class Told(enum.StrEnum):
    """What became of a code that was told."""

    PROVEN = "proven"
    WRONG = "wrong"
    OVER = "over"
    """It is too old, was guessed at too often, or never was."""
    TAKEN = "taken"
    """The address is another guest's already: staff can find them one person."""


code_table = Table(
    "alias_code",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)
"""At most one code of an address; ``asked`` counts those since ``since_ms``."""
_own = code_table.c


def begin(tx: Connection, site: str, claim: Claim) -> str:
    """Return a code for an address that a guest claims; the one before is good no more.

    Nobody is joined to anything by this. The caller holds the site's turn.
    """
    name, guest = claim
    guests.guest(tx, site, guest)
    now_ms = now_of(tx)
    tx.execute(delete(code_table).where(_own.site_id == site, _own.since_ms <= now_ms - HOUR_MS))
    digest = aliases.digest_of(tx, site, name)
    known = _find(tx, site, digest)
    if known is not None and known.asked >= ASKED_MAX:
        raise Refused("Too many codes were asked for.", hint="Wait an hour, or come to a desk.")
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    kept = {"guest_id": guest, "code_hash": aliases.digest_of(tx, site, name, guest, code), "tries": 0,
            "until_ms": now_ms + GOOD_MS}  # fmt: skip
    if known is None:
        row = {"site_id": site, "digest": digest, "asked": 1, "since_ms": now_ms}
        tx.execute(insert(code_table).values(row | kept))
    else:
        tx.execute(update(code_table).where(_this(site, digest)).values(**kept, asked=known.asked + 1))
    return code


def tell(tx: Connection, site: str, claim: Claim, *, code: str, by: str) -> Told:
    """Judge a code; the right one, in time and of the guest it was made for, proves the address."""
    name, guest = claim
    digest = aliases.digest_of(tx, site, name)
    known = _find(tx, site, digest)
    if known is None or known.until_ms <= now_of(tx) or known.tries >= TRIES_MAX:
        return Told.OVER
    right = aliases.digest_of(tx, site, name, guest, code)
    if not hmac.compare_digest(right, bytes(known.code_hash)):
        tx.execute(update(code_table).where(_this(site, digest)).values(tries=known.tries + 1))
        return Told.WRONG
    tx.execute(update(code_table).where(_this(site, digest)).values(until_ms=0))
    there = aliases.find(tx, site, name)
    if there is not None and links.root(tx, site, there) != links.root(tx, site, guest):
        return Told.TAKEN
    aliases.prove(tx, site, claim, proof=Proof.CODE, by=by)
    return Told.PROVEN


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget what an erased guest was asked."""
    tx.execute(delete(code_table).where(_own.site_id == site, _own.guest_id == guest))


def _find(tx: Connection, site: str, digest: bytes) -> Row[Any] | None:
    return tx.execute(select(code_table).where(_this(site, digest))).first()


def _this(site: str, digest: bytes) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.digest == digest)


PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
