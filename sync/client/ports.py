"""Ports: all that the edge's end of the wire needs of the edge, without importing any of its rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from edge.core.alarms import AlarmNotice
from edge.core.caps import Caps
from edge.core.checkpoint import Checkpoint
from edge.core.events import Event
from edge.core.held import Change, Held
from edge.core.lease import Close, Grant, Want
from edge.core.offers.anew import CouponAsk
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.unread import Unread
from sync.wire import Cursor, DeviceReport, Item

T = TypeVar("T")
SHIPPED = Caps()


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

    def contradiction(self, checkpoint: Checkpoint) -> str:
        """Say why this cannot be the journal that a checkpoint was made of; empty: it can."""


class Desk(Protocol):
    """One act's view of the sequencer's transaction."""

    def held(self, band: bytes, entitlements: Sequence[str] = ...) -> Held:
        """Return the site's memory of a band, with the uses of these rights."""

    def append(self, kind: int, body: msgspec.Struct, *, band: bytes | None = ..., lane: int = ...) -> int:
        """Append one record."""

    def inside(self) -> dict[str, int]:
        """Return people in minus people out, per zone, through this device."""

    def all_taken(self) -> dict[str, int]:
        """Return how many this device let in at each booked time."""

    def apply(self, band: bytes | None, change: Change, seq: int) -> None:
        """Write a change of a band's memory."""

    def put(self, kind: str, key: str, body: bytes) -> None:
        """Keep one small thing."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return one small thing."""

    def delete(self, kind: str, key: str) -> None:
        """Forget one small thing; forgetting twice is no fault."""

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """Return every small thing of a kind."""


class Books(Protocol):
    """The sequencer: whatever returns from it is durable."""

    def submit(self, act: Callable[[Desk], T]) -> T:
        """Run an act in the next transaction."""

    def ack(self, lane: int, seq: int) -> None:
        """Note that central holds a lane up to ``seq``."""

    def point_at(self, file: str) -> None:
        """Make another profile file the live one."""

    def freeze(self, why: str) -> None:
        """Append nothing any more, also after a restart."""

    @property
    def frozen(self) -> str:
        """Why nothing is appended any more; empty: something may be."""


class ProfileCopy(Protocol):
    """The local copy of profiles, written by the pull thread only."""

    def cursor(self) -> Cursor:
        """Return how far the feed has been applied."""

    def count(self) -> int:
        """Return how many profiles there are."""

    def get(self, band: bytes) -> Profile | None:
        """Return what central said of a band."""

    def layout(self) -> Layout | None:
        """Return the site's layout as last applied."""

    def unread(self) -> Unread:
        """Return what of the feed made no sense so far."""

    def some(self, count: int, chance: Callable[[int], bytes]) -> tuple[Profile, ...]:
        """Return at most ``count`` profiles that nobody can foresee."""

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

    def monotonic_ms(self) -> int:
        """Return milliseconds that only rise."""

    def central_ms(self) -> int:
        """Return what central's clock shows, also where the journal's time is ahead of it."""

    def heard(self, central_ms: int, round_trip_ms: int) -> None:
        """Take central's time from an answer."""


class Shown(Protocol):
    """The staff's screens."""

    def __call__(self, key: str, notice: AlarmNotice | None, *, turn: int) -> None:
        """Show what only central could see; None: somebody has looked. Twice is like once."""


def _nowhere(key: str, notice: AlarmNotice | None, *, turn: int) -> None:
    """Show it nowhere: this device has no staff."""


class Lending(Protocol):
    """The leases of this device: who is here, what should lie here, and what central said of it."""

    @property
    def sells(self) -> bool:
        """Whether anything is sold here: only then grants are waited for."""

    @property
    def waits(self) -> bool:
        """Whether somebody stands here for whom central was not asked yet."""

    def listen(self, bell: Callable[[], None]) -> None:
        """Have ``bell`` called whenever there is something to ask."""

    def presences(self) -> tuple[tuple[str, str, bool], ...]:
        """Return who came or left: wallet, how it was seen, whether it left."""

    def heard(self, presences: Iterable[tuple[str, str, bool]], coming: Iterable[str] = ...) -> None:
        """Take that central has heard these, and answered all but of wallets whose money is ``coming``."""

    def wants(self) -> tuple[Want, ...]:
        """Return what to ask for now."""

    def after(self) -> int:
        """Return how far grants and closes were taken, durably."""

    def take(self, grants: Iterable[Grant], closes: Iterable[Close], *, asked_ms: int, after: int) -> None:
        """Take grants and closes and how far that goes, in one transaction."""

    def block(self, wallet: str, epoch: int) -> None:
        """Stop a wallet at this device, durably; an older block than the known one changes nothing."""

    def hearsay(self) -> Sequence[tuple[str, int, str]]:
        """Return which wallets are stopped by another device's word alone: wallet, block, whose word."""

    def refute(self, told: Sequence[tuple[str, int, str]]) -> None:
        """Let these words count no more, durably: central was asked since, and its own word is here."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What ``edge.run`` hands in; ``describe`` adds boot, version, readers and the disk to a report."""

    journal: JournalReader
    books: Books
    profiles: ProfileCopy
    clock: Time
    describe: Callable[[DeviceReport], DeviceReport]
    caps: Caps = SHIPPED
    """How much central may take from guests before it is obeyed no longer."""
    points: tuple[str, ...] = ()
    """The points that this device reads at."""
    dismissed: Callable[[], None] = lambda: None
    """Called when central has said, with its signature, that this device is revoked."""
    unreached: Callable[[], None] = lambda: None
    """Called when central could not be reached, from any of the client's threads."""
    checkpoint: Callable[[], Checkpoint | None] = lambda: None
    """Returns the journal's newest durable checkpoint."""
    changed: Callable[[], None] = lambda: None
    """Called after profiles or band states changed, from the pull thread."""
    lending: Lending | None = None
    """The leases of this device; None: it holds none."""
    agreed: Callable[[], None] = lambda: None
    """Called when central has compared this journal with the newest it knows, and they are one."""
    erase: Callable[[str, Sequence[bytes]], None] = lambda _guest, _bands: None
    """Forget a guest and these bands, durably; called before anything else of an answer is applied."""
    void: Callable[[CouponAsk], None] = lambda _ask: None
    """Answer care's ask for a coupon of this device, durably; called before the cursor moves past it."""
    alarm: Shown = _nowhere
    """Where central's own alarms are shown, durably; called before the urgent cursor moves past them."""
