"""The feed: what a site's edges must know, numbered without holes in the order in which it became true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge.errors import Refused, Unknown
from sync.central.sites import site_table
from sync.central.store import (
    STEPS,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    Store,
    String,
    Table,
    and_,
    bindparam,
    delete,
    insert_many,
    metadata,
    now_of,
    select,
    text,
    update,
    wake_after,
    wake_soon_after,
)
from sync.wire import ITEM_BYTES_MAX, KEY_CHARS_MAX, BandNotice, Cursor

BAND = "band"
"""The kind of urgent notices: revoked and lost bands."""
CHANGES_MAX = 100_000
"""Changes published in one transaction."""
RETAIN_MS = 30 * 24 * 3600 * 1000
"""How long a tombstone is kept; an edge that was away longer takes a snapshot."""
FORGOTTEN_MAX = 500
"""Tombstones that one publication forgets, so that none pays for a long quiet time."""

item_table = Table(
    "feed_item",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(KEY_CHARS_MAX), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("body", LargeBinary),
    Column("urgent", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("feed_item_seq", "site_id", "seq", unique=True),
)

GONE = Index(
    "feed_item_gone",
    item_table.c.site_id,
    item_table.c.at_ms,
    sqlite_where=item_table.c.body.is_(None),
    postgresql_where=item_table.c.body.is_(None),
)
STEPS[1] = lambda tx: GONE.create(tx, checkfirst=True)

UPSERT = text(
    "INSERT INTO feed_item (site_id, kind, key, seq, body, urgent, at_ms)"
    " VALUES (:site_id, :kind, :key, :seq, :body, :urgent, :at_ms)"
    " ON CONFLICT (site_id, kind, key) DO UPDATE SET"
    " seq = excluded.seq, body = excluded.body, urgent = excluded.urgent, at_ms = excluded.at_ms"
)


ALLOT = (
    update(site_table)
    .where(site_table.c.site_id == bindparam("site"))
    .values(seq=site_table.c.seq + bindparam("count"))
    .returning(site_table.c.seq)
)
LONG_GONE = (
    select(item_table.c.seq)
    .where(
        item_table.c.site_id == bindparam("site"),
        item_table.c.body.is_(None),
        item_table.c.at_ms < bindparam("before"),
    )
    .order_by(item_table.c.at_ms)
    .limit(FORGOTTEN_MAX)
)


class Change(NamedTuple):
    """One thing that became different: its new body, or None when it is gone."""

    kind: str
    key: str
    body: bytes | None
    urgent: bool = False


def publish(tx: Connection, site: str, changes: Sequence[Change]) -> int:
    """Number the changes and put them into the site's feed; return the last number.

    Call it last in the transaction that makes the change: the row lock that it takes on the site keeps
    numbers in the order of commits, so that no cursor ever passes a number that is not there yet. One row
    is kept per (kind, key): the newest. Its number is the item's version.
    """
    _check(changes)
    last = _allot(tx, site, len(changes))
    newest = {(change.kind, change.key): (number, change) for number, change in _numbered(changes, last)}
    at_ms = now_of(tx)
    rows = [
        {
            "site_id": site,
            "kind": change.kind,
            "key": change.key,
            "seq": number,
            "body": change.body,
            "urgent": change.urgent,
            "at_ms": at_ms,
        }
        for number, change in newest.values()
    ]
    if rows:
        tx.execute(UPSERT, rows)
        _forget(tx, site)
    # What must be everywhere within a second is told by the very commit.
    (wake_after if any(change.urgent for change in changes) else wake_soon_after)(tx, site)
    return last


def publish_new(tx: Connection, site: str, changes: Sequence[Change]) -> int:
    """Publish things that the feed has never told of: the import's fast way; each key stands once."""
    _check(changes)
    last, at_ms = _allot(tx, site, len(changes)), now_of(tx)
    rows = [
        (site, change.kind, change.key, number, change.body, change.urgent, at_ms)
        for number, change in _numbered(changes, last)
    ]
    insert_many(tx, item_table, rows)
    wake_soon_after(tx, site)
    return last


def publish_band(tx: Connection, site: str, notice: BandNotice) -> int:
    """Tell every edge of the site the state of a band before anything else; a state of good health too."""
    return publish(tx, site, [Change(BAND, notice.band.hex(), msgspec.msgpack.encode(notice), urgent=True)])


def drop_tombstones(store: Store, site: str) -> int:
    """Forget a piece of what has long been gone, as each publication does; return how many."""
    with store.transaction() as tx:
        _allot(tx, site, 0)
        return _forget(tx, site)


def head(tx: Connection, site: str) -> Cursor:
    """Return where the site's feed stands."""
    row = tx.execute(select(site_table.c.epoch, site_table.c.seq).where(site_table.c.site_id == site)).first()
    if row is None:
        raise Unknown(f"There is no site {site}.")
    return Cursor(epoch=row.epoch, seq=row.seq)


def _allot(tx: Connection, site: str, count: int) -> int:
    """Take the next numbers under the site's row lock, held until the commit."""
    last = tx.execute(ALLOT, {"site": site, "count": count}).scalar()
    if last is None:
        raise Unknown(f"There is no site {site}.")
    return int(last)


def _forget(tx: Connection, site: str) -> int:
    """Drop the oldest tombstones and raise the floor below which a cursor is too old; under the row lock."""
    own = item_table.c
    old = list(tx.execute(LONG_GONE, {"site": site, "before": now_of(tx) - RETAIN_MS}).scalars())
    if old:
        tx.execute(delete(item_table).where(own.site_id == site, own.seq.in_(old)))
        this = and_(site_table.c.site_id == site, site_table.c.floor < max(old))
        tx.execute(update(site_table).where(this).values(floor=max(old)))
    return len(old)


def _numbered(changes: Sequence[Change], last: int) -> Iterable[tuple[int, Change]]:
    return enumerate(changes, last - len(changes) + 1)


def _check(changes: Sequence[Change]) -> None:
    if len(changes) > CHANGES_MAX:
        raise Refused(f"{len(changes)} changes at once, at most {CHANGES_MAX}.")
    for change in changes:
        if len(change.key) > KEY_CHARS_MAX or len(change.body or b"") > ITEM_BYTES_MAX:
            raise Refused(f"{change.kind} {change.key[:KEY_CHARS_MAX]} is too large for the feed.")
