"""Calls for help: a guest at a kiosk asks, staff answer, and silence goes up to the supervisor."""

from __future__ import annotations

import logging
import secrets
import threading

import msgspec

from edge.core.events import Acted, Kind
from edge.errors import Refused, StoreError, Unknown
from edge.service.rooms import Rooms
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction
from edge.views import HelpCall

CALLS = "help_calls"
CALLS_MAX = 200
"""Calls that are kept; the oldest answered ones make place."""
HELP = "help"
LOG = logging.getLogger("polso.service")
_DECODE = msgspec.msgpack.Decoder(HelpCall).decode


class Help:
    """Calls for help at this device; kept, so that a restart forgets nobody who waits."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms; what is kept is read at the first question."""
        self._rooms = rooms
        self._lock = threading.Lock()
        self._calls: dict[str, HelpCall] = {}
        self._read = False

    def call(self, point: str, op_id: str, *, reason: str = "") -> HelpCall:
        """Call somebody to a point; the same operation, or one while a call is open, is that call."""
        now_ms = self._rooms.clock.now_ms()
        with self._lock:
            calls = self._known()
            for known in calls.values():
                if known.id == op_id or (known.point == point and known.acknowledged_ms is None):
                    return known
            gone = _make_place(calls)
            call = HelpCall(id=op_id or secrets.token_hex(8), point=point, at_ms=now_ms, reason=reason)
            calls[call.id] = call
        self._keep(call, Kind.HELP_CALLED, Acted(point=point, target=call.id, reason=reason), gone=gone)
        return call

    def next_call(self, point: str) -> str:
        """Return the name of the call that waits at a point, or a new one's, to be called by."""
        with self._lock:
            waiting = [one for one in self._known().values() if one.point == point]
        open_ = next((one.id for one in waiting if one.acknowledged_ms is None), "")
        return open_ or secrets.token_hex(8)

    def acknowledge(self, session: Session, help_id: str) -> HelpCall:
        """Say that somebody is coming; a second time changes nothing."""
        now_ms = self._rooms.clock.now_ms()
        permit(session, Action.ACKNOWLEDGE_HELP, now_ms)
        with self._lock:
            call = self._known().get(help_id)
            if call is None:
                raise Unknown("There is no such call.", hint="It was answered long ago.")
            if call.acknowledged_ms is not None:
                return call
            call = msgspec.structs.replace(call, acknowledged_ms=now_ms, staff=session.staff)
            self._known()[help_id] = call
        acted = Acted(staff=session.staff, point=call.point, target=call.id, amount=now_ms - call.at_ms)
        self._keep(call, Kind.HELP_ACKNOWLEDGED, acted)
        return call

    def calls(self) -> tuple[HelpCall, ...]:
        """Return the calls of this device: those who wait first, then the newest."""
        with self._lock:
            calls = list(self._known().values())
        return tuple(sorted(calls, key=lambda call: (call.acknowledged_ms is not None, -call.at_ms)))

    def escalate(self) -> None:
        """Send calls that nobody answered in time up to supervisor and operator, once."""
        late_ms = self._rooms.clock.now_ms() - self._rooms.limits.help_s_max * 1_000
        with self._lock:
            calls = self._known()
            late = [
                msgspec.structs.replace(call, escalated=True)
                for call in calls.values()
                if call.acknowledged_ms is None and not call.escalated and call.at_ms <= late_ms
            ]
            calls.update({call.id: call for call in late})
        for call in late:
            self._publish(call)

    def _known(self) -> dict[str, HelpCall]:
        """Return the calls in memory, with earlier ones once those can be read; under the lock."""
        if not self._read:
            try:
                rows = self._rooms.sequencer.submit(lambda tx: tx.rows(CALLS))
                self._calls = {key: _DECODE(body) for key, body in rows} | self._calls
                self._read = True
            except StoreError as error:
                LOG.warning("earlier calls for help cannot be read yet: %s", error)
        return self._calls

    def _keep(self, call: HelpCall, kind: Kind, acted: Acted, *, gone: str | None = None) -> None:
        """Tell first, keep then: somebody who needs help does not wait for a disk, broken ones included."""
        self._publish(call)

        def act(tx: Transaction) -> None:
            tx.append(kind, acted)
            tx.put(CALLS, call.id, msgspec.msgpack.encode(call))
            if gone is not None:
                tx.delete(CALLS, gone)

        try:
            self._rooms.sequencer.submit(act)
        except StoreError as error:
            LOG.warning("a call for help was told but not kept: %s", error)

    def _publish(self, call: HelpCall) -> None:
        """Tell the kiosk that called, the staff of its point and all who watch calls."""
        for topic in (f"kiosk-{call.point}", f"staff-{call.point}", HELP):
            self._rooms.feed.publish(topic, HELP, call)
        if call.escalated:
            self._rooms.feed.publish("ops", HELP, call)


def _make_place(calls: dict[str, HelpCall]) -> str | None:
    """Forget the oldest answered call where there are too many; return its id."""
    if len(calls) < CALLS_MAX:
        return None
    answered = [call for call in calls.values() if call.acknowledged_ms is not None]
    if not answered:
        raise Refused(f"{CALLS_MAX} calls wait already.", hint="Staff must answer some of them first.")
    oldest = min(answered, key=lambda call: call.at_ms).id
    del calls[oldest]
    return oldest
