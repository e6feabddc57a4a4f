"""An edge on paper and a central that follows a script, for tests of the edge's end alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edge.core.checkpoint import Checkpoint
from edge.core.events import Event
from edge.core.held import Change, Held
from edge.core.unread import Unread
from sync.client.history import Sender
from sync.client.ports import Ports
from sync.wire import Batch, Cursor, Item
from tests.sync.builders import NOW_MS, PaperJournal

SENDER = Sender(site="park", device="gate")


@dataclass
class Tail:
    seq: int
    h: bytes


@dataclass
class Paper:
    """A whole edge on paper: journal, books, profiles and clock in memory."""

    journal_of: PaperJournal = field(default_factory=lambda: PaperJournal("park", "gate"))
    acks: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})
    anchors: dict[int, int] = field(default_factory=lambda: {0: 0, 1: 0})
    at: Cursor = field(default_factory=lambda: Cursor(5, 10))
    applied: list[Item] = field(default_factory=list)
    bound: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    why_frozen: str = ""
    doubt: str = ""
    times_known: int = 1
    refused: Unread = field(default_factory=Unread)

    def range(self, lane: int, after: int, limit: int = 5_000) -> list[Event]:
        return self.journal_of.lanes[lane][after : after + limit]

    def one(self, lane: int, seq: int) -> Event | None:
        rows = self.journal_of.lanes[lane]
        return rows[seq - 1] if 0 < seq <= len(rows) else None

    def head(self, lane: int) -> Tail:
        rows = self.journal_of.lanes[lane]
        return Tail(len(rows), self.journal_of.before(lane, len(rows) + 1))

    def anchor(self, lane: int) -> Tail:
        seq = self.anchors[lane]
        return Tail(seq, self.journal_of.before(lane, seq + 1))

    def acked(self, lane: int) -> int:
        return self.acks[lane]

    def ack(self, lane: int, seq: int) -> None:
        self.acks[lane] = seq

    def submit(self, act: Callable[[Any], Any]) -> Any:
        return act(self)

    @property
    def frozen(self) -> str:
        return self.why_frozen

    def freeze(self, why: str) -> None:
        self.why_frozen = why

    def contradiction(self, checkpoint: Checkpoint) -> str:
        return self.doubt

    def point_at(self, file: str) -> None:
        raise AssertionError(f"{file} must not be taken")

    def inside(self) -> dict[str, int]:
        """People in each zone."""
        return {"park": 3}

    def all_taken(self) -> dict[str, int]:
        """Guests let in at each booked time."""
        return {f"ride/{number}": 1 for number in range(self.times_known)}

    def held(self, band: bytes, entitlements: Sequence[str] = ()) -> Held:
        return Held()

    def append(self, kind: int, body: msgspec.Struct, **_: object) -> int:
        return 1

    def apply(self, page: Any, cursor: Any, seq: int = 0) -> None:
        if isinstance(cursor, Change):
            self.bound.append(page)
            return
        self.applied += page
        self.at = cursor

    def get(self, kind: object, key: str = "") -> bytes | None:
        return None

    def put(self, kind: str, key: str, body: bytes) -> None:
        """Nothing is asked for again."""

    def delete(self, kind: str, key: str) -> None:
        """Nothing is kept."""

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        return []

    def cursor(self) -> Cursor:
        return self.at

    def count(self) -> int:
        return 1

    def build(self, items: Any, cursor: Cursor, *, rows_min: int = 0) -> Path:
        assert len(list(items)) >= rows_min, "a short snapshot"
        return Path("built")

    def adopt(self, path: Path, point_at: Callable[[str], None]) -> None:
        raise AssertionError("nothing of this must be adopted")

    def now_ms(self) -> int:
        return 0

    def monotonic_ms(self) -> int:
        return 0

    def layout(self) -> None:
        return None

    def unread(self) -> Unread:
        return self.refused

    def some(self, count: int, chance: Callable[[int], bytes]) -> tuple[()]:
        return ()

    def central_ms(self) -> int:
        return NOW_MS

    def heard(self, central_ms: int, round_trip_ms: int) -> None:
        self.times.append(central_ms)

    def ports(self) -> Ports:
        return Ports(journal=self, books=self, profiles=self, clock=self, describe=lambda bare: bare)


class Script:
    """A line on which central says what the test wants, in order."""

    took_ms = 3
    sent_bytes = 0
    central = b""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.sent: list[Batch] = []

    def post(self, path: str, message: Any, kind: type[Any]) -> Any:
        self.sent.append(message)
        return self._next(message)

    def get(self, exchange: object, kind: type[Any]) -> Any:
        return self._next(None)

    def _next(self, message: Any) -> Any:
        answer = self.answers.pop(0)
        if callable(answer):
            answer = answer(message)
        if isinstance(answer, Exception):
            raise answer
        return answer
