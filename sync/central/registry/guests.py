"""Guests: who they are to the site, by pseudonym, with what the rules may ask of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from edge.core.entitlements import Party
from edge.errors import Unknown
from sync.central.registry.tables import guest_table
from sync.central.store import Connection, Row, and_, delete, func, insert, now_of, or_, select

PAGE_MAX = 200
"""Guests on one page of the console."""


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
    for start in range(0, len(wanted), PAGE_MAX):
        there = and_(
            guest_table.c.site_id == site, guest_table.c.guest_id.in_(wanted[start : start + PAGE_MAX])
        )
        tx.execute(delete(guest_table).where(there))
    tx.execute(insert(guest_table), [_row(site, guest, now_of(tx)) for guest in guests])


def add_guests(tx: Connection, site: str, guests: Sequence[Guest]) -> None:
    """Store guests that are known to be new: the import's fast way."""
    if guests:
        tx.execute(insert(guest_table), [_row(site, guest, now_of(tx)) for guest in guests])


def guest(tx: Connection, site: str, guest_id: str) -> Guest:
    """Return one guest or raise ``Unknown``."""
    (found, *_) = [*guests_of(tx, site, [guest_id]).values(), None]
    if found is None:
        raise Unknown(f"There is no guest {guest_id}.")
    return found


def guests_of(tx: Connection, site: str, ids: Iterable[str]) -> dict[str, Guest]:
    """Return those of the named guests that exist, by id."""
    found: dict[str, Guest] = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), PAGE_MAX):
        part = guest_table.c.guest_id.in_(wanted[start : start + PAGE_MAX])
        for row in tx.execute(select(guest_table).where(guest_table.c.site_id == site, part)):
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


def _row(site: str, guest: Guest, now_ms: int) -> dict[str, Any]:
    party = guest.party or Party(id="", size=0, role="")
    return {
        "site_id": site,
        "guest_id": guest.id,
        "name": guest.name,
        "language": guest.language,
        "tier": guest.tier,
        "tags": json.dumps(guest.tags),
        "age_band": guest.age_band,
        "height_cm": guest.height_cm,
        "party_id": party.id,
        "party_size": party.size,
        "party_role": party.role,
        "payments": guest.payments,
        "changed_ms": now_ms,
    }


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
