"""A gatehouse for measurements: one edge's journal, rules and service over a town of bands."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from edge.clock import Clock
from edge.core.profiles import Item
from edge.feed import Feed
from edge.health import Health, Watched
from edge.keys.keyfile import KeyFile
from edge.run import garbage, processor
from edge.run.bench import town
from edge.run.bench.figures import BenchError
from edge.run.unlocking import ring_of
from edge.sequencer import Sequencer
from edge.service import Rooms, Service
from edge.staff import Staff
from edge.store.journal import Journal
from edge.store.live import FIRST_FILE, live_file
from edge.store.profiles import Profiles
from edge.store.state import Store
from edge.vault import Vault
from edge.views import StaffView
from hardware.port import Tap, Trust
from sync.signing import public_half

ORDINARY = 0
DEVICE = "bench-1"
PRIVATE_KEY = bytes(32)
PUBLIC_KEY = public_half(PRIVATE_KEY)
"""Of a device that guards nothing."""
STRIDE = 7_919
"""Bands come in an order that no cache can guess (a prime step through the town)."""


def is_settled(folder: Path) -> bool:
    """Say whether a town was settled in ``folder`` to its last band: only then is its file read."""
    return live_file(folder).name != FIRST_FILE


class Gatehouse:
    """Decides taps of a town's bands, each from start to durable."""

    def __init__(
        self, folder: Path, count: int, *, settled: bool = False, site: str = "bench", device: str = DEVICE
    ) -> None:
        """Settle a town of ``count`` bands in ``folder``, unless it is there already, and open."""
        folder.mkdir(parents=True, exist_ok=True)
        self.count, self.device = count, device
        self.clock = clock = self._new_clock()
        ring = ring_of(KeyFile(folder.with_name(f"{folder.name}.key"), folder))
        vault = Vault.load(folder, ring) if settled else Vault.create(folder, ring)
        store = Store(folder)
        store.seal_by(vault)
        self.sequencer = Sequencer(store, clock, site=site, device=device, public_key=PUBLIC_KEY)
        with processor.shared():
            self.sequencer.start()
        self.profiles = Profiles(folder, vault)
        if not settled:
            path = self.profiles.build(self._items(vault), town.cursor(count))
            self.profiles.adopt(path, self.sequencer.point_at)
        self.journal = Journal(folder)
        self.feed = Feed()
        watched = Watched(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            clock=clock,
            folder=folder,
        )
        self.health = Health(watched)
        self.staff = Staff(self.sequencer, self.profiles, vault, clock)
        self.service = Service(self._rooms(vault))
        with processor.shared():
            self.service.start()
        self._numbers = itertools.count(self.journal.head(ORDINARY).seq + 1)
        garbage.settle()  # as the product does once it is built

    def _new_clock(self) -> Clock:
        """By what it tells the time."""
        return Clock()

    def _rooms(self, vault: Vault) -> Rooms:
        return Rooms(
            sequencer=self.sequencer,
            profiles=self.profiles,
            journal=self.journal,
            vault=vault,
            clock=self.clock,
            feed=self.feed,
            health=self.health,
            device=self.device,
            readers=self._readers(),
        )

    def _items(self, vault: Vault) -> Iterator[Item]:
        """What central would send first."""
        return town.items(vault, self.count, self.clock.now_ms())

    def _readers(self) -> dict[str, str]:
        """Which reader stands at which point."""
        return {town.GATE: town.GATE}

    def tap(self) -> StaffView:
        """Let the next band pass; anything but green and durable ends the measurement."""
        number = next(self._numbers)
        view = self.service.present(tap_of(number, number * STRIDE % self.count))
        if view.outcome != "granted" or view.seq < 1:
            raise BenchError(f"A band was {view.outcome}: {view.reason}.")
        return view

    def close(self) -> None:
        """Close everything."""
        self.service.stop()
        self.sequencer.stop()
        self.journal.close()
        self.profiles.close()


def tap_of(number: int, band: int) -> Tap:
    """Return the ``number``-th tap, by the ``band``-th band of the town."""
    return Tap(
        reader=town.GATE,
        seq=number,
        tap_id=f"{town.GATE}:bench:{number}",
        uid=town.uid(band),
        trust=Trust.LIVE,
        at_ns=time.monotonic_ns(),
    )
