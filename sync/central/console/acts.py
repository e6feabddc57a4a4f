"""Acts: what operators did, when and to what, kept so that anybody can be asked why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.central.privacy.retention import KEPT
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)
from sync.central.traces import ALSO

PAGE_MAX = 100
STATE_CHARS_MAX = 400
RECENT_MAX = 200
"""Acts that are looked through for the same one: a bound, however long the record is."""
TARGET_CHARS_MAX = 128

act_table = Table(
    "act",
    metadata,
    Column("act_id", Integer, primary_key=True, autoincrement=True),
    Column("site_id", String(64), nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("target", String(TARGET_CHARS_MAX), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("act_site", "site_id", "act_id"),
)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an operator did; ``what`` is a word of the console's closed list."""

    id: int = 0
    site: str = ""
    who: str
    what: str
    target: str = ""
    before: str = ""
    after: str = ""
    at_ms: int = 0


def record(tx: Connection, act: Act) -> None:
    """Record an act in the transaction that does it."""
    tx.execute(
        insert(act_table).values(
            site_id=act.site,
            who=act.who,
            what=act.what,
            target=act.target[:TARGET_CHARS_MAX],
            before=act.before[:STATE_CHARS_MAX],
            after=act.after[:STATE_CHARS_MAX],
            at_ms=now_of(tx),
        )
    )


def record_once(tx: Connection, act: Act, *, within_ms: int) -> None:
    """Record an act, unless the latest acts hold the same of the same person within this time."""
    own = act_table.c
    latest = select(act_table).where(own.site_id == act.site).order_by(own.act_id.desc()).limit(RECENT_MAX)
    there = latest.subquery().c
    same = (there.who == act.who, there.what == act.what, there.target == act.target[:TARGET_CHARS_MAX])
    if (
        within_ms
        and tx.execute(select(there.act_id).where(*same, there.at_ms > now_of(tx) - within_ms)).first()
    ):
        return
    record(tx, act)


def acts(tx: Connection, site: str | None = None, *, before: int = 0) -> tuple[Act, ...]:
    """Return one page of acts, newest first: of one site, or all."""
    own = act_table.c
    query = select(act_table)
    if site is not None:
        query = query.where(own.site_id == site)
    if before:
        query = query.where(own.act_id < before)
    return tuple(_act(row) for row in tx.execute(query.order_by(own.act_id.desc()).limit(PAGE_MAX)))


def about(tx: Connection, name: str, whats: Sequence[str]) -> tuple[Act, ...]:
    """Return the latest acts of these kinds that somebody did or that were done to them."""
    own = act_table.c
    mine = or_(own.target == name[:TARGET_CHARS_MAX], own.who == name)
    query = select(act_table).where(own.what.in_(whats), mine)
    return tuple(_act(row) for row in tx.execute(query.order_by(own.act_id.desc()).limit(PAGE_MAX)))


def blank(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Empty what was recorded about things of these names; that somebody did something stays."""
    this = (act_table.c.site_id == site) & act_table.c.target.in_([word[:TARGET_CHARS_MAX] for word in words])
    tx.execute(update(act_table).where(this).values(before="", after=""))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what was recorded before a moment, of every site; returns how many acts."""
    return tx.execute(delete(act_table).where(act_table.c.at_ms < at_ms)).rowcount


ALSO.append(blank)
KEPT.append(delete_before)


def short(thing: msgspec.Struct | None) -> str:
    """Return a thing in few characters, secrets left out, for the record."""
    if thing is None:
        return ""
    told = {
        key: value for key, value in msgspec.to_builtins(thing).items() if key not in ("keys", "pin_hash")
    }
    return msgspec.json.encode(told).decode()


def _act(row: Row[tuple[object, ...]]) -> Act:
    return Act(
        id=row.act_id,
        site=row.site_id,
        who=row.who,
        what=row.what,
        target=row.target,
        before=row.before,
        after=row.after,
        at_ms=row.at_ms,
    )
