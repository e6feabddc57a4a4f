"""The journal as it is read: by sync, by screens, by whoever wants to know whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from edge import cloudevents
from edge.core.checkpoint import Checkpoint, contradictions
from edge.core.events import Decided, Event, Kind
from edge.errors import StoreError
from edge.signature import is_signed
from edge.store import checkpoints, driver
from edge.store.database import open_reader
from edge.store.effects import Effects
from edge.store.queries import QUERIES
from edge.store.readers import Readers
from edge.store.records import LANES, SEQ_MAX, Head, Owner, event_of, key_of
from edge.store.trouble import trouble_of
from edge.store.verification import Report, check_lane

RANGE_MAX = 5_000
"""Events in one read."""
RECENT_SCAN_MAX = 2_000
"""How far back ``recent`` looks for decisions of one point."""
LAST_SCAN_MAX = 10_000
"""How far back ``last_of`` looks; older records have long reached the table of bands."""
ABOUT_SCAN_MAX = 50_000
"""How far back is looked for all that concerns one guest: many days of one gate."""
DECISIONS = frozenset((Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN))


DECODE = msgspec.msgpack.Decoder(Decided).decode


class Journal:
    """Reads the journal of a data folder from any thread; never writes, never holds a read open."""

    def __init__(self, folder: Path) -> None:
        """Read the folder's ``state.db``, which the sequencer has made."""
        self._folder = folder
        self._readers = Readers(folder / "state.db")

    def close(self) -> None:
        """Close every thread's connection."""
        self._readers.close()

    def owner(self) -> Owner:
        """Return whose journal it is."""
        row = self._readers.one(QUERIES["owner"])
        if row is None:
            raise StoreError("This journal has no owner yet.", hint="Start polso once, then look again.")
        return Owner(*row)

    def range(self, lane: int, after: int, limit: int = RANGE_MAX) -> list[Event]:
        """Return the events of a lane with a sequence above ``after``, in order."""
        asked = (key_of(lane, after), key_of(lane, SEQ_MAX), min(limit, RANGE_MAX))
        return [event_of(row) for row in self._readers.all(QUERIES["journal_range"], asked)]

    def one(self, lane: int, seq: int) -> Event | None:
        """Return one event."""
        row = self._readers.one(QUERIES["journal_one"], (key_of(lane, seq),))
        return None if row is None else event_of(row)

    def head(self, lane: int) -> Head:
        """Return sequence and hash of a lane's last event; before the first, the chain's start."""
        row = self._readers.one(QUERIES["journal_head"], (key_of(lane, 0), key_of(lane + 1, 0)))
        return self.anchor(lane) if row is None else Head(row[0] & SEQ_MAX, row[2])

    def anchor(self, lane: int) -> Head:
        """Return what the first kept event of a lane is chained to."""
        for found, seq, h in self._readers.all(QUERIES["anchors"]):
            if found == lane:
                return Head(seq, h)
        raise StoreError(f"The journal has no lane {lane}.")

    def acked(self, lane: int) -> int:
        """Return up to where central is known to hold a lane."""
        return int(self._readers.one(QUERIES["acked"], (lane, lane))[0])

    def acked_ms(self, lane: int) -> int:
        """Return when central last acknowledged something of a lane; 0: never."""
        return int(self._readers.one(QUERIES["acked"], (lane, lane))[1])

    def pending(self, lane: int) -> int:
        """Return how many events of a lane central does not hold yet."""
        return self.head(lane).seq - self.acked(lane)

    def oldest_pending_ms(self, lane: int) -> int | None:
        """Return when the oldest event that central lacks was made; None: it has all."""
        waiting = self.range(lane, self.acked(lane), 1)
        return waiting[0].hlc >> 16 if waiting else None

    def recent(self, point: str | None = None, limit: int = 20) -> list[Event]:
        """Return the newest decisions, at one point or at all, newest first."""
        found: list[Event] = []
        asked = (key_of(0, 0), key_of(1, 0), RECENT_SCAN_MAX if point else limit * 4)
        for row in self._readers.all(QUERIES["journal_back"], asked):
            event = event_of(row)
            if event.kind in DECISIONS and (point is None or DECODE(event.body).decision.point == point):
                found.append(event)
            if len(found) == limit:
                break
        return found

    def last_of(self, band: bytes) -> Event | None:
        """Return a band's newest ordinary event; of long ago only what changed the site's memory of it."""
        head = self.head(0).seq
        bounds = (key_of(0, max(0, head - LAST_SCAN_MAX)), key_of(0, head), band, 1)
        row = self._readers.one(QUERIES["journal_about"], bounds)
        if row is not None:
            return event_of(row)
        row = self._readers.one(QUERIES["band_seq"], (band,))
        return None if row is None else self.one(0, row[0])

    def about(self, band: bytes, limit: int) -> list[Event]:
        """Return a band's newest ordinary events, newest first, as far back as ``ABOUT_SCAN_MAX``."""
        return self._back("journal_about", band, limit)

    def of_kind(self, kind: Kind, limit: int) -> list[Event]:
        """Return the newest ordinary events of one kind, newest first, as far back as ``ABOUT_SCAN_MAX``."""
        return self._back("journal_kind", int(kind), limit)

    def _back(self, name: str, what: bytes | int, limit: int) -> list[Event]:
        head = self.head(0).seq
        asked = (key_of(0, max(0, head - ABOUT_SCAN_MAX)), key_of(0, head), what, min(limit, RANGE_MAX))
        return [event_of(row) for row in self._readers.all(QUERIES[name], asked)]

    def events(self, lane: int) -> Iterator[Event]:
        """Walk every kept event of a lane, a bounded piece at a time."""
        after = self.anchor(lane).seq
        while piece := self.range(lane, after):
            yield from piece
            after = piece[-1].seq

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return the signed checkpoints that are kept beside the records, oldest first."""
        public_key = self.owner().public_key
        connection = open_reader(self._folder / "state.db")
        try:
            found = checkpoints.kept(connection, Effects.load(connection))
        except driver.ERRORS as error:
            raise trouble_of(error).error() from error
        finally:
            connection.close()
        return tuple(made for _, made in found if is_signed(made, public_key))

    def hash_at(self, lane: int, seq: int) -> bytes | None:
        """Return the hash of a record, kept or the last of those that were pruned; None: of neither."""
        event, anchor = self.one(lane, seq), self.anchor(lane)
        return event.h if event is not None else anchor.h if anchor.seq == seq else None

    def contradiction(self, checkpoint: Checkpoint) -> str:
        """Say why this cannot be the journal that a checkpoint was made of; empty: it can."""
        found = contradictions(checkpoint, [self.head(lane).seq for lane in LANES], self.hash_at)
        return checkpoints.words(found[0]) if found else ""

    def verify(self, also: Sequence[Checkpoint] = ()) -> Report:
        """Recompute both chains and locate every edit, deletion, insertion, swap and splice.

        With the checkpoints kept here, and ``also`` those kept elsewhere, a cut tail is found too.
        """
        owner = self.owner()
        known = sorted({*self.checkpoints(), *also}, key=lambda one: one.events)
        lanes = tuple(
            check_lane(owner, self.anchor(lane), self.events(lane), lane=lane, checkpoints=known)
            for lane in LANES
        )
        return Report(owner, lanes, known[-1].events if known else None)

    def export(self, file: TextIO) -> int:
        """Write every kept event as one CloudEvents JSON line; return how many."""
        owner = self.owner()
        count = 0
        life = cloudevents.incarnation(owner.public_key)
        for lane in LANES:
            source = cloudevents.source_of(owner.site, owner.device, life, lane=lane)
            for event in self.events(lane):
                file.write(cloudevents.line(event, source=source) + "\n")
                count += 1
        return count
