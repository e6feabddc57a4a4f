"""Pushing: one lane of the journal on its way to central, range by range behind central's own cursor."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec

from edge.core.checkpoint import Checkpoint, encoded
from edge.core.events import Event, canonical
from edge.errors import Refused
from sync.client.history import Frozen, Sender, demand_not_above, hash_at
from sync.client.line import Declined, Line, TimedOut
from sync.client.ports import JournalReader, Ports
from sync.routes import EVENTS
from sync.wire import BATCH_BYTES_MAX, ROWS_MAX, ROWS_USUAL, WIRE_VERSION, Ack, Batch, Problem

ROWS_BYTES_MAX = 2 * BATCH_BYTES_MAX
"""Unpacked rows in one batch: real journals pack to a tenth."""


class Pusher:
    """Sends one lane; all it keeps in memory is where central stands and how much to send at once."""

    def __init__(self, sender: Sender, lane: int, *, ports: Ports, line: Line) -> None:
        """Begin after what central is known to hold."""
        self._sender, self._ports, self._line = sender, ports, line
        self._path = EVENTS.replace("{device}", sender.device)
        self.lane = lane
        self._after: int | None = None
        self._lost_after: int | None = None
        self._broken_at: int | None = None
        self._rows = ROWS_USUAL
        self._told: Checkpoint | None = None
        self.quarantined = 0

    def pending(self) -> int:
        """Return how many events wait."""
        return self._ports.journal.head(self.lane).seq - self._position()

    def go_back(self, ack: int) -> None:
        """Have the next push begin after ``ack``: all that central is left with; for any thread."""
        self._lost_after = ack

    def push(self) -> int | None:
        """Send the next range and store its ack; return how far central came, None when nothing waits."""
        lost_after, self._lost_after = self._lost_after, None
        if lost_after is not None:
            self._rewind(lost_after)
        bare = next_batch(
            self._sender, self._ports.journal, lane=self.lane, span=(self._position(), self._rows)
        )
        if bare is None:
            return None
        newest = self._ports.checkpoint()
        batch = bare if newest is self._told else attested(bare, newest)
        try:
            ack = self._line.post(self._path, batch, Ack)
        except TimedOut:
            self._shrink()
            raise
        except Declined as refusal:
            self._obey(refusal, batch)
            return 0
        self._check(ack, batch)
        self._told = newest
        return self._accept(ack, batch)

    def _accept(self, ack: Ack, batch: Batch) -> int:
        moved = ack.ack - self._position()
        self._ports.books.ack(self.lane, ack.ack)
        self._after, self._broken_at = ack.ack, None
        self.quarantined += len(ack.quarantined)
        if len(batch.rows) == self._rows:
            self._rows = min(ROWS_MAX, self._rows * 2)
        return moved

    def _check(self, ack: Ack, batch: Batch) -> None:
        if (ack.device, ack.lane) != (self._sender.device, self.lane) or ack.ack < batch.first - 1:
            raise Refused("An ack that is not for this lane.")
        demand_not_above(self._ports.journal, self.lane, ack.ack)
        self._ports.clock.heard(ack.time_ms, self._line.took_ms)

    def _obey(self, refusal: Declined, batch: Batch) -> None:
        """Do what central's refusal asks for; raise it again where only time or people can."""
        match refusal.problem:
            case Problem.GAP if refusal.document.ack is not None:
                self._rewind(refusal.document.ack)
            case Problem.FORK:
                raise Frozen(f"Central holds another history of lane {self.lane}.") from refusal
            case Problem.CHAIN if self._broken_at != batch.first:
                self._broken_at = batch.first  # read from disk once more
            case Problem.CHAIN:
                raise Frozen(f"Lane {self.lane} does not verify from {batch.first}.") from refusal
            case Problem.TOO_LARGE if self._rows > 1:
                self._shrink()
            case _:
                raise refusal

    def _rewind(self, ack: int) -> None:
        """Central was restored and stands lower: send again, unless that part is no longer here."""
        demand_not_above(self._ports.journal, self.lane, ack)
        anchor = self._ports.journal.anchor(self.lane).seq
        if ack < anchor:
            raise Frozen(f"Central holds {ack} of lane {self.lane}; here it begins at {anchor + 1}.")
        self._after = ack

    def _shrink(self) -> None:
        self._rows = max(1, self._rows // 2)

    def _position(self) -> int:
        if self._after is None:
            self._after = self._ports.journal.acked(self.lane)
        return self._after


class Drained(NamedTuple):
    """What it took to hand over a lane."""

    events: int
    seconds: float
    sent_bytes: int
    pace: tuple[tuple[int, float], ...] = ()
    """After each batch: how many events were handed over, and how many seconds had gone by."""


def drain(pusher: Pusher, line: Line) -> Drained:
    """Push until nothing waits, as a device does after a long silence; raise what a push raises."""
    began, before, events = time.monotonic(), line.sent_bytes, 0
    pace: list[tuple[int, float]] = []
    while (moved := pusher.push()) is not None:
        events += moved
        pace.append((events, time.monotonic() - began))
    return Drained(events, time.monotonic() - began, line.sent_bytes - before, tuple(pace))


def drain_lane(sender: Sender, line: Line, ports: Ports, *, lane: int) -> Drained:
    """Hand over one whole lane, with nobody else about: what a measurement does."""
    return drain(Pusher(sender, lane, ports=ports, line=line), line)


def next_batch(sender: Sender, journal: JournalReader, *, lane: int, span: tuple[int, int]) -> Batch | None:
    """Read at most ``span[1]`` events above ``span[0]`` from disk as one batch; None: there is nothing."""
    after, rows_max = span
    prev = hash_at(journal, lane, after)
    events = journal.range(lane, after, min(rows_max, ROWS_MAX))
    rows = _fitting(events)
    if not rows:
        return None
    return Batch(
        v=WIRE_VERSION,
        site=sender.site,
        device=sender.device,
        incarnation=sender.incarnation,
        lane=lane,
        first=after + 1,
        last=after + len(rows),
        prev=prev,
        head=events[len(rows) - 1].h,
        rows=tuple(map(msgspec.Raw, rows)),
        schema_top=max(event.schema for event in events[: len(rows)]),
    )


def attested(batch: Batch, newest: Checkpoint | None) -> Batch:
    """Return a batch with the journal's newest checkpoint: it need not be of this lane or of these rows."""
    return batch if newest is None else msgspec.structs.replace(batch, checkpoint=encoded(newest))


def _fitting(events: list[Event]) -> list[bytes]:
    size = 0
    rows: list[bytes] = []
    for event in events:
        row = canonical(event)
        size += len(row)
        if size > ROWS_BYTES_MAX and rows:
            break
        rows.append(row)
    return rows
