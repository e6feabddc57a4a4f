"""Devices: which edges a site has, in which state, and what each last said of itself."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from edge.core.cards import card_in, masked_in
from edge.errors import Unknown
from sync.central.machines.keys import add_key
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    bindparam,
    insert,
    metadata,
    now_of,
    select,
    update,
    wake_after,
)
from sync.wire import DeviceReport

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
    Column("state", String(16), nullable=False),
    Column("enrolled_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("alarm", String(200), nullable=False, server_default=""),
    Column("report", LargeBinary),
)


ONE = select(device_table).where(
    device_table.c.site_id == bindparam("site"), device_table.c.device_id == bindparam("device")
)


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One edge as the console shows it."""

    site: str
    id: str
    kind: str
    name: str
    points: tuple[str, ...]
    public_key: bytes
    """The one of its enrolment, from which its journal's chain begins; `keys` knows which it signs with."""
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
    """Enter a device under a fresh id; return it and the name of the key that it proves itself by."""
    device_id = f"{new.kind}-{secrets.token_hex(4)}"
    tx.execute(
        insert(device_table).values(
            site_id=new.site,
            device_id=device_id,
            kind=new.kind,
            name=new.name or device_id,
            points=msgspec.msgpack.encode(new.points),
            public_key=new.public_key,
            incarnation=1,
            state=ACTIVE,
            enrolled_ms=now_of(tx),
            seen_ms=now_of(tx),
        )
    )
    key = add_key(tx, new.site, device_id, public_key=new.public_key)
    return device(tx, new.site, device_id), key.id


def device(tx: Connection, site: str, device_id: str) -> Device:
    """Return one device of a site."""
    row = tx.execute(ONE, {"site": site, "device": device_id}).first()
    if row is None:
        raise Unknown(f"There is no device {device_id}.")
    return device_of(row)


def devices(tx: Connection, site: str) -> tuple[Device, ...]:
    """Return all devices of a site, by name."""
    found = select(device_table).where(device_table.c.site_id == site).order_by(device_table.c.name)
    return tuple(device_of(row) for row in tx.execute(found))


def names(tx: Connection, site: str) -> dict[str, str]:
    """Return what people call each device, by its id."""
    own = device_table.c
    query = select(own.device_id, own.name).where(own.site_id == site)
    return {str(row[0]): str(row[1]) for row in tx.execute(query)}


def revoke(tx: Connection, site: str, device_id: str) -> None:
    """Refuse this device from now on; it is told at its next contact."""
    _change(tx, site, device_id, state=REVOKED)
    wake_after(tx, site)  # what it waits for is answered at once: with this


def heard(tx: Connection, site: str, device_id: str, *, report: DeviceReport | None = None) -> None:
    """Note that a device spoke, and what it said of itself."""
    said = {} if report is None else {"report": msgspec.msgpack.encode(_without_cards(report))}
    _change(tx, site, device_id, seen_ms=now_of(tx), **said)


def _without_cards(report: DeviceReport) -> DeviceReport:
    """Return a report as it may be kept: a device is heard whatever text got into its words."""
    if not card_in(report):
        return report
    plain = masked_in(msgspec.to_builtins(report, builtin_types=(bytes,)))
    return msgspec.convert(plain, DeviceReport)


def alarm(tx: Connection, site: str, device_id: str, *, why: str) -> None:
    """Raise an alarm about a device for the operator; an empty text takes it back."""
    _change(tx, site, device_id, alarm=why[:200])


def _change(tx: Connection, site: str, device_id: str, **values: object) -> None:
    this = (device_table.c.site_id == site) & (device_table.c.device_id == device_id)
    if not tx.execute(update(device_table).where(this).values(**values)).rowcount:
        raise Unknown(f"There is no device {device_id}.")


def device_of(row: Row[Any]) -> Device:
    """Return the device of a row that begins with the table's columns."""
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
