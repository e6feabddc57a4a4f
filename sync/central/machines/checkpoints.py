"""Checkpoints: each device's newest one as central keeps it, compares it and hands it to its siblings."""

from __future__ import annotations

from typing import Any

from edge.core.checkpoint import Checkpoint, Mark, decoded, encoded
from edge.signature import is_signed
from sync.central.feed import Change, publish
from sync.central.machines import lanes
from sync.central.machines.devices import Device
from sync.central.machines.lanes import Stream
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

KIND = "checkpoint"
"""The kind of its items in the feed; the key is the device."""
PUBLISH_MS_MIN = 60_000
"""Siblings hear of a device's checkpoints no more often than this, however fast it records."""
NOT_SIGNED = "a checkpoint that is not signed by this device"

checkpoint_table = Table(
    "checkpoint",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("incarnation", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("published_ms", BigInteger, nullable=False),
)
ONE = select(checkpoint_table).where(
    checkpoint_table.c.site_id == bindparam("site"), checkpoint_table.c.device_id == bindparam("device")
)


def newest(tx: Connection, device: Device) -> Checkpoint | None:
    """Return the newest checkpoint of this life of a device."""
    row = _row(tx, device)
    return None if row is None or row.incarnation != device.incarnation else decoded(bytes(row.body))


def mark(tx: Connection, stream: Stream, device: Device) -> Mark | None:
    """Return where the newest checkpoint saw a lane end."""
    seen = newest(tx, device)
    return None if seen is None else seen.marks[stream.lane]


def take(tx: Connection, device: Device, body: bytes) -> None:
    """Keep a device's checkpoint if it is newer; one that contradicts what is held freezes the lane.

    Call it last in the transaction that stored the batch: it may publish. One that the device has not signed
    is kept nowhere and raises an alarm; the events beside it are not its fault.
    """
    offered = decoded(body)
    known = (device.site, device.id, device.incarnation)
    if (
        offered is None
        or (offered.site, offered.device, offered.incarnation) != known
        or not is_signed(offered, device.public_key)
    ):
        lanes.review(tx, Stream(*known, 0), also=NOT_SIGNED)
        return
    before = newest(tx, device)
    if _forks(tx, device, offered, before=before) or (before is not None and before.events >= offered.events):
        return
    _keep(tx, device, offered)


def _forks(tx: Connection, device: Device, offered: Checkpoint, *, before: Checkpoint | None) -> bool:
    """Freeze each lane of which a checkpoint has seen another record than we hold or have seen."""
    forked = False
    for lane, seen in enumerate(offered.marks):
        stream = Stream(device.site, device.id, device.incarnation, lane)
        ours = lanes.hashes(tx, stream, first=seen.seq, last=seen.seq).get(seen.seq, seen.h)
        old = before.marks[lane] if before is not None else seen
        if ours != seen.h or (old.seq == seen.seq and old.h != seen.h):
            lanes.freeze(tx, stream, f"its checkpoint has seen another event {seen.seq}")
            forked = True
    return forked


def _keep(tx: Connection, device: Device, offered: Checkpoint) -> None:
    row, now_ms = _row(tx, device), now_of(tx)
    last_ms = 0 if row is None or row.incarnation != device.incarnation else int(row.published_ms)
    due = now_ms - last_ms >= PUBLISH_MS_MIN
    body = encoded(offered)
    tx.execute(delete(checkpoint_table).where(_this(device)))
    tx.execute(
        insert(checkpoint_table).values(
            site_id=device.site,
            device_id=device.id,
            incarnation=device.incarnation,
            body=body,
            published_ms=now_ms if due else last_ms,
        )
    )
    if due:
        publish(tx, device.site, [Change(KIND, device.id, body)])


def _row(tx: Connection, device: Device) -> Any:  # noqa: ANN401  # a row of our own table
    return tx.execute(ONE, {"site": device.site, "device": device.id}).first()


def _this(device: Device) -> Any:  # noqa: ANN401  # SQLAlchemy's expression
    own = checkpoint_table.c
    return and_(own.site_id == device.site, own.device_id == device.id)
