"""Spoken: what guests typed of a purchase, without names and numbers, sealed and kept for two years."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge import remarks
from edge.core.calendar import DAY_MS
from edge.core.events import Kind, Sealed
from edge.core.feedback import TEXT_CHARS_MAX, FeedbackGiven
from edge.core.plainwords import plain
from edge.core.profiles import RemarkKey, remark_owner
from sync.central import seals
from sync.central.privacy import erasure, retention
from sync.central.privacy.erasure import Gone
from sync.central.registry import guests, staff
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.seals import Written
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    select,
)

NOBODYS = "w:"
"""How the keys begin that words of nobody who is known are sealed under: one for each thirty days."""
ROLL_MS = 30 * DAY_MS
ID_BYTES = 12
NEWEST_MAX = 500
"""So many words of a site are read at once."""

word_table = Table(
    "feedback_word",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("word_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("feedback_word_guest", "site_id", "guest_id"),
    Index("feedback_word_at", "site_id", "at_ms"),
)
_own = word_table.c


class Typed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One word as it is kept; what was typed is sealed, and may be nothing."""

    score: int
    because: str = ""
    articles: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    point: str = ""
    about: str = ""
    sealed: Sealed | None = None


class Source(NamedTuple):
    """Where a word comes from, by a name that it has for ever, when it was said, and what was typed."""

    name: str
    at_ms: int
    text: str


class Heard(NamedTuple):
    """One word as it is read: when, whose (empty: nobody's who is known), what about, and in clear."""

    at_ms: int
    guest: str
    typed: Typed
    text: str


_typed = msgspec.msgpack.Decoder(Typed).decode


def taken(
    tx: Connection, site: str, said: FeedbackGiven, *, device: str, event: tuple[int, bytes | None]
) -> str:
    """Keep what came sealed with a device's word; returns it in clear, empty where none can be read.

    ``event`` is when it was said, in UTC milliseconds, and the band that the event is about.
    """
    at_ms, band = event
    if said.sealed is None:
        return ""
    (text,) = seals.opened(tx, site, [Written(said.sealed, int(Kind.FEEDBACK_GIVEN), band)])
    if not text.strip() or len(text) > 2 * TEXT_CHARS_MAX:
        return ""
    source = f"{device}/{at_ms}/{said.sealed.octets.hex()}"
    return keep(tx, site, said, source=Source(source, at_ms, text))


def keep(tx: Connection, site: str, said: FeedbackGiven, *, source: Source) -> str:
    """Keep a word named by its source, once; returns what was typed, names and numbers masked, as kept."""
    id_, at_ms = id_of(source.name), source.at_ms
    whose = said.guest if said.guest in guests.guests_of(tx, site, [said.guest]) else ""
    owner = remark_owner(whose, b"") if whose else f"{NOBODYS}{at_ms // ROLL_MS}"
    clear = plain(source.text, _names(tx, site, whose)).strip()
    if is_kept(tx, site, source.name):
        return clear
    sealed = None
    if clear:
        public = seals.public_halves(tx, site, [owner])[owner]
        key = RemarkKey(owner=owner, public=public)
        sealed = remarks.seal(clear, key, int(Kind.FEEDBACK_GIVEN), band=id_.encode())
    typed = Typed(
        score=said.score,
        because=said.because,
        articles=said.articles,
        lots=said.lots,
        point=said.point,
        about=said.about,
        sealed=sealed,
    )
    row = {"site_id": site, "word_id": id_, "guest_id": whose, "at_ms": at_ms}
    tx.execute(insert(word_table).values(**row, body=msgspec.msgpack.encode(typed)))
    return clear


def is_kept(tx: Connection, site: str, source: str) -> bool:
    """Say whether the word of a source is here already."""
    query = select(_own.at_ms).where(_own.site_id == site, _own.word_id == id_of(source))
    return tx.execute(query).first() is not None


def id_of(source: str) -> str:
    """Return the name of the word of a source: the same one for ever."""
    return hashlib.blake2b(source.encode(), digest_size=ID_BYTES, person=b"polso word").hexdigest()


def newest(tx: Connection, site: str, *, since_ms: int) -> tuple[Heard, ...]:
    """Return the newest words of a site that were typed since a moment, as far as their keys still exist."""
    query = select(_own.at_ms, _own.guest_id, _own.word_id, _own.body).where(
        _own.site_id == site, _own.at_ms >= since_ms
    )
    return _heard(tx, site, tx.execute(query.order_by(_own.at_ms.desc()).limit(NEWEST_MAX)).all())


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Heard, ...]:
    """Return all that a guest let us know as theirs, the oldest first."""
    query = select(_own.at_ms, _own.guest_id, _own.word_id, _own.body).where(
        _own.site_id == site, _own.guest_id == guest
    )
    return _heard(tx, site, tx.execute(query.order_by(_own.at_ms)).all())


def _heard(tx: Connection, site: str, rows: Sequence[tuple[int, str, str, bytes]]) -> tuple[Heard, ...]:
    found = [(at_ms, guest, id_, _typed(bytes(body))) for at_ms, guest, id_, body in rows]
    written = [
        Written(one.sealed, int(Kind.FEEDBACK_GIVEN), id_.encode())
        for _, _, id_, one in found
        if one.sealed is not None
    ]
    clear = iter(seals.opened(tx, site, written))
    return tuple(
        Heard(at_ms, guest, one, next(clear) if one.sealed is not None else "")
        for at_ms, guest, _, one in found
    )


def _names(tx: Connection, site: str, guest: str) -> list[str]:
    """Return the names that are known to central and may be in a word: of staff, and of who says it."""
    known = [one.name for one in staff.staff(tx, site)]
    mine = guests.guests_of(tx, site, [guest]).get(guest) if guest else None
    return [*known, mine.name] if mine is not None and mine.name else known


def forget(tx: Connection, site: str, gone: Gone) -> None:
    """Delete what an erased guest said; their key goes beside it."""
    tx.execute(delete(word_table).where(and_(_own.site_id == site, _own.guest_id == gone.guest)))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what was said before a moment, and the keys of nobody's words that sealed nothing since."""
    key = seals.seal_table.c
    rolled = select(key.site_id, key.owner).where(key.owner >= NOBODYS, key.owner < "w;")
    for site, owner in tx.execute(rolled).all():
        if int(owner.removeprefix(NOBODYS)) < at_ms // ROLL_MS:
            seals.destroy(tx, site, [owner])
    return tx.execute(delete(word_table).where(_own.at_ms < at_ms)).rowcount


erasure.PLACES.append(forget)
retention.SPOKEN.append(delete_before)
