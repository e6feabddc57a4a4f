"""The diary's table: entries of guests by hybrid time, each once, gone with consent, guest or its days."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from edge.core.consent import Consent, Source
from edge.core.profiles import remark_owner
from sync.central.journey.entry import (
    CURRENCY_CHARS_MAX,
    MOVED,
    PAID,
    SAID,
    WORDS_CHARS_MAX,
    Basis,
    Entry,
    Via,
    What,
    allowed,
    basis_of,
)
from sync.central.privacy import erasure, retention
from sync.central.registry import bands, consents, links
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    ENTRIES,
    STEPS,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
    tuple_,
    update,
    wake_here_after,
)

SOURCE_CHARS_MAX = 200
OWNER_CHARS_MAX = 80
PAGE_MAX = 200
BY_CENTRAL = "/central/consents"
"""Source of entries that central makes itself."""

diary_table = Table(
    "diary",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("source", String(SOURCE_CHARS_MAX), primary_key=True),
    Column("id", String(SOURCE_CHARS_MAX), primary_key=True),
    Column("owner", String(OWNER_CHARS_MAX), nullable=False),
    Column("hlc", BigInteger, nullable=False),
    Column("uncertainty_ms", BigInteger, nullable=False),
    Column("via", String(16), nullable=False),
    Column("what", String(32), nullable=False),
    Column("point", String(ID_CHARS_MAX), nullable=False),
    Column("subject", String(WORDS_CHARS_MAX), nullable=False),
    Column("ref", String(WORDS_CHARS_MAX), nullable=False),
    Column("amount_minor", BigInteger),
    Column("currency", String(CURRENCY_CHARS_MAX), nullable=False),
    Column("weight", Integer, nullable=False),
    Column("basis", String(32), nullable=False),
    Column("told_ms", BigInteger, nullable=False),
    Index("diary_owner", "site_id", "owner", "hlc"),
    Index("diary_told", "site_id", "told_ms"),
    Index("diary_hlc", "site_id", "hlc"),
)
"""``told_ms`` is when central heard of it: what is late is found by it, and read again."""
_own = diary_table.c
SALES = Index(
    "diary_sale",
    _own.site_id,
    _own.ref,
    sqlite_where=_own.what == What.BOUGHT.value,
    postgresql_where=_own.what == What.BOUGHT.value,
)
"""What takes a sale back asks whether it was ever made: of a million entries, half a second without it."""
STEPS[9] = lambda tx: SALES.create(tx, checkfirst=True)
_ENTRY = tuple(column for column in _own if column.name not in ("site_id", "basis", "told_ms"))
_order = (_own.hlc, _own.source, _own.id)
WRITTEN: list[Callable[[Connection, str, Sequence[Entry]], None]] = []
"""Rooms that are told what is new, in that very transaction; each adds itself when it is imported."""
Mark = tuple[int, str, str]
"""An entry's place: its time, source and id."""


class Kept(NamedTuple):
    """What became of entries: new ones, those known before, and those that no consent lets us keep."""

    new: int
    again: int
    refused: int


def put(tx: Connection, site: str, entries: Sequence[Entry]) -> Kept:
    """Keep what is new of these and may be kept; call it while holding the site's turn.

    The caller sees to it that whoever they are of is known here: nobody comes back after an erasure.
    """
    guests = sorted({one.owner[2:] for one in entries if one.owner.startswith("g:")})
    said = consents.consents_of(tx, site, guests)
    good = [one for one in entries if allowed(said.get(one.owner[2:], ()), one.what, one.via)]
    known = _known(tx, site, [(one.source, one.id) for one in good])
    fresh = {(one.source, one.id): one for one in good if (one.source, one.id) not in known}
    rows = [
        {**one._asdict(), "site_id": site, "basis": one.basis.value, "told_ms": now_of(tx)}
        for one in fresh.values()
    ]
    if rows:
        tx.execute(insert(diary_table), rows)
        wake_here_after(tx, ENTRIES)
        for tell in WRITTEN:
            tell(tx, site, list(fresh.values()))
    return Kept(len(rows), len(good) - len(rows), len(entries) - len(good))


def of_guest(
    tx: Connection, site: str, owner: str, *, before: Mark | None = None, limit: int = PAGE_MAX
) -> tuple[Entry, ...]:
    """Return a page of somebody's diary, the newest first; the next one begins before its last one's mark.

    Who was found to be one with others has one diary with them. What their consents do not let us use is
    not in it, even while it is kept for the day on which they part.
    """
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)), *_shown(tx, site, owner))
    if before is not None:
        here = and_(here, tuple_(*_order) < before)
    query = select(*_ENTRY).where(here).order_by(*(one.desc() for one in _order)).limit(limit)
    return tuple(map(_entry, tx.execute(query)))


