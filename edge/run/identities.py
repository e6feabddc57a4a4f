"""Identities: whose band it was, of all names on air, from tables that are made in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from typing import TypeAlias

from edge.clock import Clock
from edge.core.onair import ON_AIR
from edge.errors import StoreError
from edge.service import Service
from edge.service.onair import Audible
from edge.store.profiles import Profiles
from hardware.ble.eid import K_DEFAULT
from hardware.ble.epochs import Epochs, Expected, Roster

LOG = logging.getLogger("polso.run")
BandId: TypeAlias = bytes
SLICE_BANDS = 50
"""Bands that are judged at a time: some two milliseconds, of which the sequencer lends a part."""
PAGE_BANDS = 500
"""Bands whose keys are read at a time."""
PAUSE_S = 0.005
"""Between two slices whoever decides has the processor."""
LOOK_S = 1.0
"""So often the epochs are looked at where nothing else is to be done."""
RETRY_S = 2.0
GONE_ROWS_MIN = 1_000
"""Rows of bands that left which are worth making all tables anew, once they are more than half."""


class Identities:
    """Answers ``lookup`` from any thread; one thread of its own judges bands and makes tables in slices.

    Whoever is in doubt is nobody until judged anew: no word of a guest waits for a table.
    """

    def __init__(self, profiles: Profiles, service: Service, clock: Clock, *, k: int = K_DEFAULT) -> None:
        """Know nobody before ``start``."""
        self._profiles, self._on_air, self._clock, self._k = profiles, service.on_air, clock, k
        self._lock = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._begin()
        service.on_air.after_doubt(self.doubt)
        profiles.after_change(self.look_again)

    def start(self) -> None:
        """Begin to judge and to make tables."""
        self._thread = threading.Thread(target=self._keep, name="identities", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; harmless if repeated."""
        self._stopping.set()
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    # For every thread

    def lookup(self, eid: bytes) -> BandId | None:
        """Return whose identity of 8 octets this is just now; None: nobody who is expected and said yes."""
        now_ms = self._clock.central_ms()
        with self._lock:
            heard = self._epochs.resolve(eid, now_ms // 1_000)
            if heard is None or self._is_over(heard.id, now_ms):
                return None
            if heard.drift:
                self._drifts[heard.id] = self._roster.drift_s(heard.id)
            return heard.id

    def doubt(self, bands: Collection[BandId]) -> None:
        """Take bands for nobody's from this moment, until they are judged anew."""
        with self._lock:
            for band in bands:
                self._leave(band)
        self.look_again(bands)

    def look_again(self, bands: Collection[BandId] | None) -> None:
        """Judge bands anew in the background; None: begin with nobody and judge them all."""
        with self._lock:
            if bands is None:
                self._begin()
            else:
                self._hand.difference_update(bands)
                self._doubted.update(dict.fromkeys(bands))
        self._wake.set()

    @property
    def expected(self) -> int:
        """How many bands may be heard here."""
        return len(self._until)

    @property
    def ambiguous(self) -> int:
        """How many identities stand for two bands just now, and so for none."""
        with self._lock:
            return self._epochs.ambiguous

    # For the one thread, and for tests in its place

    def work(self) -> bool:
        """Do one slice of what is due; return whether more may be due."""
        if self._judge() or self._walk():
            return True
        with self._lock:
            # Tables grow by rows that left, too: when these are most of them, all begins anew.
            if len(self._roster) > 2 * len(self._until) + GONE_ROWS_MIN:
                self._begin()
                return True
            more = self._epochs.work(self._clock.central_ms() // 1_000)
            drifts = dict(self._drifts)
            self._drifts.clear()
        if drifts:
            self._on_air.put_right(drifts)
        return more

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                pause_s = PAUSE_S if self.work() else LOOK_S
            except StoreError as error:
                LOG.warning("bands on air wait for the store: %s", error)
                pause_s = RETRY_S
            if pause_s == PAUSE_S:
                self._stopping.wait(pause_s)
            elif self._wake.wait(pause_s):
                self._wake.clear()

    def _begin(self) -> None:
        """Forget all and judge everybody from the file's begin."""
        self._roster = Roster()
        self._epochs = Epochs(self._roster, self._k)
        self._until: dict[BandId, int | None] = {}
        self._drifts: dict[BandId, int] = {}
        self._doubted: dict[BandId, None] = {}
        self._hand: set[BandId] = set()
        self._place: int | None = -1

    def _walk(self) -> bool:
        """Read on in the file; whoever has a key for the radio is judged next."""
        place, roster = self._place, self._roster
        if place is None:
            return False
        keys, rest = self._profiles.worn_keys(place, PAGE_BANDS)
        with self._lock:
            if roster is self._roster:  # else all began anew meanwhile
                self._place = rest
                self._doubted.update(dict.fromkeys(band for band, own in keys.items() if ON_AIR in own))
        return True

    def _judge(self) -> bool:
        with self._lock:
            self._hand = set(list(self._doubted)[:SLICE_BANDS])
            bands = [*self._hand]
            for band in bands:
                del self._doubted[band]
        if not bands:
            return False
        try:
            found = self._on_air.audible(bands)
        except StoreError:
            self.doubt(bands)
            raise
        with self._lock:
            for band in self._hand:  # who is in doubt again meanwhile is judged again
                self._settle(band, found.get(band))
            self._hand = set()
        return True

    def _settle(self, band: BandId, one: Audible | None) -> None:
        if one is None:
            self._leave(band)
            return
        if not self._roster.has(band, one.on_air.key):
            self._roster.enrol(Expected(band, one.on_air.key, one.on_air.offset_s, one.drift_s))
        self._until[band] = one.until_ms

    def _leave(self, band: BandId) -> None:
        self._roster.withdraw(band)
        self._until.pop(band, None)
        self._drifts.pop(band, None)

    def _is_over(self, band: BandId, now_ms: int) -> bool:
        until_ms = self._until.get(band)
        return until_ms is not None and now_ms >= until_ms
