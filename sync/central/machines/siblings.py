"""Siblings: each device of a site is told of the others, where they stand and by which key they sign."""

from __future__ import annotations

import msgspec

from edge.core.siblings import SIBLING, Sibling
from sync.central.feed import Change, item_table, publish
from sync.central.machines.devices import ACTIVE, devices
from sync.central.machines.keys import keys
from sync.central.store import Connection, select

_encode = msgspec.msgpack.Encoder().encode


def due(tx: Connection, site: str) -> list[Change]:
    """Return what devices have not been told yet: who came, who has another key, who is revoked."""
    now = {one.id: _encode(_told(tx, site, one.id, points=one.points)) for one in devices(tx, site)
           if one.state == ACTIVE}  # fmt: skip
    there = (item_table.c.site_id == site, item_table.c.kind == SIBLING)
    rows = tx.execute(select(item_table.c.key, item_table.c.body).where(*there))
    told = {str(row.key): bytes(row.body) for row in rows if row.body is not None}
    return [
        Change(SIBLING, one, now.get(one)) for one in sorted({*now, *told}) if now.get(one) != told.get(one)
    ]


def tell(tx: Connection, site: str) -> int:
    """Tell what is due; returns of how many devices. Call it holding the site's turn."""
    changes = due(tx, site)
    if changes:
        publish(tx, site, changes)
    return len(changes)


def _told(tx: Connection, site: str, id_: str, *, points: tuple[str, ...]) -> Sibling:
    present = keys(tx, site, id_)[-1]
    return Sibling(id=id_, points=points, public_key=present.public_key)