def held_of(tx: Connection, site: str, owner: str, *, limit: int) -> tuple[Entry, ...]:
    """Return all that is held of somebody, newest first, also what nobody may use: it is theirs to see."""
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)))
    query = select(*_ENTRY).where(here).order_by(*(one.desc() for one in _order)).limit(limit)
    return tuple(map(_entry, tx.execute(query)))


def bought(tx: Connection, site: str, owner: str, *, ref: str) -> frozenset[str]:
    """Return the articles that somebody, under whichever of their names, bought in one purchase."""
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)))
    query = select(_own.subject).where(here, _own.what == What.BOUGHT.value, _own.ref == ref)
    return frozenset(one for subject in tx.execute(query).scalars() for one in subject.split())


def entered_by(tx: Connection, site: str, owner: str, *, right: str) -> bool:
    """Say whether somebody passed by a right, and was not taken back."""
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)))
    passed = or_(_own.ref == right, _own.weight < 0)
    query = select(_own.source, _own.id, _own.ref, _own.weight).where(
        here, _own.what == What.ENTERED.value, passed
    )
    rows = tx.execute(query).all()
    back = {(row.source, row.ref) for row in rows if row.weight < 0}
    return any(row.weight > 0 and (row.source, row.id) not in back for row in rows)


def purchase(tx: Connection, site: str, owner: str, *, ref: str) -> Entry | None:
    """Return the entry of one purchase of somebody, under whichever of their names; None: there is none."""
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)), _own.weight > 0)
    query = select(*_ENTRY).where(here, _own.what == What.BOUGHT.value, _own.ref == ref)
    row = tx.execute(query.order_by(*_order).limit(1)).first()
    return None if row is None else _entry(row)


def is_spoken_of(tx: Connection, site: str, owner: str, *, ref: str, since_ms: int = 0) -> bool:
    """Say whether somebody has said by name how one purchase was, or (no ``ref``) the visit, since then."""
    here = and_(_own.site_id == site, _own.owner.in_(_owners(tx, site, owner)))
    query = select(_own.id).where(here, _own.what == What.FED_BACK.value, _own.ref == ref)
    query = query.where(_own.hlc >= since_ms << 16)
    return tx.execute(query.limit(1)).first() is not None


def mark_of(one: Entry) -> Mark:
    """Return an entry's place."""
    return one.hlc, one.source, one.id


def arrival_of(tx: Connection, site: str, left: Entry) -> Entry | None:
    """Return when somebody was last noticed where they left, before that."""
    there = and_(_is_of(site, left.owner), _own.what == What.ARRIVED.value, _own.hlc <= left.hlc)
    query = select(*_ENTRY).where(there, _own.point == left.point, _own.subject == left.subject)
    row = tx.execute(query.order_by(*(one.desc() for one in _order)).limit(1)).first()
    return None if row is None else _entry(row)


def sales(tx: Connection, site: str, wanted: Iterable[str]) -> set[str]:
    """Return which of these references some purchase in the diary has, whoever's it is by now."""
    found: set[str] = set()
    for part in parts(sorted(set(wanted))):
        here = and_(_own.site_id == site, _own.what == What.BOUGHT.value, _own.ref.in_(part))
        found.update(tx.execute(select(_own.ref).where(here)).scalars())
    return found


def returned(tx: Connection, site: str, owners: Iterable[str]) -> set[tuple[str, str]]:
    """Return which sales of these came back, as owner and reference: refunded, or told to be none."""
    found: set[tuple[str, str]] = set()
    back = or_(_own.what == What.REFUNDED.value, and_(_own.what == What.BOUGHT.value, _own.weight < 0))
    for part in parts(sorted(set(owners))):
        here = and_(_own.site_id == site, _own.owner.in_(part), back)
        found.update((row.owner, row.ref) for row in tx.execute(select(_own.owner, _own.ref).where(here)))
    return found


def forget(tx: Connection, site: str, owners: Iterable[str]) -> None:
    """Forget all of these."""
    for part in parts(sorted(set(owners))):
        tx.execute(delete(diary_table).where(_own.site_id == site, _own.owner.in_(part)))


def delete_before(tx: Connection, at_ms: int, *, kinds: Collection[What]) -> int:
    """Forget what happened before a moment and is of these kinds; returns how much."""
    old = and_(_own.hlc < at_ms << 16, _own.what.in_(sorted(kinds)))
    return tx.execute(delete(diary_table).where(old)).rowcount


