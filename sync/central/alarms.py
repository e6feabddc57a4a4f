"""Alarms: signs of copied bands, and of money that waits or is lost, until somebody looks."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.errors import Unknown
from sync.central.privacy.retention import MOVED
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

ID_CHARS_MAX = 200
PAGE_MAX = 200

alarm_table = Table(
    "alarm",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("alarm_id", String(ID_CHARS_MAX), primary_key=True),
    Column("band", LargeBinary),
    Column("reason", String(64), nullable=False),
    Column("point", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("seen_ms", BigInteger),
    Column("seen_by", String(64), nullable=False),
)


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete alarms that somebody had looked at before a moment; an open one stays until somebody does."""
    return tx.execute(delete(alarm_table).where(alarm_table.c.seen_ms < at_ms)).rowcount


MOVED.append(delete_before)


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody may hold a copy of a band: what was seen, where, how often, and who has looked at it."""

    device: str
    id: str
    reason: str
    point: str
    at_ms: int
    band: bytes | None = None
    last_ms: int = 0
    times: int = 1
    seen_ms: int | None = None
    seen_by: str = ""


def raise_alarm(tx: Connection, site: str, alarm: Alarm) -> Alarm:
    """Raise an alarm, or let an open one count; one seen before is open again. Return it as it stands now."""
    before = _one(tx, site, (alarm.device, alarm.id))
    row = {
        "band": alarm.band,
        "reason": alarm.reason,
        "point": alarm.point,
        "at_ms": alarm.at_ms,
        "last_ms": alarm.at_ms,
        "times": alarm.times,
        "seen_ms": None,
        "seen_by": "",
    }
    if before is None:
        key = {"site_id": site, "device_id": alarm.device, "alarm_id": alarm.id}
        tx.execute(insert(alarm_table).values(key | row))
    elif before.seen_ms is None:
        row["at_ms"] = min(before.at_ms, alarm.at_ms)
        row["last_ms"] = max(before.last_ms, alarm.at_ms)
        row["times"] = max(before.times + 1, alarm.times)
    tx.execute(update(alarm_table).where(_is(site, alarm.device, alarm.id)).values(row))
    return msgspec.structs.replace(
        alarm, at_ms=row["at_ms"], last_ms=row["last_ms"], times=row["times"], seen_ms=None, seen_by=""
    )


def see(tx: Connection, site: str, alarm: tuple[str, str], *, by: str) -> Alarm:
    """Note that somebody has looked at an alarm (device, id); a second time changes nothing."""
    found = _one(tx, site, alarm)
    if found is None:
        raise Unknown("There is no such alarm.")
    if found.seen_ms is None:
        seen = update(alarm_table).where(_is(site, *alarm)).values(seen_ms=now_of(tx), seen_by=by)
        tx.execute(seen)
    return found


def calm(tx: Connection, site: str, alarm: tuple[str, str]) -> None:
    """Note that what an alarm (device, id) was about has ended, where one was raised: nobody need look."""
    if _one(tx, site, alarm) is not None:
        see(tx, site, alarm, by="")


def calm_all(tx: Connection, site: str, device: str, *, reason: str) -> None:
    """Note that what a device's open alarms of one reason were about has ended."""
    own = alarm_table.c
    open_ = and_(own.site_id == site, own.device_id == device, own.reason == reason, own.seen_ms.is_(None))
    tx.execute(update(alarm_table).where(open_).values(seen_ms=now_of(tx), seen_by=""))


def alarms(tx: Connection, site: str) -> tuple[Alarm, ...]:
    """Return the site's alarms, those that nobody has looked at first, newest first."""
    own = alarm_table.c
    query = select(alarm_table).where(own.site_id == site)
    order = (own.seen_ms.isnot(None), own.last_ms.desc())
    return tuple(_alarm(row) for row in tx.execute(query.order_by(*order).limit(PAGE_MAX)))


def find(tx: Connection, site: str, alarm: tuple[str, str]) -> Alarm | None:
    """Return one alarm by its device and id, if it was ever raised."""
    return _one(tx, site, alarm)


def count_open(tx: Connection, site: str) -> int:
    """Return how many alarms nobody has looked at yet."""
    own = alarm_table.c
    query = select(func.count()).select_from(alarm_table).where(own.site_id == site, own.seen_ms.is_(None))
    return int(tx.execute(query).scalar_one())


def _is(site: str, device: str, id_: str) -> Any:  # noqa: ANN401 - SQLAlchemy's own clause
    own = alarm_table.c
    return and_(own.site_id == site, own.device_id == device, own.alarm_id == id_)


def _one(tx: Connection, site: str, key: tuple[str, str]) -> Alarm | None:
    row = tx.execute(select(alarm_table).where(_is(site, *key))).first()
    return None if row is None else _alarm(row)


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        device=row.device_id,
        id=row.alarm_id,
        reason=row.reason,
        point=row.point,
        at_ms=row.at_ms,
        band=bytes(row.band) if row.band is not None else None,
        last_ms=row.last_ms,
        times=row.times,
        seen_ms=row.seen_ms,
        seen_by=row.seen_by,
    )
