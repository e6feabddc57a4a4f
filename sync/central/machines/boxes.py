"""Boxes: what devices leave at central to be started with, sealed so that central reads nothing."""

from __future__ import annotations

from typing import NamedTuple

from edge.errors import Refused
from sync.central.machines import devices, nonces
from sync.central.machines.proof import Caller, NotKnown, Revoked
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
    update,
)
from sync.signing import KEY_BYTES, Message, NotSigned, verify
from sync.wire import BOX_BYTES_MAX, BoxAnswer, BoxDeposit, BoxRequest

box_table = Table(
    "box",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Index("box_key", "public_key"),
)


class Left(NamedTuple):
    """What lies here, and whose it is."""

    site: str
    device: str
    sealed: bytes


def keep(tx: Connection, caller: Caller, deposit: BoxDeposit) -> BoxAnswer:
    """Keep what a device leaves, in place of what it left before, and by which key it will ask."""
    if len(deposit.public_key) != KEY_BYTES or not 0 < len(deposit.sealed) <= BOX_BYTES_MAX:
        raise Refused(f"A box has a public key of {KEY_BYTES} octets and at most {BOX_BYTES_MAX} more.")
    caller.enter(tx)
    site, device = caller.device.site, caller.device.id
    own = box_table.c
    tx.execute(delete(box_table).where(own.site_id == site, own.device_id == device))
    row = {"site_id": site, "device_id": device, "asked_ms": now_of(tx)}
    tx.execute(insert(box_table).values(**row, public_key=deposit.public_key, sealed=deposit.sealed))
    return BoxAnswer(sealed=deposit.sealed, time_ms=now_of(tx))


def prove(asked: BoxRequest, message: Message, *, now_ms: int) -> str:
    """Return the nonce of whoever holds the key that he asks by, or refuse him."""
    if len(asked.public_key) != KEY_BYTES or len(asked.sealed) > BOX_BYTES_MAX:
        raise NotSigned(f"A public key has {KEY_BYTES} octets, a box at most {BOX_BYTES_MAX}.")
    return verify(message, asked.public_key, now_ms=now_ms).nonce


def left_under(tx: Connection, asked: BoxRequest) -> Left:
    """Return what was left under a key, or refuse one that nobody named."""
    row = tx.execute(select(box_table).where(box_table.c.public_key == asked.public_key)).first()
    if row is None:
        raise NotKnown
    return Left(row.site_id, row.device_id, bytes(row.sealed))


def hand_over(tx: Connection, left: Left, asked: BoxRequest, *, nonce: str) -> BoxAnswer:
    """Return what was left, or take what comes in its place; a revoked device gets nothing any more."""
    nonces.take(tx, left.site, f"box:{left.device}", nonce=nonce)
    if devices.device(tx, left.site, left.device).state != devices.ACTIVE:
        raise Revoked
    sealed = asked.sealed or left.sealed
    this = (box_table.c.site_id == left.site) & (box_table.c.device_id == left.device)
    tx.execute(update(box_table).where(this).values(asked_ms=now_of(tx), sealed=sealed))
    return BoxAnswer(sealed=sealed, time_ms=now_of(tx))
