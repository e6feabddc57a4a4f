"""Links: which guests were found to be one person; nothing of theirs moves, so each can have it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sync.central.registry import expected
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    STEPS,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

link_table = Table(
    "guest_link",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("head_id", String(ID_CHARS_MAX), nullable=False),
    Column("root_id", String(ID_CHARS_MAX), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("settled", Boolean, nullable=False),
    Index("guest_link_root", "site_id", "root_id"),
)
"""``head_id`` is to whom a guest was joined, ``root_id`` where that leads in the end; a root has no row."""
_own = link_table.c


class Link(NamedTuple):
    """One guest who was joined to another, since when, and whether that can be taken back no more."""

    guest: str
    head: str
    root: str
    since_ms: int
    settled: bool


def root(tx: Connection, site: str, guest: str) -> str:
    """Return the guest that this one is known as; themselves, unless they were joined to somebody."""
    return roots(tx, site, [guest]).get(guest, guest)


def roots(tx: Connection, site: str, guests: Iterable[str] | None = None) -> dict[str, str]:
    """Return where those of these guests who were joined to others lead, or those of the whole site."""
    wanted = select(_own.guest_id, _own.root_id).where(_own.site_id == site)
    if guests is None:
        return {row.guest_id: row.root_id for row in tx.execute(wanted)}
    found: dict[str, str] = {}
    for part in parts(sorted(set(guests))):
        found.update((row.guest_id, row.root_id) for row in tx.execute(wanted.where(_own.guest_id.in_(part))))
    return found


def together(tx: Connection, site: str, guests: Iterable[str]) -> tuple[str, ...]:
    """Return all guests who are one with any of these, themselves among them, in order."""
    asked = set(guests)
    led = roots(tx, site, asked)
    tops = {led.get(guest, guest) for guest in asked}
    found = asked | tops
    for part in parts(sorted(tops)):
        joined = select(_own.guest_id).where(_own.site_id == site, _own.root_id.in_(part))
        found.update(tx.execute(joined).scalars())
    return tuple(sorted(found))


def links(tx: Connection, site: str, guests: Iterable[str]) -> tuple[Link, ...]:
    """Return how these guests were joined, the eldest first."""
    there = and_(_own.site_id == site, _own.guest_id.in_(sorted(set(guests))))
    rows = tx.execute(select(link_table).where(there).order_by(_own.since_ms, _own.guest_id))
    return tuple(Link(row.guest_id, row.head_id, row.root_id, row.since_ms, row.settled) for row in rows)


def join(tx: Connection, site: str, guest: str, *, head: str) -> None:
    """Join one root to another, with all that were joined to it; the caller holds the site's turn."""
    there = and_(_own.site_id == site, _own.root_id == guest)
    tx.execute(update(link_table).where(there).values(root_id=head))
    row = {"site_id": site, "guest_id": guest, "head_id": head, "root_id": head, "since_ms": now_of(tx)}
    tx.execute(insert(link_table).values(**row, settled=False))


def cut(tx: Connection, site: str, guest: str) -> None:
    """Take a guest, with all that were joined to them before, from whom they were joined to."""
    whole = {one.guest: one for one in links(tx, site, together(tx, site, [guest]))}
    tx.execute(delete(link_table).where(_own.site_id == site, _own.guest_id == guest))
    mine, more = {guest}, True
    while more:
        below = {one.guest for one in whole.values() if one.head in mine} - mine
        mine, more = mine | below, bool(below)
    there = and_(_own.site_id == site, _own.guest_id.in_(sorted(mine)))
    tx.execute(update(link_table).where(there).values(root_id=guest))


def dissolve(tx: Connection, site: str, guest: str) -> tuple[str, ...]:
    """Forget that anybody was one with a guest; returns who was, in order."""
    others = tuple(one for one in together(tx, site, [guest]) if one != guest)
    ids = [guest, *others]
    these = or_(_own.guest_id.in_(ids), _own.head_id.in_(ids))
    tx.execute(delete(link_table).where(_own.site_id == site, these))
    return others


def due(tx: Connection, before_ms: int) -> tuple[tuple[str, str], ...]:
    """Return whose joining is older than a moment and not settled yet, as (site, guest)."""
    old = and_(_own.since_ms < before_ms, _own.settled.is_(False))
    return tuple((row.site_id, row.guest_id) for row in tx.execute(select(link_table).where(old)))


def settle(tx: Connection, site: str, guest: str) -> None:
    """Let a joining stand for ever."""
    this = and_(_own.site_id == site, _own.guest_id == guest)
    tx.execute(update(link_table).where(this).values(settled=True))


def _tell_of_who_is_joined(tx: Connection) -> None:
    """Have edges told of who was joined before there was such a word: else they show what is dealt twice."""
    own = expected.expected_table.c
    joined = select(_own.guest_id).where(_own.site_id == own.site_id, _own.guest_id == own.guest_id).exists()
    there = and_(own.now.is_(True), joined)
    tx.execute(update(expected.expected_table).where(there).values(again_ms=expected.AT_ONCE))


STEPS[16] = _tell_of_who_is_joined
