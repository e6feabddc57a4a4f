"""The lifetime of leases: their deadlines over restarts, what runs out, and what of it staff see."""

from __future__ import annotations

import threading

import msgspec

from edge.core.lease import LeaseKind, LeaseState, ready
from edge.errors import StoreError
from edge.payviews import Exposure
from edge.service.payments import chest, rung
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

CLOCK = "lease_clock"
EVERY_MS = 30_000
"""How often the time is noted, and looked what has run out."""
FRESH_MS = 5_000
"""So old the figures may be that screens show."""


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """A moment by both clocks, and in which run of the machine it was."""

    boot: str
    monotonic_ms: int
    utc_ms: int
    sure: bool


_DECODE = msgspec.msgpack.Decoder(Tick).decode


class Lifetime:
    """Deadlines are of a clock that only rises; after a restart of the machine it begins anew."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms; nothing is read before ``resume``."""
        self._rooms = rooms
        self._lock = threading.Lock()
        self._looked_ms: int | None = None
        self.unsettled = False
        """Whether the deadlines are still those of another clock, because the store could not be read."""
        self._counted: tuple[int, Exposure] | None = None

    def resume(self) -> None:
        """Set all deadlines anew if the machine was restarted: at most what was left at the last tick."""
        self.unsettled = True
        self._rooms.sequencer.submit(self._resume)
        self.unsettled = False

    def look(self) -> None:
        """Note the time, and say of each lease that has run out that it has."""
        if self.unsettled:
            self.resume()
        now = self._rooms.clock.monotonic_ms()
        if self._looked_ms is not None and now - self._looked_ms < EVERY_MS:
            return
        self._looked_ms = now
        self._rooms.sequencer.submit(lambda tx: self._tick(tx, now))

    def exposure(self) -> Exposure:
        """Return what lies here and what could be lost; as last counted while the store fails."""
        now = self._rooms.clock.monotonic_ms()
        with self._lock:
            if self._counted is not None and now - self._counted[0] < FRESH_MS:
                return self._counted[1]
        try:
            found = self._rooms.sequencer.submit(lambda tx: self._count(tx, now))
        except StoreError:
            return self._counted[1] if self._counted is not None else Exposure()
        with self._lock:
            self._counted = (now, found)
        return found

    def _resume(self, tx: Transaction) -> None:
        clock, boot = self._rooms.clock, self._rooms.boot
        body = tx.get(CLOCK, "now")
        last = None if body is None else _DECODE(body)
        now = clock.monotonic_ms()
        if last is not None and (last.boot != boot or not boot):
            # Only who was told the time before and after knows how long the machine was off.
            off_ms = max(0, clock.now_ms() - last.utc_ms) if last.sure and clock.sure() else 0
            chest.resume(tx, ticked_ms=last.monotonic_ms, now_ms=now, off_ms=off_ms)
            rung.resume(tx, ticked_ms=last.monotonic_ms, now_ms=now)
        self._note(tx, now)

    def _tick(self, tx: Transaction, now: int) -> None:
        if any(True for _ in chest.all_leases(tx)):
            chest.expire_due(tx, now)
            self._note(tx, now)

    def _note(self, tx: Transaction, now: int) -> None:
        clock = self._rooms.clock
        tick = Tick(self._rooms.boot, now, clock.now_ms(), clock.sure())
        tx.put(CLOCK, "now", msgspec.msgpack.encode(tick))

    def _count(self, tx: Transaction, now: int) -> Exposure:
        states: dict[str, int] = {}
        here = worst = risk = held = 0
        for lease in chest.all_leases(tx):
            states[lease.state] = states.get(lease.state, 0) + 1
            if lease.kind == LeaseKind.MONEY and lease.state is not LeaseState.CLOSED:
                here += ready(lease, now)
                worst += lease.spendable
            elif lease.kind == LeaseKind.RISK and lease.wallet == chest.OF_DEVICE:
                held += lease.counters.consumed
                risk += ready(lease, now)
        if not self._rooms.current():
            states = {LeaseState.FROZEN.value: sum(states.values())} if states else {}
        waiting = sum(1 for _ in rung.held_ops(tx))
        layout = self._rooms.profiles.layout()
        return Exposure(
            currency=layout.currency if layout is not None else "",
            leases=states,
            ready_minor=here,
            at_stake_minor=worst,
            risk_taken_minor=held,
            risk_left_minor=risk,
            holds=waiting,
        )
