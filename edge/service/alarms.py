"""Alarms: what tells of a copied band stays on every staff screen until a supervisor has seen it."""

from __future__ import annotations

import logging
import threading

import msgspec

from edge.core.alarms import BOOK_WENT_BACK, OF_CENTRAL, AlarmNotice, alarm_in
from edge.core.decision import Decision, Reason
from edge.core.events import Acted, Kind, Lane
from edge.errors import StoreError, Unknown
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import Alarm

ALARMS = "alarms"
ALARM = "alarm"
ALARMS_MAX = 200
"""Alarms that are kept; the oldest seen ones make place, then the oldest of all (the journal keeps each)."""
TOLD_MAX = 100
"""Alarms of central's that are kept beside them: it can crowd out none of a gate's own."""
LOG = logging.getLogger("polso.service")
_DECODE = msgspec.msgpack.Decoder(Alarm).decode


def note_alarm(tx: Transaction, decision: Decision, tap_id: str) -> Alarm | None:
    """Raise the alarm that a decision calls for, in the decision's own transaction; None where none is.

    One band has one open alarm of a kind, however often it is tried: it counts.
    """
    reason = alarm_in(decision)
    if reason is None:
        return None
    return _written(tx, _raised(tx, decision, reason), tap_id)


def note_book_back(tx: Transaction) -> Alarm:
    """Raise the alarm that the site's book is an older copy of itself; an open one counts."""
    now_ms, id_ = tx.now.now_ms, BOOK_WENT_BACK
    before = _open(tx, id_)
    if before is not None:
        return _written(tx, msgspec.structs.replace(before, times=before.times + 1, last_ms=now_ms))
    _make_place(tx, ALARMS_MAX, told=False)
    return _written(tx, Alarm(id=id_, reason=BOOK_WENT_BACK, point="", at_ms=now_ms, last_ms=now_ms))


def _written(tx: Transaction, alarm: Alarm, tap_id: str | None = None) -> Alarm:
    body = Acted(tap_id=tap_id, point=alarm.point, reason=alarm.reason, target=alarm.id, amount=alarm.times)
    # Before anything that waits for central: a thief is caught now or never.
    band = bytes.fromhex(alarm.band) if alarm.band else None
    tx.append(Kind.ALARM_RAISED, body, band=band, lane=Lane.PRIORITY)
    tx.put(ALARMS, alarm.id, msgspec.msgpack.encode(alarm))
    return alarm


def _raised(tx: Transaction, decision: Decision, reason: Reason) -> Alarm:
    now_ms, band = tx.now.now_ms, decision.band.hex() if decision.band is not None else ""
    id_ = f"{band or decision.point}-{reason}"
    before = _open(tx, id_)
    if before is not None:
        return msgspec.structs.replace(before, times=before.times + 1, last_ms=now_ms, point=decision.point)
    _make_place(tx, ALARMS_MAX, told=False)
    return Alarm(
        id=id_,
        reason=reason,
        point=decision.point,
        band=band,
        band_short=short(decision.band) if decision.band is not None else "",
        at_ms=now_ms,
        last_ms=now_ms,
    )


def _open(tx: Transaction, id_: str) -> Alarm | None:
    body = tx.get(ALARMS, id_)
    found = None if body is None else _DECODE(body)
    return found if found is not None and found.acknowledged_ms is None else None


def _make_place(tx: Transaction, most: int, *, told: bool) -> None:
    rows = [_DECODE(body) for _, body in tx.rows(ALARMS)]
    kept = [one for one in rows if bool(one.turn) is told]
    if len(kept) >= most:
        tx.delete(ALARMS, min(kept, key=lambda one: (one.acknowledged_ms is None, one.last_ms)).id)


def _told(tx: Transaction, key: str, notice: AlarmNotice, *, turn: int) -> Alarm | None:
    """Keep what central saw, or let it count; None where this was told before."""
    id_ = f"{OF_CENTRAL}-{key}"
    body = tx.get(ALARMS, id_)
    if body is None:
        _make_place(tx, TOLD_MAX, told=True)
    elif _DECODE(body).turn >= turn:
        return None
    alarm = Alarm(
        id=id_,
        reason=notice.reason,
        point=notice.point,
        elsewhere=notice.elsewhere,
        band=notice.band.hex(),
        band_short=short(notice.band),
        at_ms=notice.at_ms,
        last_ms=notice.last_ms,
        times=notice.times,
        turn=turn,
    )
    said = Acted(point=alarm.point, reason=alarm.reason, target=id_, amount=alarm.times, state=turn)
    tx.append(Kind.ALARM_TOLD, said, band=notice.band, lane=Lane.PRIORITY)
    tx.put(ALARMS, id_, msgspec.msgpack.encode(alarm))
    return alarm


