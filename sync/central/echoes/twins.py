"""Twins: one band in two hands, seen by comparing what several devices of a site read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from edge.core.alarms import OF_CENTRAL
from edge.core.checks.identity import is_forged
from edge.core.decision import Reason
from edge.core.events import Decided
from edge.core.places import Layout
from sync.central.alarms import Alarm
from sync.central.echoes.warnings import warn
from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import MOVED
from sync.central.registry.bands import owners
from sync.central.registry.tables import parts
from sync.central.store import (
    STEPS,
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    metadata,
    select,
    text,
)

READS_MAX = 8
"""Reads of one band that are remembered: enough for a gate that was away while the others saw it go round."""
SLACK_MS = 2_000
"""By how much two clocks may differ beyond what each device says of its own, before an order is believed."""

seen_table = Table(
    "band_seen",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("band_id", LargeBinary(16), primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("point", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reads", LargeBinary),
)
_UPSERT = text(
    "INSERT INTO band_seen (site_id, band_id, device_id, point, at_ms, reads)"
    " VALUES (:site, :band, :device, :point, :at_ms, :reads)"
    " ON CONFLICT (site_id, band_id) DO UPDATE SET device_id = excluded.device_id,"
    " point = excluded.point, at_ms = excluded.at_ms, reads = excluded.reads"
)


def _remember_more(tx: Connection) -> None:
    """Of before, the one read that was known is the only one."""
    kind = "BYTEA" if tx.dialect.name == "postgresql" else "BLOB"
    tx.execute(text(f"ALTER TABLE band_seen ADD COLUMN reads {kind}"))


STEPS[4] = _remember_more


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget the bands that nobody has read since a moment; a band's highest counter stays in the feed."""
    return tx.execute(delete(seen_table).where(seen_table.c.at_ms < at_ms)).rowcount


MOVED.append(delete_before)


def forget(tx: Connection, site: str, bands: Sequence[bytes]) -> None:
    """Forget where these bands were read."""
    for part in parts(bands):
        tx.execute(delete(seen_table).where(seen_table.c.site_id == site, seen_table.c.band_id.in_(part)))


PLACES.append(lambda tx, site, gone: forget(tx, site, gone.bands))


class Read(msgspec.Struct, frozen=True, array_like=True):
    """Where and when a band was read, and the counter of its message, if it had one."""

    device: str
    point: str
    at_ms: int
    counter: int | None = None
    uncertainty_ms: int = 0


_reads = msgspec.msgpack.Decoder(tuple[Read, ...])


def look(
    tx: Connection, site: str, layout: Layout | None, *, device: str, taps: Iterable[tuple[bytes, Decided]]
) -> None:
    """Raise an alarm for each band that contradicts what another device read, and remember where each one is.

    Devices may report hours apart: what counts is when the band was read, not when central heard of it.
    """
    paced = layout is not None and layout.paced
    read = [(band, _read(device, decided)) for band, decided in taps if _was_read(decided)]
    read = [(band, one) for band, one in read if paced or one.counter is not None]
    there = {band for band, _ in owners(tx, site, [band for band, _ in read])}
    read = [
        (band, one) for band, one in read if band in there
    ]  # an erased one leaves no trace, however late it is told
    known = _known(tx, site, [band for band, _ in read])
    moved: dict[bytes, tuple[Read, ...]] = {}
    for band, now in read:
        before = moved.get(band) or known.get(band, ())
        found = judge(before, now, layout)
        if found is not None:
            reason, other = found
            raised = _alarm(band, now, reason=reason)
            warn(tx, site, raised, elsewhere=other.point, devices=(other.device, now.device))
        moved[band] = tuple(sorted((*before, now), key=lambda one: one.at_ms))[-READS_MAX:]
    there = {
        band for band, _ in owners(tx, site, list(moved))
    }  # an erased one leaves no trace, however late it is told of
    rows = [_row(site, band, reads) for band, reads in moved.items() if band in there]
    if rows:
        tx.execute(_UPSERT, rows)


def judge(before: Sequence[Read], now: Read, layout: Layout | None) -> tuple[Reason, Read] | None:
    """Say what is wrong between a read and earlier ones at other devices; each judges its own two itself."""
    others = [one for one in reversed(before) if one.device != now.device]
    for other in others:
        if _contradict(other, now):
            return Reason.TAP_REPLAYED, other
    for other in others:
        if layout is not None and _too_soon(other, now, layout):
            return Reason.BAND_CLONE_SUSPECTED, other
    return None


def _contradict(one: Read, other: Read) -> bool:
    """Whether one of two messages was shown before: a chip counts each, so none is equal and none is lower.

    Who shows an old message to a gate that was cut off is let in there once; here it is found.
    """
    if one.counter is None or other.counter is None:
        return False
    if one.counter == other.counter:
        return True
    early, late = sorted((one, other), key=lambda read: read.at_ms)
    sure_ms = SLACK_MS + early.uncertainty_ms + late.uncertainty_ms
    fell = (late.counter or 0) < (early.counter or 0)
    return fell and late.at_ms - early.at_ms > sure_ms


def _too_soon(one: Read, other: Read, layout: Layout) -> bool:
    """Whether nobody could walk between two reads."""
    if one.point == other.point:
        return False
    points = (layout.points_by_id.get(one.point), layout.points_by_id.get(other.point))
    walk_s = max((point.walk_s_min for point in points if point is not None), default=0)
    return abs(one.at_ms - other.at_ms) < walk_s * 1_000


def _was_read(decided: Decided) -> bool:
    return decided.clock_trusted and not is_forged(decided.decision)


def _read(device: str, decided: Decided) -> Read:
    return Read(
        device,
        decided.decision.point,
        decided.now_ms,
        decided.presented.counter,
        max(0, decided.uncertainty_ms),
    )


def _alarm(band: bytes, now: Read, *, reason: Reason) -> Alarm:
    return Alarm(
        device=OF_CENTRAL,
        id=f"{band.hex()}-{reason.value}",
        reason=reason.value,
        point=now.point,
        at_ms=now.at_ms,
        band=band,
    )


def _row(site: str, band: bytes, reads: tuple[Read, ...]) -> dict[str, Any]:
    last = reads[-1]
    return {
        "site": site,
        "band": band,
        "device": last.device,
        "point": last.point,
        "at_ms": last.at_ms,
        "reads": msgspec.msgpack.encode(reads),
    }


def _known(tx: Connection, site: str, bands: list[bytes]) -> Mapping[bytes, tuple[Read, ...]]:
    own, found = seen_table.c, {}
    for part in parts(sorted(set(bands))):
        query = select(seen_table).where(own.site_id == site, own.band_id.in_(part))
        found.update({bytes(row.band_id): _reads_of(row) for row in tx.execute(query)})
    return found


def _reads_of(row: Row[Any]) -> tuple[Read, ...]:
    if row.reads is None:
        return (Read(row.device_id, row.point, row.at_ms),)
    return _reads.decode(bytes(row.reads))
