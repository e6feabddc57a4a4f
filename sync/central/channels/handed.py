"""Handed: which people each receiver was handed in which segment, and whom it has to take out again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from edge.core.consent import Channel, Consent, Purpose, may
from edge.core.segments import CODE_CHARS_MAX, namespace_of
from sync.central.people.aliases import PSEUDONYM_CHARS
from sync.central.privacy import erasure, retention
from sync.central.registry import consents, links
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    insert_many,
    metadata,
    now_of,
    or_,
    select,
    update,
)

PAGE_MAX = 500
"""Withdrawals of one page."""
HANDOUTS_MAX = 200

handed_table = Table(
    "handed",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("channel_id", String(32), primary_key=True),
    Column("subject", String(PSEUDONYM_CHARS), primary_key=True),
    Column("code", String(CODE_CHARS_MAX), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("via", String(16), nullable=False),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("handed_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("withdrawn_ms", BigInteger),
    Index("handed_guest", "site_id", "guest_id"),
    Index("handed_withdrawn", "site_id", "withdrawn_ms"),
)
"""``guest_id`` is the guest as whom a person is known; empty: they were erased. No two of a site's
``withdrawn_ms`` are equal, so that each is a place from which the next page goes on."""
handout_table = Table(
    "handout",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("channel_id", String(32), nullable=False),
    Column("code", String(CODE_CHARS_MAX), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("form", String(16), nullable=False),
    Column("people", Integer, nullable=False),
    Column("who", String(ID_CHARS_MAX), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("handout_site", "site_id", "at_ms"),
)
"""What was handed out by whose word: who is an operator; empty: the channel asked for itself."""
_own, _out = handed_table.c, handout_table.c


class To(NamedTuple):
    """What somebody is handed: a segment, for a purpose, to a receiver that speaks by one way."""

    channel: str
    via: Channel
    code: str
    purpose: Purpose


class Person(NamedTuple):
    """One person as they were handed out: under what name, and until when without asking again."""

    guest: str
    subject: str
    until_ms: int


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """One person whom a receiver has to take out of a segment, under the name it was told."""

    subject: str
    segment: str
    purpose: str
    at_ms: int


class HandedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest is told of it: who was handed them in which segment, and whether that was taken back."""

    channel: str
    segment: str
    purpose: str
    handed_ms: int
    withdrawn_ms: int | None


class Handout(NamedTuple):
    """One hand-out: how many people, to whom, by whose word."""

    channel: str
    code: str
    purpose: str
    form: str
    people: int
    who: str
    """Empty: the receiver asked for itself."""
    at_ms: int
    """The moment under which its people stand: a transaction's time moves on meanwhile (0085)."""


class Standing(NamedTuple):
    """How a hand-out stands: of those whom no later one of the same named, how many said no since."""

    handout: Handout
    until_ms: int | None
    """Until when it is used; None: a later one took its place."""
    withdrawn: int


def allows(said: Sequence[Consent], to: To) -> bool:
    """Say whether words let a segment go to a receiver.

    What a code tells of is let out by ``offers`` alone, so that another purpose needs a yes beside it.
    """
    part = namespace_of(to.code)
    return all(may(said, one, part, channel=to.via) for one in {Purpose.OFFERS, to.purpose})


def hand(tx: Connection, site: str, to: To, *, people: Sequence[Person]) -> int:
    """Remember whom a receiver was handed, and return as of when; the caller holds the site's turn."""
    at_ms = now_of(tx)
    there = and_(_own.site_id == site, _own.channel_id == to.channel, _own.code == to.code)
    for part in parts([one.subject for one in people]):
        again = and_(there, _own.purpose == to.purpose.value, _own.subject.in_(part))
        tx.execute(delete(handed_table).where(again))
    rows = [
        (site, to.channel, one.subject, to.code, to.purpose.value, to.via.value, one.guest, at_ms,
         one.until_ms, None)
        for one in people
    ]  # fmt: skip
    insert_many(tx, handed_table, rows)
    return at_ms


def note(tx: Connection, site: str, one: Handout) -> None:
    """Write down that a segment was handed out, by whose word, and as of when its people were handed."""
    id_ = secrets.token_hex(16)
    row = {"site_id": site, "id": id_, "channel_id": one.channel, **one._asdict()}
    del row["channel"]
    tx.execute(insert(handout_table).values(row))


