"""The zone book: who came into which zone and left it, to the minute, for a day and for nobody's eyes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.events import Acted, Kind
from edge.core.presence import Moved, Nearness
from edge.errors import StoreError
from edge.service.remarks import remarked
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

ZONES = "zones"
"""Small things: one row a movement, kept for a day under minute and band."""
MINUTE_MS = 60_000
NOTED_MAX = 2_000
"""Movements that wait for their minute to end; of more the oldest are not written."""
LOG = logging.getLogger("polso.service")


class Note(NamedTuple):
    """One movement, rounded down to its minute since 1970."""

    minute: int
    band: bytes
    moved: Moved

    @property
    def key(self) -> str:
        """Where it is kept; minutes are of equal length for some 18,000 years."""
        zone, place, entered = self.moved
        return f"{self.minute:010d}/{self.band.hex()}/{'in' if entered else 'out'}/{zone}/{place}"


class ZoneBook:
    """Notes of the running minute, written together when it is over: no record tells a second.

    The journal says where and when, and seals who, for central alone (.docs/decisions/0028). What this device
    itself can read lies apart, and goes after a day.
    """

    def __init__(self, rooms: Rooms) -> None:
        """Begin with nothing noted."""
        self._rooms = rooms
        self._lock = threading.Lock()
        self._notes: list[Note] = []
        self._owed: set[bytes] = set()

    def note(self, band: bytes, moved: Moved) -> None:
        """Take a movement of a guest who consents."""
        minute = self._rooms.clock.now_ms() // MINUTE_MS
        with self._lock:
            self._notes = [*self._notes[1 - NOTED_MAX :], Note(minute, band, moved)]

    def write(self, *, all_of_it: bool = False) -> None:
        """Write down the minutes that are over, and forget whom the store could not before."""
        for band in tuple(self._owed):
            self.forget(band)
        minute = self._rooms.clock.now_ms() // MINUTE_MS
        with self._lock:
            due = [one for one in self._notes if all_of_it or one.minute < minute]
        if not due:
            return
        # By band within its minute: not even the order tells who came with whom.
        due.sort(key=lambda one: one.key)
        try:
            self._rooms.sequencer.submit(lambda tx: self._append(tx, due))
        except StoreError as error:
            LOG.warning("who came and went is not written down yet: %s", error)
            return
        with self._lock:
            self._notes = [one for one in self._notes if one not in due]

    def forget(self, band: bytes) -> None:
        """Forget what was noted of a band, at once or as soon as the store can; its records name nobody."""
        with self._lock:
            self._notes = [one for one in self._notes if one.band != band]
            self._owed.add(band)

        def act(tx: Transaction) -> None:
            for key, _ in tx.rows(ZONES):
                if band_in(key) == band:
                    tx.delete(ZONES, key)

        try:
            self._rooms.sequencer.submit(act)
        except StoreError as error:
            LOG.warning("zones of a guest who is to be forgotten wait for the store: %s", error)
            return
        with self._lock:
            self._owed.discard(band)

    def _append(self, tx: Transaction, due: list[Note]) -> None:
        for one in due:
            kind = Kind.ZONE_ENTERED if one.moved.entered else Kind.ZONE_LEFT
            body = Acted(
                point=one.moved.place, reason=one.moved.zone.value, amount=one.minute, note=one.band.hex()
            )
            # Where central gave no key nobody is named: never in clear.
            tx.append(kind, replace(remarked(self._rooms, body, kind, band=None), note=""))
            tx.put(ZONES, one.key, b"")


def zones_of(tx: Transaction, band: bytes) -> Iterator[tuple[int, Moved]]:
    """Yield what this device can still say of a band: when, in UTC milliseconds, and which zone."""
    for key, _ in tx.rows(ZONES):
        if band_in(key) == band:
            _, _, way, zone, place = key.split("/", 4)
            yield minute_ms(key), Moved(Nearness(zone), place, way == "in")


def minute_ms(key: str) -> int:
    """Return the moment, in UTC milliseconds, that a row's minute begins at."""
    return int(key.partition("/")[0]) * MINUTE_MS


def band_in(key: str) -> bytes:
    """Return whose row it is."""
    return bytes.fromhex(key.split("/", 2)[1])
