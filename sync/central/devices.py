"""Devices: which edges a site has, what each proves itself with and what it last said of itself."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import msgspec

from edge.errors import Unknown
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
    update,
)
from sync.wire import DeviceReport

SECRET_BYTES = 32
ACTIVE, REVOKED = "active", "revoked"

device_table = Table(
    "device",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("points", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("incarnation", Integer, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("alarm", String(200), nullable=False, server_default=""),
    Column("report", LargeBinary),
)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One edge as the console shows it."""

    site: str
    id: str
    kind: str
    name: str
    points: tuple[str, ...]
    public_key: bytes
    incarnation: int
    state: str
    enrolled_ms: int
    seen_ms: int
    alarm: str = ""
    report: DeviceReport | None = None


class NewDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What is fixed about a device when it is enrolled."""

    site: str
    kind: str
    name: str
    points: tuple[str, ...]
    public_key: bytes


def add_device(tx: Connection, new: NewDevice) -> tuple[Device, str]:
    """Enter a device under a fresh id; return it and its credential, told once, kept as a hash."""
    device_id, secret = f"{new.kind}-{secrets.token_hex(4)}", secrets.token_urlsafe(SECRET_BYTES)
    tx.execute(
        insert(device_table).values(
            site_id=new.site,
            device_id=device_id,
            kind=new.kind,
            name=new.name or device_id,
            points=msgspec.msgpack.encode(new.points),
            public_key=new.public_key,
            incarnation=1,
            secret_hash=_hash(secret),
            state=ACTIVE,
            enrolled_ms=now_of(tx),
            seen_ms=now_of(tx),
        )
    )
    return device(tx, new.site, device_id), f"{new.site}.{device_id}.{secret}"


def prove(tx: Connection, credential: str) -> Device | None:
    """Return the device that holds this credential, whatever its state; None where it proves nothing."""
    site, device_id, secret = ([*credential.rsplit(".", 2), "", ""])[:3]
    row = tx.execute(_row_of(site, device_id)).first()
    expected = row.secret_hash if row else b"\0" * 32
    proven = hmac.compare_digest(_hash(secret), bytes(expected))
    return _device(row) if row and proven else None


def device(tx: Connection, site: str, device_id: str) -> Device:
    """Return one device of a site."""
    row = tx.execute(_row_of(site, device_id)).first()
    if row is None:
        raise Unknown(f"There is no device {device_id}.")
    return _device(row)


def devices(tx: Connection, site: str) -> tuple[Device, ...]:
    """Return all devices of a site, by name."""
    found = select(device_table).where(device_table.c.site_id == site).order_by(device_table.c.name)
    return tuple(_device(row) for row in tx.execute(found))


def revoke(tx: Connection, site: str, device_id: str) -> None:
    """Refuse this device from now on; it is told at its next contact."""
    _change(tx, site, device_id, state=REVOKED)


def heard(tx: Connection, site: str, device_id: str, *, report: DeviceReport | None = None) -> None:
    """Note that a device spoke, and what it said of itself."""
    said = {} if report is None else {"report": msgspec.msgpack.encode(report)}
    _change(tx, site, device_id, seen_ms=now_of(tx), **said)


def alarm(tx: Connection, site: str, device_id: str, *, why: str) -> None:
    """Raise an alarm about a device for the operator; an empty text takes it back."""
    _change(tx, site, device_id, alarm=why[:200])


def _change(tx: Connection, site: str, device_id: str, **values: object) -> None:
    this = (device_table.c.site_id == site) & (device_table.c.device_id == device_id)
    if not tx.execute(update(device_table).where(this).values(**values)).rowcount:
        raise Unknown(f"There is no device {device_id}.")


def _row_of(site: str, device_id: str) -> Select[Any]:
    return select(device_table).where(device_table.c.site_id == site, device_table.c.device_id == device_id)


def _hash(secret: str) -> bytes:
    # A credential has 256 random bits: a fast hash is enough, there is nothing to guess.
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"polso device").digest()


def _device(row: Row[Any]) -> Device:
    said = row.report
    return Device(
        site=row.site_id,
        id=row.device_id,
        kind=row.kind,
        name=row.name,
        points=msgspec.msgpack.decode(row.points, type=tuple[str, ...]),
        public_key=bytes(row.public_key),
        incarnation=row.incarnation,
        state=row.state,
        enrolled_ms=row.enrolled_ms,
        seen_ms=row.seen_ms,
        alarm=row.alarm,
        report=msgspec.msgpack.decode(said, type=DeviceReport) if said else None,
    )
