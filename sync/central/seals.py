"""Seals: one key per guest, under which lies what staff wrote of them: destroyed, it is erased everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge import remarks
from edge.core.events import Sealed
from edge.core.profiles import RemarkKey
from sync.central.feed import Change, publish
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert_many,
    metadata,
    now_of,
    select,
    text,
)
from sync.wire import REMARKS

SITES = "s:"
"""How the site's own keys begin; each of them ends with the moment that it was made."""
SITE_ROLL_MS = 30 * 24 * 3_600_000
"""So long the site's own key seals before another one does."""
MANY_MIN = 1_000
"""So many keys at once are an import's."""
ASKED_MAX = 5_000
"""Owners named in one statement."""

OWNER_CHARS_MAX = 80

seal_table = Table(
    "remark_key",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("owner", String(OWNER_CHARS_MAX), primary_key=True),
    Column("private", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
MAKE = text(
    "INSERT INTO remark_key (site_id, owner, private, public, made_ms)"
    " VALUES (:site_id, :owner, :private, :public, :made_ms) ON CONFLICT DO NOTHING"
)


class Written(NamedTuple):
    """A sealed remark and where it stands: in an event of this kind about this band."""

    sealed: Sealed
    kind: int
    band: bytes | None


def public_halves(tx: Connection, site: str, owners: Iterable[str]) -> dict[str, bytes]:
    """Return the public half of each owner's key, made at the first call."""
    wanted = sorted(set(owners))
    found = _public(tx, site, wanted)
    lacking = [owner for owner in wanted if owner not in found]
    if len(lacking) >= MANY_MIN:
        return found | _make_many(tx, site, lacking)
    if lacking:
        _make(tx, site, lacking)
        found |= _public(tx, site, lacking)
    return found


def destroy(tx: Connection, site: str, owners: Iterable[str]) -> None:
    """Destroy the keys of these owners: what is sealed under them is noise from now on, wherever it lies."""
    wanted = sorted(set(owners))
    for start in range(0, len(wanted), ASKED_MAX):
        part = seal_table.c.owner.in_(wanted[start : start + ASKED_MAX])
        tx.execute(delete(seal_table).where(and_(seal_table.c.site_id == site, part)))


def opened(tx: Connection, site: str, written: Sequence[Written]) -> list[str]:
    """Return remarks in clear, in order; nothing where the owner's key is destroyed or none of ours."""
    if not written:
        return []
    own = seal_table.c
    owners = sorted({one.sealed.owner for one in written if _fits(one.sealed.owner)})[:ASKED_MAX]
    rows = tx.execute(select(own.owner, own.private).where(own.site_id == site, own.owner.in_(owners))).all()
    keys = {row.owner: bytes(row.private) for row in rows}
    return [
        remarks.opened(one.sealed, keys[one.sealed.owner], one.kind, band=one.band)
        if one.sealed.owner in keys
        else ""
        for one in written
    ]


def publish_site_key(tx: Connection, site: str) -> bool:
    """Give the site a key of its own where it has none or an old one, and tell the edges; say whether."""
    newest = max(_made(tx, site), default=0)
    now_ms = now_of(tx)
    if newest and now_ms - newest < SITE_ROLL_MS:
        return False
    owner = f"{SITES}{now_ms}"
    key = RemarkKey(owner=owner, public=public_halves(tx, site, [owner])[owner])
    publish(tx, site, [Change(REMARKS, "", msgspec.msgpack.encode(key))])
    return True


def destroy_site_keys(tx: Connection, site: str, before_ms: int) -> int:
    """Destroy the site's own keys that have not sealed anything since a moment; return how many."""
    old = [made for made in _made(tx, site) if made + SITE_ROLL_MS < before_ms]
    destroy(tx, site, [f"{SITES}{made}" for made in old])
    return len(old)


def _fits(owner: str) -> bool:
    """Whether an owner that a device named can be one at all; no database is asked for others."""
    return owner.isprintable() and len(owner) <= OWNER_CHARS_MAX


def _made(tx: Connection, site: str) -> list[int]:
    """Return when each of the site's own keys was made."""
    own = seal_table.c
    found = select(own.made_ms).where(own.site_id == site, own.owner >= SITES, own.owner < "s;")
    return [int(made) for made in tx.execute(found).scalars()]


def _public(tx: Connection, site: str, owners: Sequence[str]) -> dict[str, bytes]:
    own, found = seal_table.c, dict[str, bytes]()
    for start in range(0, len(owners), ASKED_MAX):
        part = own.owner.in_(owners[start : start + ASKED_MAX])
        rows = tx.execute(select(own.owner, own.public).where(own.site_id == site, part))
        found.update({row.owner: bytes(row.public) for row in rows})
    return found


def _make_many(tx: Connection, site: str, owners: Sequence[str]) -> dict[str, bytes]:
    """Make an import's keys, which holds the site's turn: nobody makes the same ones meanwhile."""
    now_ms, pairs = now_of(tx), {owner: remarks.new_pair() for owner in owners}
    rows = [(site, owner, private, public, now_ms) for owner, (private, public) in pairs.items()]
    insert_many(tx, seal_table, rows)
    return {owner: public for owner, (_, public) in pairs.items()}


def _make(tx: Connection, site: str, owners: Sequence[str]) -> None:
    now_ms = now_of(tx)
    rows = []
    for owner in owners:
        private, public = remarks.new_pair()
        row = {"site_id": site, "owner": owner, "private": private, "public": public, "made_ms": now_ms}
        rows.append(row)
    tx.execute(MAKE, rows)
