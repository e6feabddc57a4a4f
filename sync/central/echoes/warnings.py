"""Warnings: central's own alarms, told to the gates concerned until somebody has looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.core.alarms import OF_CENTRAL, AlarmNotice
from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.feed import Change, item_table, publish
from sync.central.registry.turn import take_turn
from sync.central.store import ColumnElement, Connection, and_, func, select
from sync.central.traces import ALSO
from sync.wire import ALARM

TOLD_MAX = 200
"""Open warnings of a site that gates are told of; more of them stand at the console alone."""
DEVICES_MAX = 64
"""Devices that one warning names."""
PREFIX = f"{OF_CENTRAL}-"
"""Begins the name under which a gate keeps central's alarm, so that it is none of the gate's own."""
_notice = msgspec.msgpack.Decoder(AlarmNotice)


class SeenThere(NamedTuple):
    """What a supervisor looked at: on which device, under what name, and the last word that it had of it."""

    device: str
    target: str
    by: str
    turn: int = 0


def warn(tx: Connection, site: str, raised: Alarm, *, elsewhere: str, devices: tuple[str, ...]) -> None:
    """Raise an alarm of central's own and tell it to the devices that it is about."""
    take_turn(tx, site)
    now = alarms.raise_alarm(tx, site, raised)
    before = _told(tx, site, raised.id)
    if raised.band is None or (before is None and _count(tx, site) >= TOLD_MAX):
        return
    named = (*(before.devices if before else ()), *devices)
    notice = AlarmNotice(
        reason=now.reason,
        band=raised.band,
        point=raised.point,
        elsewhere=elsewhere,
        at_ms=now.at_ms,
        last_ms=now.last_ms,
        times=now.times,
        devices=tuple(dict.fromkeys(named))[:DEVICES_MAX],
    )
    publish(tx, site, [Change(ALARM, raised.id, msgspec.msgpack.encode(notice), urgent=True)])


def see(tx: Connection, site: str, alarm: tuple[str, str], *, by: str) -> Alarm:
    """Note that somebody has looked at an alarm (device, id), whoever raised it; gates show it no longer."""
    found = alarms.see(tx, site, alarm, by=by)
    device, id_ = alarm
    if device == OF_CENTRAL and _told(tx, site, id_) is not None:
        publish(tx, site, [Change(ALARM, id_, None, urgent=True)])
    return found


def see_at_gate(tx: Connection, site: str, seen: SeenThere) -> None:
    """Note what a device's supervisor has seen; what central has told since then stays open."""
    if not seen.target.startswith(PREFIX):
        alarms.see(tx, site, (seen.device, seen.target), by=seen.by)
        return
    id_ = seen.target.removeprefix(PREFIX)
    take_turn(tx, site)
    own = item_table.c
    newest = tx.execute(select(own.seq).where(_is(site), own.key == id_)).scalar()
    if newest is None or seen.turn >= newest:
        see(tx, site, (OF_CENTRAL, id_), by=seen.by)


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Show no gate any more what is about an erased guest's bands."""
    own = item_table.c
    open_ = tx.execute(select(own.key).where(_is(site), own.body.is_not(None))).scalars()
    gone = [Change(ALARM, key, None, urgent=True) for key in open_ if key.partition("-")[0] in words]
    if gone:
        publish(tx, site, gone)


ALSO.append(forget)


def _told(tx: Connection, site: str, id_: str) -> AlarmNotice | None:
    own = item_table.c
    body = tx.execute(select(own.body).where(_is(site), own.key == id_)).scalar()
    return None if body is None else _notice.decode(bytes(body))


def _count(tx: Connection, site: str) -> int:
    these = select(func.count()).select_from(item_table).where(_is(site), item_table.c.body.is_not(None))
    return int(tx.execute(these).scalar_one())


def _is(site: str) -> ColumnElement[bool]:
    return and_(item_table.c.site_id == site, item_table.c.kind == ALARM)
