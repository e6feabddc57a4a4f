"""Playing the day: what goes wrong, machines that meet central every few minutes, and people, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path

from edge.run.simulate.day.machines import BAD, BAD_PERMILLE, EVERY_MS, Machines
from edge.run.simulate.day.people import People
from edge.run.simulate.day.plan import CLOSE_MIN, MINUTE_MS, OPEN_MIN, stops
from edge.run.simulate.day.site import EDGES, MIDNIGHT_MS
from edge.run.simulate.day.trouble import TROUBLES, Trouble
from edge.run.simulate.weather import Weather
from sync.central.planning import ahead

ROUNDS_MAX = 400
"""After so many meetings in good weather everything has to be at rest."""


class Day(Machines):
    """One day of the site; ``play`` lets it pass, and everything is at rest afterwards."""

    def __init__(
        self, folder: Path, *, count: int, seed: int, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Enter everybody at central, start the machines, and let nobody in yet."""
        super().__init__(folder, count=count, seed=seed, say=say)
        self._people = People(self)

    def play(self) -> None:
        """Let the day pass, then heal everything until it is at rest."""
        self._open()
        for at_ms, act in self._times():
            self.return_due(MIDNIGHT_MS + at_ms)
            self.now_ms = max(self.now_ms, MIDNIGHT_MS + at_ms)
            act()
        self.say("the park is closed: everything comes to rest")
        self._rest()

    def _times(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """Yield what happens, in its order: trouble, then machines, then people."""
        people = (
            (one.at_ms, 2, n, lambda one=one: self._people.stop(one))
            for n, one in enumerate(stops(self.known, self.seed))
        )
        turns = (
            (at, 1, n, self.turns)
            for n, at in enumerate(range(OPEN_MIN * MINUTE_MS, CLOSE_MIN * MINUTE_MS, EVERY_MS))
        )
        bad = ((one.at_ms, 0, n, lambda one=one: self._goes_wrong(one)) for n, one in enumerate(TROUBLES))
        for at_ms, _, _, act in merge(bad, turns, people, key=lambda one: one[:3]):
            yield at_ms, act

    def _open(self) -> None:
        """Before the first guest: edges have what central knows, and money lies where it will be needed."""
        self.now_ms = MIDNIGHT_MS + (OPEN_MIN - 30) * MINUTE_MS
        for device in self.devices:
            self.meet(device)
        moved = ahead.look(self.park.store, self.central.site)
        self.say(f"{moved} leases set aside before anybody comes")
        for device, edge in zip(self.devices, EDGES, strict=True):
            self.meet(device)
            for till in edge.tills:
                device.service.shifts.open(device.cashier(till), till, counted_minor=0)
        self.weather = Weather(self.dice, BAD, permille=BAD_PERMILLE)

    def _rest(self) -> None:
        self.weather.heal()
        for device in self.devices:
            device.books.dies = ""
        for _ in range(ROUNDS_MAX):
            for device in self.devices:
                self.meet(device)
            head = self.central.head()
            if not any(one.outbox() or one.profiles.cursor().seq != head for one in self.devices):
                return

    def _goes_wrong(self, trouble: Trouble) -> None:
        self.say(
            f"{trouble.at_ms // MINUTE_MS // 60:02}:{trouble.at_ms // MINUTE_MS % 60:02} {trouble.words}"
        )
        trouble.happens(self)
