"""Ports: all that the edge's end of the wire needs of the edge, without importing any of its rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from edge.core.events import Event
from edge.core.held import Change, Held
from sync.wire import Cursor, DeviceReport, Item

T = TypeVar("T")


class Head(Protocol):
    """Sequence and hash of one record."""

    @property
    def seq(self) -> int:
        """Its sequence; 0 before the first."""

    @property
    def h(self) -> bytes:
        """Its hash."""


class JournalReader(Protocol):
    """The journal as it stands on disk; every thread may ask."""

    def range(self, lane: int, after: int, limit: int = ...) -> list[Event]:
        """Return events of a lane above ``after``, in order."""

    def one(self, lane: int, seq: int) -> Event | None:
        """Return one event, None where it was pruned or is not there yet."""

    def head(self, lane: int) -> Head:
        """Return where a lane ends."""

    def anchor(self, lane: int) -> Head:
        """Return what the first kept event is chained to."""

    def acked(self, lane: int) -> int:
        """Return up to where central is known to hold a lane."""


class Desk(Protocol):
    """One act's view of the sequencer's transaction."""

    def held(self, band: bytes) -> Held:
        """Return the site's memory of a band."""

    def append(self, kind: int, body: msgspec.Struct, *, band: bytes | None = ..., lane: int = ...) -> int:
        """Append one record."""

    def apply(self, band: bytes | None, change: Change, seq: int) -> None:
        """Write a change of a band's memory."""

    def put(self, kind: str, key: str, body: bytes) -> None:
        """Keep one small thing."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return one small thing."""


class Books(Protocol):
    """The sequencer: whatever returns from it is durable."""

    def submit(self, act: Callable[[Desk], T]) -> T:
        """Run an act in the next transaction."""

    def ack(self, lane: int, seq: int) -> None:
        """Note that central holds a lane up to ``seq``."""

    def point_at(self, file: str) -> None:
        """Make another profile file the live one."""


class ProfileCopy(Protocol):
    """The local copy of profiles, written by the pull thread only."""

    def cursor(self) -> Cursor:
        """Return how far the feed has been applied."""

    def count(self) -> int:
        """Return how many profiles there are."""

    def apply(self, page: Sequence[Item], cursor: Cursor) -> None:
        """Write items and cursor in one transaction."""

    def build(self, items: Iterable[Item], cursor: Cursor, *, rows_min: int = ...) -> Path:
        """Build a whole new file; whatever ``items`` raises leaves nothing behind."""

    def adopt(self, path: Path, point_at: Callable[[str], None]) -> None:
        """Make a built file the live one."""


class Time(Protocol):
    """The edge's clock."""

    def now_ms(self) -> int:
        """Return corrected UTC milliseconds."""

    def heard(self, central_ms: int, round_trip_ms: int) -> None:
        """Take central's time from an answer."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What ``edge.run`` hands in; ``describe`` adds boot, version, readers and the disk to a report."""

    journal: JournalReader
    books: Books
    profiles: ProfileCopy
    clock: Time
    describe: Callable[[DeviceReport], DeviceReport]
    unreached: Callable[[], None] = lambda: None
    """Called when central could not be reached, from any of the client's threads."""
    changed: Callable[[], None] = lambda: None
    """Called after profiles or band states changed, from the pull thread."""
