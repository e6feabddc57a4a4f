"""Statement: a provider's own book, kept line by line by whoever holds its keys, read by whoever proves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sync.central.psp.charges import charge_table
from sync.central.psp.judgement import OPEN
from sync.central.psp.mandates import mandate_table
from sync.central.psp.port import Booked, Psp
from sync.central.psp.refunds import WORKED, refund_table
from sync.central.sites import sites
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    Store,
    String,
    Table,
    and_,
    delete,
    func,
    insert_many,
    metadata,
    now_of,
    select,
    text,
    update,
)

EVERY_MS = 60_000
"""How often a provider is asked for its book."""
CLAIM_MS = 10 * 60_000
"""So long one worker may be reading; then another one begins anew."""
LOOK_BACK_MS = 3_600_000
"""The provider's and our clock may differ: its book is read from so long before."""
WINDOW_MS = 24 * 3_600_000
"""What is read at once; older books are read piece by piece, so that charges need not wait for them."""
ID_CHARS_MAX = 64

line_table = Table(
    "provider_line",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("psp", String(32), primary_key=True),
    Column("reference", String(255), primary_key=True),
    Column("subject", String(16), nullable=False),
    Column("own_id", String(ID_CHARS_MAX), nullable=False),
    Column("charge_id", String(ID_CHARS_MAX), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("provider_line_day", "site_id", "psp", "at_ms"),
    Index("provider_line_own", "site_id", "psp", "own_id"),
    Index("provider_line_read", "psp", "at_ms"),
)
read_table = Table(
    "provider_read",
    metadata,
    Column("psp", String(32), primary_key=True),
    Column("due_ms", BigInteger, nullable=False),
    # From where the next piece is read; when this walk through the book began, and from where the next walk
    # must begin: what was open then may have been paid since, however long ago it was made.
    Column("from_ms", BigInteger, nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("open_ms", BigInteger, nullable=False),
    Column("read_ms", BigInteger, nullable=False),
)
BEGIN = text(
    "INSERT INTO provider_read (psp, due_ms, from_ms, begun_ms, open_ms, read_ms)"
    " VALUES (:psp, 0, :from_ms, 0, 0, 0) ON CONFLICT (psp) DO NOTHING"
)


class Piece(NamedTuple):
    """A stretch of a provider's book that one worker reads."""

    psp: str
    claim_ms: int
    since_ms: int
    until_ms: int | None
    """None: to its end."""


def read(store: Store, psp: Psp) -> bool:
    """Read a piece of the provider's book if one is due, and keep it; says whether one was."""
    with store.reading() as tx:
        due = select(read_table.c.due_ms).where(read_table.c.psp == psp.name)
        if tx.execute(due.where(read_table.c.due_ms > store.now_ms())).first() is not None:
            return False
    with store.transaction() as tx:
        piece = _claim(tx, psp.name)
    if piece is None:
        return False
    lines = psp.statement(piece.since_ms, piece.until_ms)
    with store.transaction() as tx:
        _keep(tx, piece, lines)
    return True


def lines_of(tx: Connection, site: str, psp: str, *, when: tuple[int, int]) -> list[Row[tuple[object, ...]]]:
    """Return what a provider took and gave back between two moments."""
    own = line_table.c
    query = select(line_table).where(own.site_id == site, own.psp == psp)
    return list(tx.execute(query.where(own.at_ms >= when[0], own.at_ms < when[1])))


def _claim(tx: Connection, psp: str) -> Piece | None:
    tx.execute(BEGIN, {"psp": psp, "from_ms": _first(tx, psp, now_of(tx)) - LOOK_BACK_MS})
    known = tx.execute(select(read_table).where(read_table.c.psp == psp).with_for_update()).one()
    now_ms = now_of(tx)
    if known.due_ms > now_ms:
        return None
    claim_ms = now_ms + CLAIM_MS
    begun = {} if known.begun_ms else {"begun_ms": now_ms, "open_ms": _open(tx, psp, now_ms)}
    tx.execute(update(read_table).where(read_table.c.psp == psp).values(due_ms=claim_ms, **begun))
    since_ms = _whole(known.from_ms)
    until_ms = _whole(since_ms + WINDOW_MS)
    return Piece(psp, claim_ms, since_ms, until_ms if until_ms < now_ms - LOOK_BACK_MS else None)


def _keep(tx: Connection, piece: Piece, lines: Iterable[Booked]) -> None:
    """Write what differs from what was read before; a worker that was overtaken writes nothing."""
    own = read_table.c
    known = tx.execute(select(read_table).where(own.psp == piece.psp).with_for_update()).one()
    if known.due_ms != piece.claim_ms:
        return
    _replace(tx, piece, {row[:3]: row for row in _rows(tx, piece.psp, lines)})
    this = update(read_table).where(own.psp == piece.psp)
    if piece.until_ms is not None:
        tx.execute(this.values(due_ms=0, from_ms=piece.until_ms))
        return
    ended = {"due_ms": now_of(tx) + EVERY_MS, "read_ms": known.begun_ms, "begun_ms": 0}
    tx.execute(this.values(**ended, from_ms=known.open_ms - LOOK_BACK_MS))


def _replace(tx: Connection, piece: Piece, fresh: dict[tuple[object, ...], tuple[object, ...]]) -> None:
    """Let the table hold this stretch as the provider has it now, and touch nothing that stayed."""
    own = line_table.c
    within = [own.psp == piece.psp, own.at_ms >= piece.since_ms]
    if piece.until_ms is not None:
        within.append(own.at_ms < piece.until_ms)
    for row in tx.execute(select(line_table).where(*within)).all():
        if fresh.get(tuple(row[:3])) == tuple(row):
            del fresh[tuple(row[:3])]
        else:
            this = (own.site_id == row.site_id, own.psp == row.psp, own.reference == row.reference)
            tx.execute(delete(line_table).where(*this))
    insert_many(tx, line_table, list(fresh.values()))


def _rows(tx: Connection, psp: str, lines: Iterable[Booked]) -> Iterable[tuple[object, ...]]:
    """Return the lines of our own sites: another central may charge through the same account."""
    ours = set(sites(tx))
    for one in lines:
        site, _, charge = one.charge.partition(".")
        own_site, _, own = one.key.partition(".")
        if (own_site or site) in ours:
            ids = (own[:ID_CHARS_MAX], charge[:ID_CHARS_MAX])
            what = (own_site or site, psp, one.reference, one.subject.value)
            yield (*what, *ids, one.money.minor, one.money.currency, one.at_ms)


def _first(tx: Connection, psp: str, now_ms: int) -> int:
    """Return when the first charge to this provider was written."""
    own = charge_table.c
    query = select(func.min(own.made_ms)).select_from(charge_table.join(mandate_table, _mandated()))
    return int(tx.execute(query.where(mandate_table.c.psp == psp)).scalar() or now_ms)


def _open(tx: Connection, psp: str, now_ms: int) -> int:
    """Return when the eldest of what has not ended was written: the provider may still book it."""
    own, back, card = charge_table.c, refund_table.c, mandate_table.c
    charged = charge_table.join(mandate_table, _mandated())
    waiting = select(func.min(own.made_ms)).select_from(charged)
    waiting = waiting.where(card.psp == psp, own.state.in_([state.value for state in OPEN]))
    given = refund_table.join(
        charge_table, and_(back.site_id == own.site_id, back.charge_id == own.charge_id)
    ).join(mandate_table, _mandated())
    returning = select(func.min(back.made_ms)).select_from(given)
    returning = returning.where(card.psp == psp, back.state.in_([state.value for state in WORKED]))
    found = [tx.execute(query).scalar() for query in (waiting, returning)]
    return min([now_ms, *(int(one) for one in found if one is not None)])


def _mandated() -> ColumnElement[bool]:
    own, card = charge_table.c, mandate_table.c
    return and_(own.site_id == card.site_id, own.mandate_id == card.mandate_id)


def _whole(at_ms: int) -> int:
    """Return a moment in whole seconds, as providers count."""
    return at_ms // 1000 * 1000
