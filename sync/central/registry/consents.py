"""Consents at central: what each guest allows, told by devices and operators, published with the profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from edge.core.consent import (
    QUIET,
    TEXT_VERSION,
    TOPICS,
    Consent,
    Source,
    is_topic,
    merged,
    said,
)
from edge.errors import Refused
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    text,
)

PURPOSE_CHARS_MAX = 64
TURNS_MAX = 2**31 - 1


class Heeds(Protocol):
    """What a room does where a guest changed what they allow, in that very transaction."""

    def __call__(
        self, tx: Connection, site: str, guest: str, *, before: Sequence[Consent], after: Sequence[Consent]
    ) -> None:
        """Act on it."""


class PassesOn(Protocol):
    """What a room does with words that a guest said, in that very transaction."""

    def __call__(self, tx: Connection, site: str, guest: str, *, words: Sequence[Consent]) -> None:
        """Act on it."""


HEEDED: list[Heeds] = []
"""Rooms that act on a change, whichever way it was said; each adds itself when it is imported."""
STOOD: list[Heeds] = []
"""Rooms that are told of words that nobody spoke: those of somebody who is one with the guest."""
SPOKEN: list[PassesOn] = []
"""Rooms that pass words on to others, once they are kept and heeded; also where they say nothing new."""

consent_table = Table(
    "consent",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("purpose", String(PURPOSE_CHARS_MAX), primary_key=True),
    Column("turns", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("text", Integer, nullable=False, server_default="0"),
    Column("point", String(ID_CHARS_MAX), nullable=False, server_default=""),
)


def coverage(tx: Connection, site: str) -> dict[str, int]:
    """Return of how many guests a yes stands to each topic, with the way that it is for, in their order."""
    own = consent_table.c
    query = select(own.purpose, func.count()).where(own.site_id == site, own.turns % 2 == 1)
    rows = tx.execute(query.group_by(own.purpose).order_by(own.purpose))
    return {purpose: int(count) for purpose, count in rows}


def _remember_the_wording(tx: Connection) -> None:
    tx.execute(text("ALTER TABLE consent ADD COLUMN text INTEGER NOT NULL DEFAULT 0"))
    tx.execute(text("ALTER TABLE consent ADD COLUMN point VARCHAR(64) NOT NULL DEFAULT ''"))


STEPS[8] = _remember_the_wording


def consents_of(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, tuple[Consent, ...]]:
    """Return what the named guests say, by guest."""
    found: dict[str, list[Consent]] = defaultdict(list)
    own = consent_table.c
    for part in parts(sorted(set(guests))):
        query = select(consent_table).where(own.site_id == site, own.guest_id.in_(part))
        for row in tx.execute(query.order_by(own.purpose)):
            found[row.guest_id].append(
                Consent(
                    purpose=row.purpose,
                    turns=row.turns,
                    since_ms=row.since_ms,
                    source=row.source,
                    text=row.text,
                    point=row.point,
                )
            )
    return {guest: tuple(consents) for guest, consents in found.items()}


def take(tx: Connection, site: str, guest: str, *, told: Sequence[Consent]) -> bool:
    """Keep what is newer of what a device tells; say whether anything was. Nothing is published by this."""
    before = consents_of(tx, site, [guest]).get(guest, ())
    after = merged(before, [one for one in told if _fits(one)])
    if after == before:
        return False
    _change(tx, site, guest, before=before, after=after)
    return True


def set_here(tx: Connection, site: str, guest: str, *, purpose: str, given: bool) -> bool:
    """Take a guest's word at the console; say whether it was a new one. Nothing is published by this."""
    if not is_topic(purpose) or purpose == QUIET:
        raise Refused(f"There is no purpose {purpose[:40]!r}; there are {', '.join(TOPICS)}.")
    wanted = Consent(
        purpose=purpose,
        turns=0,
        since_ms=now_of(tx),
        source=Source.CONSOLE.value,
        text=TEXT_VERSION,
    )
    return say(tx, site, guest, wanted=wanted, given=given)


def say(tx: Connection, site: str, guest: str, *, wanted: Consent, given: bool) -> bool:
    """Take a guest's word, said elsewhere at ``since_ms``; say whether it was a new one.

    A yes from before a no does not bring back what the no took, however late the yes arrives.
    """
    before = consents_of(tx, site, [guest]).get(guest, ())
    known = next((one for one in before if one.purpose == wanted.purpose), None)
    if given and known is not None and not known.given and wanted.since_ms <= known.since_ms:
        return False
    answer = said(before, wanted, given=given)
    if answer is None:
        _pass_on(tx, site, guest, words=[one for one in (known,) if one is not None])
        return False
    _change(tx, site, guest, before=before, after=merged(before, [answer]))
    return True


def stand(tx: Connection, site: str, guest: str, *, words: Iterable[Consent]) -> None:
    """Keep words as they are: those of somebody who is one with this guest. Nobody heeds them as spoken."""
    before, after = consents_of(tx, site, [guest]).get(guest, ()), merged(words)
    _put(tx, site, guest, consents=after)
    for tell in STOOD:
        tell(tx, site, guest, before=before, after=after)


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget what these guests said."""
    for part in parts(sorted(set(guests))):
        there = and_(consent_table.c.site_id == site, consent_table.c.guest_id.in_(part))
        tx.execute(delete(consent_table).where(there))


def _change(
    tx: Connection, site: str, guest: str, *, before: Sequence[Consent], after: Sequence[Consent]
) -> None:
    _put(tx, site, guest, consents=after)
    for heed in HEEDED:
        heed(tx, site, guest, before=before, after=after)
    _pass_on(tx, site, guest, words=[one for one in after if one not in before])


def _pass_on(tx: Connection, site: str, guest: str, *, words: Sequence[Consent]) -> None:
    for pass_on in SPOKEN:
        pass_on(tx, site, guest, words=words)


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
            "text": one.text,
            "point": one.point,
        }
        for one in consents
    ]
    if rows:
        tx.execute(insert(consent_table), rows)


def _fits(told: Consent) -> bool:
    """Whether a word can be kept: one of a future version may be longer than our columns."""
    short = len(told.purpose) <= PURPOSE_CHARS_MAX and len(told.source) <= 16
    short = short and len(told.point) <= ID_CHARS_MAX and 0 <= told.text <= TURNS_MAX
    printable = told.purpose.isprintable() and told.source.isprintable() and told.point.isprintable()
    return short and printable and 0 < told.turns <= TURNS_MAX and 0 <= told.since_ms < 2**53
