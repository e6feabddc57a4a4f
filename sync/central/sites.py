"""Sites: each place that shares bands and one numbered feed, with the key of its band pseudonyms."""

from __future__ import annotations

import re
import secrets

from edge.errors import Refused, Unknown
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
    update,
)

BAND_KEY_BYTES = 32
EPOCH_BITS = 52
"""Fits a JSON number; 0 is left to an edge that has heard nothing yet."""
NAME_CHARS_MAX = 64
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""No dot: a key's name is site, device and number with dots between."""

site_table = Table(
    "site",
    metadata,
    Column("site_id", String(NAME_CHARS_MAX), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("floor", BigInteger, nullable=False),
    Column("band_key", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)


def create_site(tx: Connection, site: str, *, name: str = "", band_key: bytes | None = None) -> None:
    """Open a site with an empty feed; ``band_key`` is the secret under which its bands are pseudonyms."""
    if not NAME.fullmatch(site):
        raise Refused(f"{site!r} is no site id: small letters, digits and hyphens.")
    row = {
        "site_id": site,
        "name": name or site,
        "epoch": new_epoch(),
        "seq": 0,
        "floor": 0,
        "band_key": band_key or secrets.token_bytes(BAND_KEY_BYTES),
        "made_ms": now_of(tx),
    }
    tx.execute(insert(site_table).values(row))


def sites(tx: Connection) -> tuple[str, ...]:
    """Return the ids of all sites, in order."""
    return tuple(tx.execute(select(site_table.c.site_id).order_by(site_table.c.site_id)).scalars())


def has_site(tx: Connection, site: str) -> bool:
    """Whether there is such a site."""
    return tx.execute(select(site_table.c.site_id).where(site_table.c.site_id == site)).first() is not None


def band_key(tx: Connection, site: str) -> bytes:
    """Return the key under which this site's BandIds are made."""
    found = tx.execute(select(site_table.c.band_key).where(site_table.c.site_id == site)).scalar()
    if found is None:
        raise Unknown(f"There is no site {site}.")
    return bytes(found)


def new_epoch() -> int:
    """Return a name for a feed that no cursor of another life can fit."""
    return secrets.randbits(EPOCH_BITS) | 1


def begin_epoch(tx: Connection, site: str) -> int:
    """Declare every cursor of this site void, as after a restored backup: edges take a fresh snapshot."""
    epoch = new_epoch()
    changed = tx.execute(update(site_table).where(site_table.c.site_id == site).values(epoch=epoch))
    if not changed.rowcount:
        raise Unknown(f"There is no site {site}.")
    return epoch
