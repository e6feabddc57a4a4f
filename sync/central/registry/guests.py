"""Guests: who they are to the site, by pseudonym, with what the rules may ask of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.core.entitlements import Party
from edge.errors import Unknown
from sync.central.registry.tables import Record, guest_table, parts
from sync.central.store import Connection, Row, and_, delete, func, insert_many, now_of, or_, select

PAGE_MAX = 200
"""Guests on one page of the console."""
NO_PARTY = Party(id="", size=0, role="")


class Guest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guest; ``id`` is the operator's pseudonym and must not be personal by itself."""

    id: str
    name: str = ""
    """First name or nickname, given only if the guest allows it on screens."""
    language: str = ""
    tier: str = ""
    tags: tuple[str, ...] = ()
    age_band: str = ""
    height_cm: int | None = None
    party: Party | None = None
    payments: bool = False


def put_guests(tx: Connection, site: str, guests: Sequence[Guest]) -> None:
    """Store guests whole, new or changed; profiles are not published by this."""
    if not guests:
        return
    wanted = [guest.id for guest in guests]
    for part in parts(wanted):
        there = and_(guest_table.c.site_id == site, guest_table.c.guest_id.in_(part))
        tx.execute(delete(guest_table).where(there))
    add_guests(tx, site, guests)


def add_guests(tx: Connection, site: str, guests: Sequence[Guest]) -> None:
    """Store guests that are known to be new: the import's fast way."""
    now_ms = now_of(tx)
    insert_many(tx, guest_table, [_row(site, guest, now_ms) for guest in guests])


def forget(tx: Connection, site: str, guest_id: str) -> None:
    """Delete a guest's row; profiles are not published by this."""
    tx.execute(delete(guest_table).where(guest_table.c.site_id == site, guest_table.c.guest_id == guest_id))


def guest(tx: Connection, site: str, guest_id: str) -> Guest:
    """Return one guest or raise ``Unknown``."""
    (found, *_) = [*guests_of(tx, site, [guest_id]).values(), None]
    if found is None:
        raise Unknown(f"There is no guest {guest_id}.")
    return found


def guests_of(tx: Connection, site: str, ids: Iterable[str]) -> dict[str, Guest]:
    """Return those of the named guests that exist, by id."""
    found: dict[str, Guest] = {}
    for part in parts(sorted(set(ids))):
        there = and_(guest_table.c.site_id == site, guest_table.c.guest_id.in_(part))
        for row in tx.execute(select(guest_table).where(there)):
            found[row.guest_id] = _guest(row)
    return found


def search_guests(tx: Connection, site: str, text: str, *, after: str = "") -> tuple[Guest, ...]:
    """Return one page of guests whose id or name begins with ``text``, by id, after ``after``."""
    begins = or_(
        guest_table.c.guest_id.startswith(text, autoescape=True),
        func.lower(guest_table.c.name).startswith(text.lower(), autoescape=True),
    )
    query = select(guest_table).where(guest_table.c.site_id == site, guest_table.c.guest_id > after, begins)
    return tuple(_guest(row) for row in tx.execute(query.order_by(guest_table.c.guest_id).limit(PAGE_MAX)))


def count_guests(tx: Connection, site: str) -> int:
    """Return how many guests the site has."""
    query = select(func.count()).select_from(guest_table).where(guest_table.c.site_id == site)
    return int(tx.execute(query).scalar_one())


def _row(site: str, guest: Guest, now_ms: int) -> Record:
    """Return a guest in the order of the table's columns."""
    party = guest.party or NO_PARTY
    return (
        site,
        guest.id,
        guest.name,
        guest.language,
        guest.tier,
        json.dumps(guest.tags) if guest.tags else "[]",
        guest.age_band,
        guest.height_cm,
        party.id,
        party.size,
        party.role,
        guest.payments,
        now_ms,
    )


def _guest(row: Row[Any]) -> Guest:
    party = Party(id=row.party_id, size=row.party_size, role=row.party_role) if row.party_id else None
    return Guest(
        id=row.guest_id,
        name=row.name,
        language=row.language,
        tier=row.tier,
        tags=tuple(json.loads(row.tags)),
        age_band=row.age_band,
        height_cm=row.height_cm,
        party=party,
        payments=row.payments,
    )
