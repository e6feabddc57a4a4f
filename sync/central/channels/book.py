"""The book of channels: who may tell and ask at a site, by which key, which routes and which parts."""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from edge.core.consent import Channel, Namespace
from edge.errors import Refused, Unknown
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Row,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
    update,
)
from sync.signing import KEY_BYTES

CHANNELS_MAX = 50
MARK = "channel"
"""Ends the name of a channel's key, as a number ends a device's."""


class May(enum.StrEnum):
    """Routes that a channel can be let in at."""

    TOUCHES = "touches"
    CONSENTS = "consents"
    JOURNEY = "journey"
    ALIASES = "aliases"
    CODES = "codes"
    CLAIMS = "claims"
    FIND = "find"
    RESERVATIONS = "reservations"
    ARTICLES = "articles"
    ORDERS = "orders"
    CASES = "cases"
    ANSWERS = "answers"
    FEEDBACK = "feedback"
    OFFERS = "offers"
    WORDS = "words"
    SEGMENTS = "segments"
    MANDATES = "mandates"
    CONDITIONS = "conditions"
    BIRTHDAYS = "birthdays"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One channel of a site; a system that serves several sites has a key at each."""

    site: str
    id: str
    via: Channel
    routes: frozenset[May]
    namespaces: frozenset[Namespace]
    public_key: bytes
    closed: bool = False

    @property
    def key_id(self) -> str:
        """By what its signatures name its key."""
        return f"{self.site}.{self.id}.{MARK}"

    @property
    def source(self) -> str:
        """Under what its entries stand in diaries."""
        return f"/sites/{self.site}/channels/{self.id}"


channel_table = Table(
    "channel",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("channel_id", String(32), primary_key=True),
    Column("via", String(16), nullable=False),
    Column("routes", String(200), nullable=False),
    Column("namespaces", String(200), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),
)
_own = channel_table.c


def add(tx: Connection, one: Member) -> None:
    """Let a channel in; its name is never used again, or old entries would be another's."""
    known = channels(tx, one.site)
    if one.id in {other.id for other in known}:
        raise Refused(f"There was a channel {one.id} already.", hint="Take another name.")
    if len(known) >= CHANNELS_MAX:
        raise Refused(f"A site has at most {CHANNELS_MAX} channels.")
    if not (one.id.isascii() and one.id.replace("-", "").isalnum() and len(one.id) <= 32):
        raise Refused("A channel's name is 1 to 32 letters, digits and hyphens.")
    if len(one.public_key) != KEY_BYTES:
        raise Refused("That is no Ed25519 public key.", hint=f"It is {KEY_BYTES} bytes, as hex.")
    tx.execute(
        insert(channel_table).values(
            site_id=one.site,
            channel_id=one.id,
            via=one.via.value,
            routes=" ".join(sorted(one.routes)),
            namespaces=" ".join(sorted(one.namespaces)),
            public_key=one.public_key,
            made_ms=now_of(tx),
        )
    )


def close(tx: Connection, site: str, id_: str) -> None:
    """Let a channel in no more."""
    there = (_own.site_id == site) & (_own.channel_id == id_)
    if not tx.execute(update(channel_table).where(there).values(closed_ms=now_of(tx))).rowcount:
        raise Unknown(f"There is no channel {id_}.")


def channels(tx: Connection, site: str) -> tuple[Member, ...]:
    """Return every channel that a site ever had, by name."""
    query = select(channel_table).where(_own.site_id == site).order_by(_own.channel_id)
    return tuple(_member(row) for row in tx.execute(query))


def find(tx: Connection, named: str) -> Member | None:
    """Return the channel that a key's name names, whatever its state."""
    site, _, rest = named.partition(".")
    id_, _, mark = rest.partition(".")
    there = (_own.site_id == site) & (_own.channel_id == id_)
    row = tx.execute(select(channel_table).where(there)).first() if mark == MARK else None
    return None if row is None else _member(row)


def _member(row: Row[Any]) -> Member:
    return Member(
        site=row.site_id,
        id=row.channel_id,
        via=Channel(row.via),
        routes=frozenset(map(May, row.routes.split())),
        namespaces=frozenset(map(Namespace, row.namespaces.split())),
        public_key=bytes(row.public_key),
        closed=row.closed_ms is not None,
    )