def _withdrawn(tx: Transaction, key: str, *, turn: int) -> Alarm | None:
    """Take an alarm off the screens at which somebody elsewhere has looked; None where none is open."""
    body = tx.get(ALARMS, f"{OF_CENTRAL}-{key}")
    alarm = None if body is None else _DECODE(body)
    if alarm is None or alarm.turn >= turn or alarm.acknowledged_ms is not None:
        return None
    seen = msgspec.structs.replace(alarm, acknowledged_ms=tx.now.now_ms, turn=turn)
    said = Acted(point=seen.point, reason=seen.reason, target=seen.id, amount=0, state=turn)
    tx.append(Kind.ALARM_TOLD, said, band=bytes.fromhex(seen.band), lane=Lane.PRIORITY)
    tx.put(ALARMS, seen.id, msgspec.msgpack.encode(seen))
    return seen


class Alarms:
    """The alarms of this device; kept, so that a restart forgets none."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms
        self._lock = threading.Lock()
        self._last: tuple[Alarm, ...] = ()

    def open(self) -> tuple[Alarm, ...]:
        """Return the alarms that nobody has seen yet, newest first; as last known while the store fails."""
        try:
            rows = self._rooms.sequencer.submit(lambda tx: tx.rows(ALARMS))
        except StoreError as error:
            LOG.debug("alarms are shown as last known: %s", error)
            with self._lock:
                return self._last
        found = [alarm for alarm in (_DECODE(body) for _, body in rows) if alarm.acknowledged_ms is None]
        told = tuple(sorted(found, key=lambda one: -one.last_ms))
        with self._lock:
            self._last = told
        return told

    def tell(self, key: str, notice: AlarmNotice | None, *, turn: int) -> None:
        """Show what only central could see, under central's name for it; None: somebody has looked at it.

        ``turn`` rises with each word about it, so that one told twice, or too late, changes nothing.
        """

        def act(tx: Transaction) -> Alarm | None:
            if notice is None:
                return _withdrawn(tx, key, turn=turn)
            return _told(tx, key, notice, turn=turn)

        told = self._rooms.sequencer.submit(act)
        if told is not None:
            publish_alarm(self._rooms, told)

    def acknowledge(self, session: Session, alarm_id: str) -> Alarm:
        """Say that a supervisor has seen an alarm; a second time changes nothing."""
        permit(session, Action.ACKNOWLEDGE_ALARM, self._rooms.clock.now_ms())

        def act(tx: Transaction) -> Alarm:
            body = tx.get(ALARMS, alarm_id)
            if body is None:
                raise Unknown("There is no such alarm.", hint="It was seen long ago; the journal keeps it.")
            alarm = _DECODE(body)
            if alarm.acknowledged_ms is not None:
                return alarm
            now_ms = tx.now.now_ms
            seen = msgspec.structs.replace(alarm, acknowledged_ms=now_ms, staff=session.staff)
            took_ms = now_ms - alarm.at_ms
            told = Acted(
                staff=session.staff,
                point=alarm.point,
                reason=alarm.reason,
                target=alarm.id,
                amount=took_ms,
                state=alarm.turn or None,
            )
            band = bytes.fromhex(alarm.band) if alarm.band else None
            tx.append(Kind.ALARM_ACKNOWLEDGED, told, band=band, lane=Lane.PRIORITY)
            tx.put(ALARMS, alarm.id, msgspec.msgpack.encode(seen))
            return seen

        seen = self._rooms.sequencer.submit(act)
        publish_alarm(self._rooms, seen)
        return seen


def publish_alarm(rooms: Rooms, alarm: Alarm) -> None:
    """Tell every screen of staff, wherever they stand: the copy may come to their gate next."""
    rooms.feed.publish(ALARMS, ALARM, alarm)