def heed(
    tx: Connection, site: str, guest: str, *, before: Sequence[Consent], after: Sequence[Consent]
) -> None:
    """Write down what a guest changed of what they allow, and forget what nothing lets us keep any more."""
    owner = remark_owner(guest, b"")
    put(tx, site, [_changed(owner, one) for one in after if one not in before])
    for what, via in sorted(set(_closed(after)) - set(_closed(before))):
        this = and_(_own.what == what.value, _own.via == via.value)
        tx.execute(delete(diary_table).where(_is_of(site, owner), this))


def settle(tx: Connection, site: str, guest: str) -> None:
    """Forget what a guest's consents do not let us use, which was kept while it could be taken back."""
    said = consents.consents_of(tx, site, [guest]).get(guest, ())
    for what, via in _closed(said):
        this = and_(_own.what == what.value, _own.via == via.value)
        tx.execute(delete(diary_table).where(_is_of(site, remark_owner(guest, b"")), this))


def claim(tx: Connection, site: str, band: bytes, *, guest: str) -> int:
    """Give the diary of a band that was nobody's to whom it is now; returns how many entries that was."""
    nobodys = _is_of(site, remark_owner(None, band))
    return tx.execute(update(diary_table).where(nobodys).values(owner=remark_owner(guest, b""))).rowcount


def _changed(owner: str, one: Consent) -> Entry:
    return Entry(
        source=BY_CENTRAL,
        id=f"{owner}/{one.purpose}/{one.turns}",
        owner=owner,
        hlc=one.since_ms << 16,
        uncertainty_ms=0,
        via=_SAID_AT.get(one.source, Via.DESK),
        what=What.CONSENT_CHANGED,
        point=one.point,
        subject=one.purpose,
        ref="yes" if one.given else "no",
    )


_SAID_AT = {one.value: Via(one.value) for one in Source if one.value in frozenset(Via)}


def _owners(tx: Connection, site: str, owner: str) -> list[str]:
    lead, _, guest = owner.partition(":")
    people = links.together(tx, site, [guest]) if lead == "g" else ()
    return [remark_owner(one, b"") for one in people] or [owner]


def _shown(tx: Connection, site: str, owner: str) -> list[ColumnElement[bool]]:
    """Return what an entry must be so that consents let it be used."""
    guest = owner.partition(":")[2]
    closed: dict[str, list[str]] = {}
    for what, via in _closed(consents.consents_of(tx, site, [guest]).get(guest, ())):
        closed.setdefault(what.value, []).append(via.value)
    whole = [what for what, vias in closed.items() if len(vias) == len(Via)]
    some = {what: vias for what, vias in closed.items() if len(vias) < len(Via)}
    narrowed = (or_(_own.what != what, _own.via.not_in(vias)) for what, vias in some.items())
    return [*([_own.what.not_in(whole)] if whole else ()), *narrowed]


def _closed(said: Sequence[Consent]) -> list[tuple[What, Via]]:
    """Return which kinds by which channel nothing lets us use."""
    kinds = [what for what in What if basis_of(what) is not Basis.CONTRACT]
    return [(what, via) for what in kinds for via in Via if not allowed(said, what, via)]


def _is_of(site: str, owner: str) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.owner == owner)


def _known(tx: Connection, site: str, wanted: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    by_source: dict[str, set[str]] = {}
    for source, id_ in wanted:
        by_source.setdefault(source, set()).add(id_)
    found: set[tuple[str, str]] = set()
    for source, ids in by_source.items():
        for part in parts(sorted(ids)):
            query = select(_own.id).where(_own.site_id == site, _own.source == source, _own.id.in_(part))
            found.update((source, id_) for id_ in tx.execute(query).scalars())
    return found


def _entry(row: Row[Any]) -> Entry:
    told = dict(row._mapping)
    return Entry(**told | {"via": Via(row.via), "what": What(row.what)})


def delete_unclaimed(tx: Connection, at_ms: int) -> int:
    """Forget what bands that nobody claimed did before a moment, purchases too; returns how much."""
    old = and_(_own.hlc < at_ms << 16, _own.owner.startswith("b:"))
    return tx.execute(delete(diary_table).where(old)).rowcount


bands.CLAIMED.append(claim)
consents.HEEDED.append(heed)
erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.owners))
retention.MOVED.append(partial(delete_before, kinds=MOVED))
retention.KEPT.append(delete_unclaimed)
retention.KEPT.append(partial(delete_before, kinds=SAID))
retention.BOOKED.append(partial(delete_before, kinds=PAID))
