"""Expected: whom the edges of a site are told in full, because they may come within two days or are here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge.core.entitlements import Entitlement
from edge.core.expectation import Expected, judge_expected
from sync.central.registry.tables import ID_CHARS_MAX, entitlement_table, parts
from sync.central.store import (
    AHEAD,
    RENEWAL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    String,
    Table,
    and_,
    delete,
    insert_many,
    metadata,
    now_of,
    or_,
    select,
    text,
    update,
    wake_after,
    wake_here_after,
)

expected_table = Table(
    "expected",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("now", Boolean, nullable=False),
    Column("again_ms", BigInteger),
    Column("seen_ms", BigInteger, nullable=False),
    Index("expected_again", "site_id", "now", "again_ms"),
)
COLUMNS = tuple(column.name for column in expected_table.columns)
MANY_MIN = 1_000
"""So many at once come from an import, which holds the site's turn: nobody writes the same rows meanwhile."""
GONE_MAX = 500
"""Guests judged in one transaction who will not come again."""
AT_ONCE = 0
"""A moment that has always come, for who is expected, too."""
UPSERT = text(
    "INSERT INTO expected (site_id, guest_id, now, again_ms, seen_ms)"
    " VALUES (:site_id, :guest_id, :now, :again_ms, :seen_ms)"
    " ON CONFLICT (site_id, guest_id) DO UPDATE SET now = excluded.now, again_ms = excluded.again_ms"
)


def judge(
    tx: Connection, site: str, guests: Iterable[str], *, rights: Mapping[str, Sequence[Entitlement]]
) -> dict[str, Expected]:
    """Judge these guests and remember when to judge again; who has no right is expected once registered."""
    wanted, now_ms = sorted(set(guests)), now_of(tx)
    seen = _seen(tx, site, wanted)
    found, rows = {}, []
    for guest in wanted:
        held = rights.get(guest, ())
        seen_ms, was = seen.get(guest, (0 if held else now_ms, False))
        found[guest] = judge_expected(held, seen_ms, now_ms)
        if found[guest].now and not was:
            wake_after(tx, AHEAD)
        rows.append((site, guest, *found[guest], seen_ms))
    if len(rows) >= MANY_MIN and not seen:
        insert_many(tx, expected_table, rows)
    elif rows:
        tx.execute(UPSERT, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    return found


def is_expected(tx: Connection, site: str, guest: str) -> bool:
    """Say whether the edges are told in full of a guest."""
    own = expected_table.c
    mine = and_(own.site_id == site, own.guest_id == guest)
    return tx.execute(select(own.now).where(mine)).scalar() is not False


def notice(tx: Connection, site: str, guests: Iterable[str]) -> list[str]:
    """Note that guests were seen whom nobody expected; return them: the edges must be told in full."""
    own, found = expected_table.c, list[str]()
    for part in parts(sorted(set(guests))):
        there = and_(own.site_id == site, own.guest_id.in_(part), own.now.is_(False))
        found += [str(guest) for guest in tx.execute(select(own.guest_id).where(there)).scalars()]
    for part in parts(found):
        mine = and_(own.site_id == site, own.guest_id.in_(part))
        tx.execute(update(expected_table).where(mine).values(seen_ms=now_of(tx)))
    return found


def due(tx: Connection, site: str, *, now: bool, limit: int) -> list[str]:
    """Return guests of whom it is to be judged again whether they are expected; ``now``: who was so far.

    Without ``now`` there are also those of whom the edges need more than they were told.
    """
    own = expected_table.c
    which = own.now.is_(True) if now else or_(own.now.is_(False), own.again_ms == AT_ONCE)
    there = and_(own.site_id == site, which, own.again_ms <= now_of(tx))
    query = select(own.guest_id).where(there).order_by(own.again_ms).limit(limit)
    return [str(guest) for guest in tx.execute(query).scalars()]


def all_due(tx: Connection, site: str) -> None:
    """Have everybody judged again at once: what decisions stand on has changed."""
    own = expected_table.c
    tx.execute(update(expected_table).where(own.site_id == site).values(again_ms=AT_ONCE))


def judge_by(tx: Connection, site: str, moments: Mapping[str, int]) -> None:
    """Have these guests judged again at a moment at the latest, in UTC milliseconds."""
    own = expected_table.c
    for guest, at_ms in moments.items():
        mine = and_(own.site_id == site, own.guest_id == guest)
        later = or_(own.again_ms.is_(None), own.again_ms > at_ms)
        tx.execute(update(expected_table).where(mine, later).values(again_ms=at_ms))


def tell_again(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Have the edges told anew of those of these guests whom they know in full, as soon as may be."""
    own = expected_table.c
    for part in parts(sorted(set(guests))):
        these = and_(own.site_id == site, own.guest_id.in_(part), own.now.is_(True))
        tx.execute(update(expected_table).where(these).values(again_ms=AT_ONCE))
        wake_here_after(tx, RENEWAL)


def gone(tx: Connection, site: str, before_ms: int, *, after: str) -> list[str]:
    """Return one page of guests who hold no right, whom nobody will expect, last seen before a moment."""
    own, right = expected_table.c, entitlement_table.c
    held = select(right.guest_id).where(right.site_id == site, right.guest_id == own.guest_id).exists()
    for_good = and_(own.now.is_(False), own.again_ms.is_(None), own.seen_ms < before_ms)
    query = select(own.guest_id).where(own.site_id == site, own.guest_id > after, for_good, ~held)
    return list(tx.execute(query.order_by(own.guest_id).limit(GONE_MAX)).scalars())


def forget_seen(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget when these guests were seen last."""
    own = expected_table.c
    for part in parts(sorted(set(guests))):
        mine = and_(own.site_id == site, own.guest_id.in_(part), own.seen_ms > 0)
        tx.execute(update(expected_table).where(mine).values(seen_ms=0))


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget these guests."""
    own = expected_table.c
    for part in parts(sorted(set(guests))):
        tx.execute(delete(expected_table).where(and_(own.site_id == site, own.guest_id.in_(part))))


def _seen(tx: Connection, site: str, guests: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Return of those who are known when they were seen, and whether they were expected so far."""
    own, found = expected_table.c, dict[str, tuple[int, bool]]()
    for part in parts(guests):
        there = (own.site_id == site, own.guest_id.in_(part))
        query = select(own.guest_id, own.seen_ms, own.now).where(*there)
        found.update({str(row.guest_id): (int(row.seen_ms), bool(row.now)) for row in tx.execute(query)})
    return found
