"""Doors: the links by which one guest opens their own page, once and soon, and the sessions behind them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from edge.errors import NotAllowed, PolsoError
from sync import passes
from sync.central.machines import devices, keys
from sync.central.registry import guests
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
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
from sync.central.traces import ALSO

TOKEN_BYTES = 32
LINK_MS = 10 * 60_000
"""So long staff and guest have to get the link from one screen to the other."""
PASS_MS = 5 * 60_000
EARLY_MS = 60_000
"""A device's clock may be so far ahead of central's."""
SESSION_MS = 15 * 60_000
"""So long a guest is let stay; then they hold their band to a kiosk again."""
OPEN_MAX = 5
"""Links and sessions of one guest; the eldest ends where one more begins."""
MINUTE_MS = 60_000
ACTS_A_MINUTE_MAX = 12
LINK, SPENT, SESSION = "link", "spent", "session"

door_table = Table(
    "guest_door",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("site_id", String(64), nullable=False),
    Column("guest_id", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("minute_ms", BigInteger, nullable=False),
    Column("acts", Integer, nullable=False),
    Index("guest_door_guest", "site_id", "guest_id"),
)


SPEND = text(
    "INSERT INTO guest_door (token_hash, site_id, guest_id, kind, made_by, until_ms, minute_ms, acts)"
    " VALUES (:token_hash, :site_id, :guest_id, :kind, :made_by, :until_ms, :minute_ms, :acts)"
    " ON CONFLICT DO NOTHING"
)


class NoDoor(NotAllowed):
    """This link opens nothing any more."""

    hint = "Hold your band to a kiosk again, or ask our staff for a new link."


class TooFast(PolsoError):
    """That was too much at once."""

    hint = "Wait a minute, then try again."
    retryable = True


class Visitor(NamedTuple):
    """Which guest of which site is here, and who let them in."""

    site: str
    guest: str
    made_by: str


def invite(tx: Connection, site: str, guest: str, *, by: str) -> str:
    """Return a link's token for a guest, said once and kept as a hash."""
    guests.guest(tx, site, guest)
    return _open(tx, Visitor(site, guest, by), LINK, ms=LINK_MS)


def enter(tx: Connection, token: str) -> tuple[Visitor, str]:
    """Spend a link or a device's pass; return whose page it opens, and the session's token."""
    visitor = _by_pass(tx, token) if token.startswith(passes.LEAD) else _by_link(tx, token)
    return visitor, _open(tx, visitor, SESSION, ms=SESSION_MS)


def inside(tx: Connection, session: str) -> Visitor | None:
    """Return who is here by this session, if it goes on."""
    own = door_table.c
    row = tx.execute(select(door_table).where(own.token_hash == _hash(session), own.kind == SESSION)).first()
    if row is None or row.until_ms <= now_of(tx):
        return None
    return Visitor(row.site_id, row.guest_id, row.made_by)


def count(tx: Connection, session: str) -> None:
    """Count an act of a session; more than anybody's fingers can do in a minute is refused."""
    own = door_table.c
    this = own.token_hash == _hash(session)
    row = tx.execute(select(own.minute_ms, own.acts).where(this).with_for_update()).first()
    if row is None:
        raise NoDoor
    now_ms = now_of(tx)
    fresh = now_ms - row.minute_ms >= MINUTE_MS
    acts = 1 if fresh else row.acts + 1
    if acts > ACTS_A_MINUTE_MAX:
        raise TooFast
    tx.execute(update(door_table).where(this).values(acts=acts, minute_ms=now_ms if fresh else row.minute_ms))


def leave(tx: Connection, session: str) -> None:
    """End one session."""
    tx.execute(delete(door_table).where(door_table.c.token_hash == _hash(session)))


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Close every door of erased guests."""
    own = door_table.c
    tx.execute(delete(door_table).where(own.site_id == site, own.guest_id.in_(list(words))))


ALSO.append(forget)


def _by_link(tx: Connection, token: str) -> Visitor:
    own, this = door_table.c, door_table.c.token_hash == _hash(token)
    row = tx.execute(select(door_table).where(this, own.kind == LINK)).first()
    if row is None or tx.execute(delete(door_table).where(this, own.kind == LINK)).rowcount != 1:
        raise NoDoor
    if row.until_ms <= now_of(tx):
        raise NoDoor
    return Visitor(row.site_id, row.guest_id, row.made_by)


def _by_pass(tx: Connection, token: str) -> Visitor:
    """Believe a device that is in force, soon after the tap, once."""
    found = passes.read(token)
    if found is None:
        raise NoDoor
    said, body, signature = found
    key = keys.find(tx, said.key_id)
    if key is None or key.retired:
        raise NoDoor
    signed = passes.is_signed(body, signature, public_key=key.public_key)
    device = devices.device(tx, key.site, key.device)
    if not signed or device.state != devices.ACTIVE:
        raise NoDoor
    if said.guest not in guests.guests_of(tx, key.site, [said.guest]):
        raise NoDoor
    visitor = Visitor(key.site, said.guest, device.id)
    _once(tx, visitor, token)
    # Judged last: of two who bring one pass at once, the second waits for the first.
    if not -EARLY_MS <= now_of(tx) - said.at_ms <= PASS_MS:
        raise NoDoor
    return visitor


def _once(tx: Connection, visitor: Visitor, token: str) -> None:
    """Remember that a pass was spent, for longer than it could come again; of two at once one is let in."""
    row = _row(tx, visitor, _hash(token), kind=SPENT, ms=PASS_MS + 2 * EARLY_MS)
    if tx.execute(SPEND, row).rowcount != 1:
        raise NoDoor


def _open(tx: Connection, visitor: Visitor, kind: str, *, ms: int) -> str:
    own, token = door_table.c, secrets.token_urlsafe(TOKEN_BYTES)
    tx.execute(delete(door_table).where(own.until_ms <= now_of(tx)))
    theirs = (own.site_id == visitor.site, own.guest_id == visitor.guest, own.kind == kind)
    eldest = select(own.token_hash).where(*theirs).order_by(own.until_ms.desc()).offset(OPEN_MAX - 1)
    over = list(tx.execute(eldest).scalars())
    if over:
        tx.execute(delete(door_table).where(own.token_hash.in_(over)))
    tx.execute(insert(door_table).values(_row(tx, visitor, _hash(token), kind=kind, ms=ms)))
    return token


def _row(tx: Connection, visitor: Visitor, hash_: bytes, *, kind: str, ms: int) -> dict[str, object]:
    now_ms = now_of(tx)
    who = {"site_id": visitor.site, "guest_id": visitor.guest, "made_by": visitor.made_by}
    timed = {"until_ms": now_ms + ms, "minute_ms": now_ms, "acts": 0}
    return {"token_hash": hash_, "kind": kind, **who, **timed}


def _hash(token: str) -> bytes:
    # 256 random bits, or a signature: a fast hash is enough, there is nothing to guess.
    return hashlib.blake2b(token.encode(), digest_size=32, person=b"polso guest door").digest()
