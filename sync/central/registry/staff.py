"""Staff: the people who work at a site, as far as its gates must know them."""

from __future__ import annotations

import json

import msgspec

from edge.core.profiles import StaffMember
from edge.errors import Unknown
from sync.central.feed import Change, publish
from sync.central.registry.tables import staff_table
from sync.central.store import Connection, delete, insert, now_of, select

STAFF = "staff"


def put_staff(tx: Connection, site: str, member: StaffMember) -> None:
    """Store and publish one member of staff, new or changed."""
    tx.execute(delete(staff_table).where(staff_table.c.site_id == site, staff_table.c.staff_id == member.id))
    row = {
        "site_id": site,
        "staff_id": member.id,
        "name": member.name,
        "roles": json.dumps(member.roles),
        "badge": member.badge,
        "pin_hash": member.pin_hash,
        "changed_ms": now_of(tx),
    }
    tx.execute(insert(staff_table).values(row))
    publish(tx, site, [Change(STAFF, member.id, msgspec.msgpack.encode(member))])


def remove_staff(tx: Connection, site: str, id_: str) -> None:
    """Remove one member of staff from every gate."""
    there = (staff_table.c.site_id == site, staff_table.c.staff_id == id_)
    if not tx.execute(delete(staff_table).where(*there)).rowcount:
        raise Unknown(f"Nobody here is called {id_}.")
    publish(tx, site, [Change(STAFF, id_, None)])


def staff(tx: Connection, site: str) -> tuple[StaffMember, ...]:
    """Return everybody who works at the site, by id."""
    query = select(staff_table).where(staff_table.c.site_id == site).order_by(staff_table.c.staff_id)
    return tuple(
        StaffMember(
            id=row.staff_id,
            name=row.name,
            roles=tuple(json.loads(row.roles)),
            badge=row.badge,
            pin_hash=row.pin_hash,
        )
        for row in tx.execute(query)
    )


def badges(tx: Connection, site: str) -> dict[bytes, str]:
    """Return whose badge a band is, for every badge of the site."""
    own = staff_table.c
    query = select(own.badge, own.staff_id).where(own.site_id == site, own.badge != "")
    return {bytes.fromhex(row.badge): row.staff_id for row in tx.execute(query)}
