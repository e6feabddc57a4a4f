"""Records: journal rows as events, their keys, and the digests that tell a changed row from a true one."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from edge.core.events import Event
from edge.errors import StoreDamaged, StoreError
from edge.store.queries import QUERIES

SEQ_BITS = 48
"""A lane's records lie together: key = lane * 2^48 + sequence."""
SEQ_MAX = (1 << SEQ_BITS) - 1
LANES = (0, 1)
DIGEST_BYTES = 8
LOG = logging.getLogger("polso.sequencer")

Cell = str | int | bytes | None
Row = Any
"""A row as the driver gives it: STRICT tables hold what they declare, so its cells are not checked twice."""


class Cursor(Protocol):
    """What both SQLite drivers answer to a statement."""

    def fetchone(self) -> Row:
        """Return the next row, or None."""

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""


class Connection(Protocol):
    """What a batch needs of a driver; ``sqlite3`` ships, the power-cut tests bring another."""

    @property
    def in_transaction(self) -> bool:
        """Say whether a transaction is open."""

    def execute(self, statement: str, parameters: Sequence[Cell] = ..., /) -> Cursor:
        """Run one statement."""

    def executemany(self, statement: str, parameters: Iterable[Sequence[Cell]], /) -> Cursor:
        """Run one statement for each row."""


class Head(NamedTuple):
    """The last record of a lane: its sequence and its hash."""

    seq: int
    h: bytes


class StoreForeign(StoreError):
    """This folder cannot be used by this device or this version."""

    hint = "Give this device a folder of its own, or install the version that wrote it."
    retryable = False


class Owner(NamedTuple):
    """Whose journal it is; the chain of each lane starts from these."""

    site: str
    device: str
    public_key: bytes


def key_of(lane: int, seq: int) -> int:
    """Return the primary key of a record."""
    return lane << SEQ_BITS | seq


def event_of(row: Row) -> Event:
    """Return the event in a row of ``journal_range`` and its kin; nothing is re-encoded."""
    key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h = row
    return Event(
        lane=key >> SEQ_BITS,
        seq=key & SEQ_MAX,
        hlc=hlc,
        offset_ms=offset_ms,
        uncertainty_ms=uncertainty_ms,
        kind=kind,
        schema=schema,
        band=band,
        body=body,
        h=h,
    )


def use_name(entitlement: str, device: str, ordinal: int) -> bytes:
    """Return the key of a use in one piece, for its digest."""
    return f"{entitlement}\0{device}\0{ordinal}".encode()


def kept_name(kind: str, key: str) -> bytes:
    """Return the key of a small thing in one piece, for its digest."""
    return f"{kind}\0{key}".encode()


def kept_or_hidden(connection: Connection, name: tuple[str, str]) -> bytes | None:
    """Return a small open thing by kind and key, also where a flipped bit in either hides its row.

    For what is read once, at a start: whoever finds nothing there goes on as if there had never been any.
    """
    row = connection.execute(QUERIES["kept"], name).fetchone()
    if row is not None:
        return checked(kept_name(*name), row[0], against=row[1])
    sizes = tuple(len(part.encode()) for part in name)
    for body, check in connection.execute(QUERIES["kept_of_size"], sizes).fetchall():
        if isinstance(body, bytes) and digest(kept_name(*name), body) == check:
            LOG.error("a flipped bit had hidden what is kept as %s: it is believed", name[0])
            return body
    return None


def line_of(event: Event) -> tuple[Cell, ...]:
    """Return the row of an event."""
    return (
        key_of(event.lane, event.seq),
        event.hlc,
        event.offset_ms,
        event.uncertainty_ms,
        event.kind,
        event.schema,
        event.band,
        event.body,
        event.h,
    )


def digest(name: bytes, body: bytes) -> bytes:
    """Return the short digest of a row: its key and its body, so that neither changes unseen."""
    return hashlib.blake2b(name + body, digest_size=DIGEST_BYTES).digest()


def checked(name: bytes, body: object, *, against: bytes) -> bytes:
    """Return ``body`` if the row is what was written, else raise ``StoreDamaged``."""
    # A damaged page can hold anything, also nothing where nothing is allowed.
    if not isinstance(body, bytes) or not hmac.compare_digest(digest(name, body), against):
        raise StoreDamaged("A row of the store is not what was written.")
    return body
