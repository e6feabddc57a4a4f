"""The park's desk: a reader of its own, at which a new band gets the site's keys and its guest."""

from __future__ import annotations

import threading
import time
from collections.abc import Set
from typing import Protocol

from edge.errors import Refused
from edge.run.band import Choices, personalise
from edge.run.demo.hands import Ground
from edge.run.demo.park import Park, Wearer
from edge.run.demo.tray import LINK
from hardware.virtual.bands import Band
from kiosk.park import DemoDesk
from sync.central.console.desks import open_desk
from sync.central.store import Store

WAIT_S_MAX = 5.0
"""The band lies there already: whoever does not see it by then has no reader."""


class Central(Protocol):
    """The running central, as a desk knows it."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def store(self) -> Store:
        """Where the console keeps its desks' tokens."""


class Desk:
    """Does what `polso band personalise` does, with a token as the console's page of bands gives one."""

    def __init__(self, park: Park, ground: Ground, central: Central, *, written: Set[str]) -> None:
        """Stand in this park; nothing lies on the reader yet, but some bands were ``written`` before."""
        self._park, self._ground, self._central = park, ground, central
        self._busy = threading.Lock()
        self.done = DemoDesk()
        self.written = frozenset(written)

    def write(self, wearer: Wearer, band: Band) -> DemoDesk:
        """Write a new band and give it to the guest who waits for it; once more finds it done."""
        if not wearer.chip.factory:
            raise Refused("This band is written already.", hint="Choose the new one.")
        steps: list[str] = []
        with self._busy:
            began = time.monotonic()
            with self._central.store.transaction() as tx:
                token = open_desk(tx, self._park.site.id, self._park.console.name)
            said = Choices(
                reader=self._ground.path,
                central=self._central.url,
                token=token,
                guest=wearer.pseudonym,
                label=wearer.name,
                url=LINK,
                wait_s=WAIT_S_MAX,
            )
            self._ground.place(band)
            try:
                personalise(said, steps.append)
            finally:
                self._ground.remove()
            took_ms = int((time.monotonic() - began) * 1_000)
            self.written |= {wearer.id}
            self.done = DemoDesk(band=wearer.id, steps=len(steps), took_ms=took_ms)
        return self.done