def handouts(tx: Connection, site: str) -> tuple[Handout, ...]:
    """Return the last hand-outs of a site, the newest first."""
    found = select(handout_table).where(_out.site_id == site).order_by(_out.at_ms.desc(), _out.id.desc())
    return tuple(
        Handout(row.channel_id, row.code, row.purpose, row.form, row.people, row.who, row.at_ms)
        for row in tx.execute(found.limit(HANDOUTS_MAX))
    )


def standing(tx: Connection, site: str) -> tuple[Standing, ...]:
    """Return how the last hand-outs of a site stand, the newest first; nobody is in it."""
    key = (_own.channel_id, _own.code, _own.purpose, _own.handed_ms)
    query = select(*key, func.max(_own.until_ms).label("until_ms"), func.count(_own.withdrawn_ms).label("no"))
    rows = tx.execute(query.where(_own.site_id == site).group_by(*key))
    told = {(row.channel_id, row.code, row.purpose, row.handed_ms): row for row in rows}
    found = []
    for one in handouts(tx, site):
        row = told.get((one.channel, one.code, one.purpose, one.at_ms))
        found.append(Standing(one, None if row is None else row.until_ms, 0 if row is None else row.no))
    return tuple(found)


def withdrawn(tx: Connection, site: str, channel: str, *, after_ms: int) -> tuple[Withdrawn, ...]:
    """Return a page of whom a receiver has to take out, after a place, in the order in which it came."""
    there = and_(_own.site_id == site, _own.channel_id == channel, _own.withdrawn_ms > after_ms)
    rows = tx.execute(select(handed_table).where(there).order_by(_own.withdrawn_ms).limit(PAGE_MAX))
    return tuple(
        Withdrawn(subject=row.subject, segment=row.code, purpose=row.purpose, at_ms=row.withdrawn_ms)
        for row in rows
    )


def of_guest(tx: Connection, site: str, guest: str) -> tuple[HandedOut, ...]:
    """Return to whom a guest was handed, for that guest."""
    found = select(handed_table).where(_own.site_id == site, _own.guest_id == guest)
    return tuple(
        HandedOut(
            channel=row.channel_id,
            segment=row.code,
            purpose=row.purpose,
            handed_ms=row.handed_ms,
            withdrawn_ms=row.withdrawn_ms,
        )
        for row in tx.execute(found.order_by(_own.handed_ms, _own.channel_id, _own.code))
    )


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget who an erased guest was; receivers are still told to take them out, by their own name."""
    mine = and_(_own.site_id == site, _own.guest_id == guest)
    _take_back(tx, site, _standing(tx, mine))
    tx.execute(update(handed_table).where(mine).values(guest_id=""))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what was handed out before a moment and may be used no more; returns how much."""
    over = or_(_own.withdrawn_ms.is_(None), _own.withdrawn_ms < at_ms)
    gone = tx.execute(delete(handed_table).where(_own.until_ms < at_ms, over)).rowcount
    return gone + tx.execute(delete(handout_table).where(_out.at_ms < at_ms)).rowcount


def _standing(tx: Connection, there: ColumnElement[bool]) -> list[Any]:
    return list(tx.execute(select(handed_table).where(there, _own.withdrawn_ms.is_(None))))


def _changed(
    tx: Connection, site: str, guest: str, *, before: Sequence[Consent], after: Sequence[Consent]
) -> None:
    """Tell receivers of a guest who lets them use it no more, whichever of a person's guests said so."""
    people = links.together(tx, site, [guest])
    rows = _standing(tx, and_(_own.site_id == site, _own.guest_id.in_(people)))
    _take_back(tx, site, [row for row in rows if not allows(after, _to(row))])


def _take_back(tx: Connection, site: str, rows: Sequence[Any]) -> None:
    if not rows:
        return
    take_turn(tx, site)
    last = tx.execute(select(func.max(_own.withdrawn_ms)).where(_own.site_id == site)).scalar() or 0
    for at_ms, row in enumerate(rows, max(now_of(tx), last + 1)):
        this = and_(*(column == getattr(row, column.name) for column in handed_table.primary_key))
        tx.execute(update(handed_table).where(this).values(withdrawn_ms=at_ms))


def _to(row: Any) -> To:  # noqa: ANN401  # a row of the table above
    return To(row.channel_id, Channel(row.via), row.code, Purpose(row.purpose))


consents.HEEDED.append(_changed)
consents.STOOD.append(_changed)
erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
retention.KEPT.append(delete_before)
