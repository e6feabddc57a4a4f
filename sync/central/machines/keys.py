"""Keys: by which a device proves itself, one at a time, the older ones kept for what they have signed."""

from __future__ import annotations

from typing import NamedTuple

from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    insert,
    metadata,
    now_of,
    select,
    text,
    update,
)

NUMBER_CHARS_MAX = 9

key_table = Table(
    "device_key",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
)


ONE = select(key_table).where(
    key_table.c.site_id == bindparam("site"),
    key_table.c.device_id == bindparam("device"),
    key_table.c.number == bindparam("number"),
)
"""Made once: every request asks it."""


class Key(NamedTuple):
    """One key of a device; a retired one proves nothing any more but what it signed while it held."""

    site: str
    device: str
    number: int
    public_key: bytes
    retired: bool

    @property
    def id(self) -> str:
        """By what the signatures of this key name it."""
        return key_id(self.site, self.device, self.number)


def key_id(site: str, device: str, number: int) -> str:
    """Return the name of a device's key; neither a site's nor a device's id holds a dot."""
    return f"{site}.{device}.{number}"


def place_of(named: str) -> tuple[str, str, int] | None:
    """Return site, device and number that a key's name says, None for what no key is called."""
    site, device, number = ([*named.split("."), "", "", ""])[:3]
    if not (number.isascii() and number.isdigit() and len(number) <= NUMBER_CHARS_MAX):
        return None
    there = site, device, int(number)
    return there if key_id(*there) == named else None


def find(tx: Connection, named: str) -> Key | None:
    """Return the key of this name, whatever its state."""
    there = place_of(named)
    if there is None:
        return None
    row = tx.execute(ONE, dict(zip(("site", "device", "number"), there, strict=True))).first()
    return Key(*there, bytes(row.public_key), row.until_ms is not None) if row else None


def keys(tx: Connection, site: str, device: str) -> tuple[Key, ...]:
    """Return all keys that a device ever had, the present one last."""
    own = key_table.c
    found = select(own.number, own.public_key, own.until_ms).where(
        own.site_id == site, own.device_id == device
    )
    rows = tx.execute(found.order_by(own.number))
    return tuple(
        Key(site, device, row.number, bytes(row.public_key), row.until_ms is not None) for row in rows
    )


def add_key(tx: Connection, site: str, device: str, *, public_key: bytes) -> Key:
    """Let a device prove itself by this key from now on, and by no older one."""
    own = key_table.c
    before = keys(tx, site, device)
    this = (own.site_id == site) & (own.device_id == device) & own.until_ms.is_(None)
    tx.execute(update(key_table).where(this).values(until_ms=now_of(tx)))
    number = before[-1].number + 1 if before else 1
    tx.execute(
        insert(key_table).values(
            site_id=site, device_id=device, number=number, public_key=public_key, since_ms=now_of(tx)
        )
    )
    return Key(site, device, number, public_key, retired=False)


def _from_devices(tx: Connection) -> None:
    """Every device had one key from the start: let it prove itself by that, drop the secrets of before."""
    tx.execute(
        text(
            "INSERT INTO device_key (site_id, device_id, number, public_key, since_ms)"
            " SELECT site_id, device_id, 1, public_key, enrolled_ms FROM device"
        )
    )
    tx.execute(text("ALTER TABLE device DROP COLUMN secret_hash"))


STEPS[2] = _from_devices
