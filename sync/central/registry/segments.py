"""Segments: the codes of what each guest belongs to, kept at central and let out as far as consents go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from edge.core.consent import Namespace
from edge.core.profiles import Profile, in_words
from edge.core.segments import CODE_CHARS_MAX, SEGMENTS_MAX, covered, is_code, plain
from edge.errors import Refused
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    select,
)


class Moves(Protocol):
    """What a room does where a guest came into segments or left them, in that very transaction."""

    def __call__(
        self, tx: Connection, site: str, guest: str, *, entered: Iterable[str], left: Iterable[str]
    ) -> None:
        """Act on it."""


MOVED: list[Moves] = []
"""Rooms that act on it; each adds itself when it is imported."""

segment_table = Table(
    "segment",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), primary_key=True),
    Column("code", String(CODE_CHARS_MAX), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
)


def segments_of(tx: Connection, site: str, guests: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return every code of the named guests, whatever they allow: for central's own eyes."""
    found: dict[str, list[str]] = defaultdict(list)
    own = segment_table.c
    for part in parts(sorted(set(guests))):
        query = select(own.guest_id, own.code).where(own.site_id == site, own.guest_id.in_(part))
        for guest, code in tx.execute(query.order_by(own.guest_id, own.code)):
            found[guest].append(code)
    return {guest: tuple(codes) for guest, codes in found.items()}


def holders(tx: Connection, site: str, code: str) -> tuple[str, ...]:
    """Return every guest who belongs to a segment, whatever they allow: for central's own eyes."""
    own = segment_table.c
    found = select(own.guest_id).where(own.site_id == site, own.code == code)
    return tuple(tx.execute(found.order_by(own.guest_id)).scalars())


def put(tx: Connection, site: str, guest: str, *, codes: Sequence[str], since_ms: int | None = None) -> bool:
    """Store what a guest belongs to, whole; say whether that changed. Nothing is published by this.

    ``since_ms`` is when what is new was declared, in milliseconds of UTC; None: just now.
    """
    wanted = tuple(sorted(set(codes)))
    wrong = next((code for code in wanted if not is_code(code)), None)
    if wrong is not None:
        raise Refused(
            f"{wrong[:CODE_CHARS_MAX]!r} is no segment's code.",
            hint=f"Write it as behaviour:coffee; the namespaces are {', '.join(Namespace)}.",
        )
    if len(wanted) > SEGMENTS_MAX:
        raise Refused(f"A guest belongs to at most {SEGMENTS_MAX} segments.")
    own, fresh_ms = segment_table.c, now_of(tx) if since_ms is None else since_ms
    there = and_(own.site_id == site, own.guest_id == guest)
    known = set(tx.execute(select(own.code).where(there)).scalars())
    if known == set(wanted):
        return False
    # What stays keeps its age: interests are as old as they were declared.
    tx.execute(delete(segment_table).where(there, own.code.not_in(wanted)))
    fresh = [code for code in wanted if code not in known]
    rows = [{"site_id": site, "guest_id": guest, "code": code, "since_ms": fresh_ms} for code in fresh]
    if rows:
        tx.execute(insert(segment_table), rows)
    for tell in MOVED:
        tell(tx, site, guest, entered=fresh, left=sorted(known - set(wanted)))
    return True


def forget(tx: Connection, site: str, guests: Iterable[str]) -> None:
    """Forget what these guests belong to."""
    for part in parts(sorted(set(guests))):
        there = and_(segment_table.c.site_id == site, segment_table.c.guest_id.in_(part))
        tx.execute(delete(segment_table).where(there))


def told(profile: Profile, codes: Mapping[str, Sequence[str]]) -> Profile:
    """Return a profile with those codes of its guest that the consents in it cover."""
    mine = covered(codes.get(profile.guest or "", ()), profile.consents)
    return msgspec.structs.replace(profile, tags=(*plain(profile.tags), *in_words(profile.language), *mine))
