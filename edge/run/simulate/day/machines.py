"""Machines of the day: the edges, central and the wire, and how an edge that dies begins again."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge.core.events import Lane
from edge.errors import PolsoError
from edge.run.simulate.day.plan import MINUTE_MS, Visitor, visitors
from edge.run.simulate.day.site import EDGES, MIDNIGHT_MS, Park
from edge.run.simulate.day.told import Befell, Told
from edge.run.simulate.device import Device
from edge.run.simulate.machine import Died, Hands
from edge.run.simulate.platform import Central
from edge.run.simulate.weather import Fate, Weather
from edge.run.simulate.wire import Wire

BAD = (Fate.UNANSWERED, Fate.TWICE, Fate.LATE, Fate.LOST)
BAD_PERMILLE = 20
"""All day long this part of all exchanges is lost, doubled, late or unanswered."""
EVERY_MS, POLL_MS = 10 * MINUTE_MS, 30_000
"""How often a machine takes every turn with central, and how often its open question is answered."""
REST_MS_MAX, RETRY_MS_MAX = 300_000, 2_000
"""So long a machine rests at most before it tries central again: after an hour in vain, and after one try."""


class Machines:
    """The site's machines, central, the wire between them, and the people's own book of the day."""

    def __init__(
        self, folder: Path, *, count: int, seed: int, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Enter everybody at central, start the machines, and let nobody in yet."""
        self.say, self.seed = say, seed
        self.dice = random.Random(f"{seed}/day")  # noqa: S311 - a story, nothing secret
        self._rests = random.Random(f"{seed}/rests")  # noqa: S311 - the same
        self.known: list[Visitor] = visitors(count, seed)
        self.now_ms, self.told = MIDNIGHT_MS, Told()
        say(f"entering {count:,} visitors at central")
        self.park = Park(folder / "central.db", self.known)
        self.central = Central(self.park, lambda: self.now_ms)
        self.weather = Weather(self.dice, BAD, permille=0)
        self.gone: set[str] = set()
        """Readers that are unplugged."""
        self.returns: list[tuple[int, int]] = []
        """When which machine tries central again: its way was mended meanwhile."""
        self._took_ms = 0
        self._polled = dict.fromkeys(range(len(EDGES)), 0)
        self.devices = [
            Device(number, folder, central=self.central, hands=Hands(lambda: self.now_ms), points=edge.points)
            for number, edge in enumerate(EDGES)
        ]
        self.central.meanwhile = self._others_hear
        for device in self.devices:
            device.run = folder / "run"
            self.start(device)

    def close(self) -> None:
        """End everything."""
        for device in self.devices:
            device.close()
        self.park.close()

    def start(self, device: Device) -> None:
        """Start a machine's process; while a till waits for money it asks central for it at once."""
        device.start(lambda: self._wire(device))
        device.service.placement.listen(lambda: self._fetch(device))

    def meet(self, device: Device) -> None:
        """Take every turn with central once, as far as the way there holds."""
        device.look()
        with self._noted():
            device.report()
            while device.push(Lane.PRIORITY):
                pass
            head = self.central.head()
            while device.profiles.cursor().seq != head and device.pull():
                pass
            while device.push(Lane.ORDINARY):
                pass
            if device.service.placement.sells:
                self._lend(device)

    def _lend(self, device: Device) -> None:
        """Tell who is here, ask for what should lie here, and take all that central has set aside."""
        device.ask()
        while True:
            before = device.service.placement.after()
            device.listen()
            if device.service.placement.after() == before:
                return

    def poll(self, device: Device) -> None:
        """Let the question that a machine always has open at central be answered, where it is time."""
        if self.now_ms - self._polled[device.number] >= POLL_MS:
            self._polled[device.number] = self.now_ms
            with self._noted():
                if not (device.service.placement.sells and device.ask()):
                    device.report()

    def _others_hear(self, asker: int) -> None:
        """Let the others, each of which has a question open at central, hear of it and give back."""
        for device in self.devices:
            if device.number != asker and device.service.placement.sells:
                self.alive(device, partial(self._gives_back, device))

    def _gives_back(self, device: Device) -> None:
        with self._noted():
            device.listen()
            device.push(Lane.PRIORITY)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Count what central refuses and what does not reach it: the machine goes on by itself."""
        try:
            yield
        except PolsoError as error:
            self.told.faults[type(error).__name__] += 1

    def turns(self) -> None:
        """Let every machine take its turns with central."""
        self.central.sweep()
        for device in self.devices:
            self.alive(device, partial(self.meet, device))

    def _fetch(self, device: Device) -> None:
        """Ask for what a basket lacks, in the very moment, if there is a way."""
        if device.service.placement.waits:
            with self._noted():
                device.ask()

    def alive(self, device: Device, act: Callable[[], None]) -> bool:
        """Do something at a machine; where it dies of it, it is started again, and False returned."""
        try:
            act()
        except Died:
            began_ns = time.perf_counter_ns()
            self.told.faults["killed"] += 1
            device.books.dies = ""
            device.crash()
            self.start(device)
            ready_ms = (time.perf_counter_ns() - began_ns) / 1e6
            self.meet(device)
            for one in self.told.befell:
                if one.edges == (device.number,) and one.until_ms is None and one.ready_ms is None:
                    self.ended(one)
                    one.ready_ms = ready_ms
            return False
        return True

    def taps_at(self, edges: Iterable[int]) -> int:
        """Return how many bands were held to readers of these edges so far."""
        return sum(self.told.at[number] for number in edges)

    def ended(self, one: Befell) -> None:
        """Write down that something is over."""
        one.taps = self.taps_at(one.edges) - one.taps
        one.until_ms = self.now_ms
        one.behind = self.weather.cut.intersection(one.edges)

    def mended(self, edges: Iterable[int]) -> None:
        """The way to central holds again: a machine that rests tries it within the longest of its rests."""
        for number in edges:
            heapq.heappush(self.returns, (self.now_ms + self._rests.randrange(REST_MS_MAX), number))

    def return_due(self, until_ms: int) -> None:
        """Let machines whose rest is over meet central, and note when each is even with it."""
        while self.returns and self.returns[0][0] <= until_ms:
            at_ms, number = heapq.heappop(self.returns)
            self.now_ms, self._took_ms = max(self.now_ms, at_ms), 0
            self.weather.cut.discard(number)
            device = self.devices[number]
            self.alive(device, partial(self.meet, device))
            if device.outbox():
                heapq.heappush(self.returns, (self.now_ms + self._rests.randrange(1, RETRY_MS_MAX), number))
            else:
                self._is_even(number)

    def _is_even(self, number: int) -> None:
        for one in self.told.befell:
            if number in one.behind and one.until_ms is not None:
                one.behind.discard(number)
                one.told_after_ms = self.now_ms - one.until_ms + self._took_ms

    def _wire(self, device: Device) -> Wire:
        return Wire(device.number, self.central, self.weather, passes=self._pass, carried=lambda *_: None)

    def _pass(self, ms: int) -> None:
        """An exchange takes no time of anybody else's."""
        self._took_ms += ms
