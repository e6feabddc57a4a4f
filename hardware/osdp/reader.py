"""A door reader that tells the number of each card: an identifier and nothing more."""

from __future__ import annotations

import queue
import time

from hardware.osdp.bus import Door
from hardware.osdp.cards import card_of
from hardware.port import Presented

OPEN_S_MAX = 2.0
"""So long may the encrypted channel take to come up; it takes 0.1 to 0.5 s."""
_HELD_S = 1.0
"""A door reader cannot see a card leave: the same number counts as held for this long."""
_LOOK_S = 0.05


class OsdpReader:
    """Implements ``port.Reader``; owned by one thread, on a line that has a thread of its own."""

    def __init__(self, door: Door) -> None:
        """Read the cards of ``door``."""
        self._door = door
        self._open = False
        self._last: tuple[bytes, float] = (b"", 0.0)
        self._waiting: Presented | None = None

    def open(self) -> None:
        """Bring the channel up; raises ``DeviceError`` with what keeps it down, as soon as that is known."""
        self.close()
        self._open = True
        self._door.bus.hold()
        until = time.monotonic() + OPEN_S_MAX
        while self._door.fault is None and time.monotonic() < until:
            if self._door.secure.wait(_LOOK_S):
                return
        complaint = self._door.complaint()
        self.close()
        raise complaint

    def close(self) -> None:
        """Let the line go."""
        held, self._open, self._waiting = self._open, False, None
        if held:
            self._door.bus.release()

    def read(self, deadline_ns: int) -> Presented | None:
        """Return the next card; None when none was presented by the deadline."""
        while True:
            found = self._next(min(_LOOK_S, (deadline_ns - time.monotonic_ns()) / 1e9))
            if found is not None:
                self._last = (found.uid, time.monotonic())
                return found
            if time.monotonic_ns() >= deadline_ns:
                return None

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether the same number came so lately that its card may still be held there."""
        if self._waiting is None:
            self._waiting = self._next(0.0)
        if self._waiting is not None and self._waiting.uid != uid:
            return False
        last, at_s = self._last
        return uid == last and time.monotonic() - at_s < _HELD_S

    def _next(self, wait_s: float) -> Presented | None:
        """Take the card that waits, or wait for one as long as the channel is up."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            return waiting
        if not self._open or not self._door.secure.is_set():
            raise self._door.complaint()
        try:
            event = self._door.events.get(block=wait_s > 0, timeout=max(0.0, wait_s))
        except queue.Empty:
            return None
        return card_of(event)
