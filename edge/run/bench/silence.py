"""Silence: a gate that was alone for three days hands over what it wrote, on a good line and a losing one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

from edge.clock import Clock, monotonic_ms, wall_ms
from edge.core.events import Lane
from edge.run.bench.gatehouse import PRIVATE_KEY, Gatehouse
from edge.run.bench.sync import fill
from edge.run.bench.thousands import Known
from edge.run.bench.workers import PUBLIC
from sync.central.machines.lanes import event_table
from sync.central.store import Store, func, select
from sync.client import Cable, Line, Ports, Sender
from sync.client.backoff import Backoff, Bell
from sync.client.line import Unreachable
from sync.client.pushing import Pusher
from sync.signing import Keys

SILENT_MS = 72 * 3_600_000
PROFILES = 20_000
PIECES = 10
"""In so many pieces the time passes while the gate decides."""
LOST_EVERY = 5
"""Of a losing line every fifth answer is lost, after central has given it."""
TURN = 4
"""Batches on one kind of line before the other has its turn, which sends one more: its answer is lost."""
WARM = 3
"""Batches until they are as large as they become; neither line's time begins before."""


class Losing(Cable):
    """A line that loses answers while ``losing``; what was lost is counted."""

    def __init__(self) -> None:
        """Begin as a good one."""
        super().__init__()
        self.losing, self.lost, self._carried = False, 0, 0

    def send(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # the cable's own seam
        """Carry one request; hang up in place of handing its answer over, where this one is to be lost."""
        answer = super().send(*args, **kwargs)
        self._carried += self.losing
        if not self.losing or self._carried % LOST_EVERY:
            return answer
        self.lost += 1
        answer.close()
        raise ConnectionResetError("The answer is lost.")


class Spent(NamedTuple):
    """What was handed over in how many seconds."""

    events: int
    seconds: float

    @property
    def each_s(self) -> float:
        """Seconds an event."""
        return self.seconds / self.events


class Alone(Gatehouse):
    """A gatehouse whose clock begins three days ago and is moved on to now piece by piece."""

    _ahead_ms = 0

    def pass_piece(self) -> None:
        """Let a piece of the silence go by."""
        self._ahead_ms += SILENT_MS // PIECES

    def _new_clock(self) -> Clock:
        return Clock(wall=lambda: self._late(wall_ms()), monotonic=lambda: self._late(monotonic_ms()))

    def _late(self, ms: int) -> int:
        return ms - SILENT_MS + self._ahead_ms


class Hermit:
    """A gate that decided for three days and was not heard."""

    def __init__(self, folder: Path, device: Known, events: int) -> None:
        """Live those days: so many decisions, each as durable as ever."""
        self.device, self._cable, self._backoff = device, Losing(), Backoff()
        self._house = Alone(folder, PROFILES, site=device.site, device=device.id)
        for _ in range(PIECES):
            fill(self._house, events // PIECES)
            self._house.pass_piece()
        # In a long silence the house has put away what its taps left to do; here it would do so meanwhile.
        self._house.sequencer.erase_ghosts()
        self.events = self._house.journal.head(Lane.ORDINARY).seq

    def meet(self, url: str) -> None:
        """Be led to a central that answers."""
        house, who = self._house, Sender(site=self.device.site, device=self.device.id, incarnation=1)
        ports = Ports(
            journal=house.journal,
            books=house.sequencer,
            profiles=house.profiles,
            clock=house.clock,
            describe=lambda report: report,
        )
        own = self.device.keys
        keys = Keys(key_id=own.key_id, private_key=PRIVATE_KEY, central=own.central, audience=PUBLIC)
        line = Line(url, self._cable, device=self.device.id, keys=keys, clock=house.clock)
        self._pusher = Pusher(who, Lane.ORDINARY, ports=ports, line=line)

    def hand_over(self, batches: int, *, losing: bool = False) -> Spent:
        """Hand over at most so many batches, resting after a failure as the product does."""
        self._cable.losing = losing
        began, events = time.monotonic(), 0
        for _ in range(batches):
            try:
                moved = self._pusher.push()
            except Unreachable:
                Bell().rest(self._backoff.failed(), for_writes=False)
                continue
            if moved is None:
                break
            self._backoff.succeeded()
            events += moved
        return Spent(events, time.monotonic() - began)

    def in_turns(self) -> tuple[Spent, Spent]:
        """Hand over everything, some batches on a good line and some on a losing one in turns."""
        self.hand_over(WARM)
        totals = [Spent(0, 0.0), Spent(0, 0.0)]
        losing = False
        while self._pusher.pending():
            spent = self.hand_over(TURN + losing, losing=losing)
            before = totals[losing]
            totals[losing] = Spent(before.events + spent.events, before.seconds + spent.seconds)
            losing = not losing
        return totals[0], totals[1]

    @property
    def lost(self) -> int:
        """How many answers were lost."""
        return self._cable.lost

    def close(self) -> None:
        """Close everything."""
        self._house.close()


def whole(store: Store, hermit: Hermit) -> bool:
    """Say whether central holds each of its events once."""
    own = event_table.c
    counted = select(func.count(), func.min(own.seq), func.max(own.seq))
    there = counted.where(own.site_id == hermit.device.site, own.device_id == hermit.device.id)
    with store.reading() as tx:
        return tuple(tx.execute(there).one()) == (hermit.events, 1, hermit.events)
