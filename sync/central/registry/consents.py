"""Consents at central: what each guest allows, told by devices and operators, published with the profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from edge.core.consent import Consent, Purpose, Source, merged, said
from edge.errors import Refused
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

PURPOSE_CHARS_MAX = 64
TURNS_MAX = 2**31 - 1

consent_table = Table(
    "consent",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("purpose", String(PURPOSE_CHARS_MAX), primary_key=True),
    Column("turns", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
)


def consents_of(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, tuple[Consent, ...]]:
    """Return what the named guests say, by guest."""
    found: dict[str, list[Consent]] = defaultdict(list)
    own = consent_table.c
    for part in parts(sorted(set(guests))):
        query = select(consent_table).where(own.site_id == site, own.guest_id.in_(part))
        for row in tx.execute(query.order_by(own.purpose)):
            found[row.guest_id].append(
                Consent(purpose=row.purpose, turns=row.turns, since_ms=row.since_ms, source=row.source)
            )
    return {guest: tuple(consents) for guest, consents in found.items()}


def take(tx: Connection, site: str, guest: str, *, told: Sequence[Consent]) -> bool:
    """Keep what is newer of what a device tells; say whether anything was. Nothing is published by this."""
    before = consents_of(tx, site, [guest]).get(guest, ())
    after = merged(before, [one for one in told if _fits(one)])
    if after == before:
        return False
    _put(tx, site, guest, consents=after)
    return True


def set_here(tx: Connection, site: str, guest: str, *, purpose: str, given: bool) -> bool:
    """Take a guest's word at the console; say whether it was a new one. Nothing is published by this."""
    if purpose not in frozenset(Purpose):
        raise Refused(f"There is no purpose {purpose[:40]!r}; there are {', '.join(Purpose)}.")
    before = consents_of(tx, site, [guest]).get(guest, ())
    wanted = Consent(purpose=purpose, turns=0, since_ms=now_of(tx), source=Source.CONSOLE.value)
    answer = said(before, wanted, given=given)
    if answer is None:
        return False
    _put(tx, site, guest, consents=merged(before, [answer]))
    return True


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget what these guests said."""
    for part in parts(sorted(set(guests))):
        there = and_(consent_table.c.site_id == site, consent_table.c.guest_id.in_(part))
        tx.execute(delete(consent_table).where(there))


def _put(tx: Connection, site: str, guest: str, *, consents: Sequence[Consent]) -> None:
    forget(tx, site, [guest])
    rows = [
        {
            "site_id": site,
            "guest_id": guest,
            "purpose": one.purpose,
            "turns": one.turns,
            "since_ms": one.since_ms,
            "source": one.source,
        }
        for one in consents
    ]
    if rows:
        tx.execute(insert(consent_table), rows)


def _fits(told: Consent) -> bool:
    """Whether a word can be kept: one of a future version may be longer than our columns."""
    short = len(told.purpose) <= PURPOSE_CHARS_MAX and len(told.source) <= 16
    printable = told.purpose.isprintable() and told.source.isprintable()
    return short and printable and 0 < told.turns <= TURNS_MAX and 0 <= told.since_ms < 2**53
