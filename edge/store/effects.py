"""The effects log: what each batch changed, durable beside its records, written into the tables later."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.entitlements import Use
from edge.core.held import Held, Location
from edge.store.cells import CLEAR, Cells, open_kept
from edge.store.queries import QUERIES
from edge.store.records import Connection, checked, digest, kept_name, use_name
from edge.store.sheet import Entry, Form, Key, Line, Sheet

EFFECTS_ROWS_MAX = 30_000
"""Unwritten rows; beyond them each batch pays for a step of writing."""
STEP_ROWS_MAX = 512
"""Rows written in one step, so that no tap waits long."""

ENCODE = msgspec.msgpack.Encoder().encode
DECODE_HELD = msgspec.msgpack.Decoder(Held).decode
DECODE_USE = msgspec.msgpack.Decoder(Use).decode
DECODE_LOCATION = msgspec.msgpack.Decoder(Location).decode
DECODE_CHANGES = msgspec.msgpack.Decoder(list[tuple[int, bool, tuple[Any, ...]]]).decode

ANSWERS, BANDS, USES, MEMBERS, KEPT = range(5)


class Member(NamedTuple):
    """Somebody of a party, and where this site last saw them."""

    band: bytes
    role: str
    location: Location


FORMS = (
    Form(keys=1, name=lambda line: line[0].encode(), decode=lambda line: line[-1], write="answer_set"),
    Form(keys=1, name=lambda line: line[0], decode=lambda line: DECODE_HELD(line[-1]), write="band_set"),
    Form(
        keys=3,
        name=lambda line: use_name(*line[:3]),
        decode=lambda line: DECODE_USE(line[-1]),
        write="use_set",
        grouped=True,
    ),
    Form(
        keys=2,
        name=lambda line: line[0].encode() + line[1],
        decode=lambda line: Member(line[1], line[2], DECODE_LOCATION(line[-1])),
        write="member_set",
        grouped=True,
    ),
    Form(
        keys=2,
        name=lambda line: kept_name(*line[:2]),
        decode=lambda line: line[-1],
        write="kept_set",
        drop="kept_drop",
        grouped=True,
    ),
)


class Effects:
    """Everything that is durable in the log and not yet in its table; acts read it before the tables.

    A tap so dirties the ends of two growing tables instead of a random page in each of five; the tables
    follow when there is time, and after a crash the log is read again.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._sheets = tuple(Sheet(form) for form in FORMS)
        self.answers, self.bands, self.uses, self.members, self.kept = self._sheets
        self._stamp = 0
        self._changes: dict[tuple[int, Key], Line | None] = {}
        self._undo: list[tuple[int, Key, Entry | None]] = []

    @classmethod
    def load(cls, connection: Connection, cells: Cells = CLEAR) -> Effects:
        """Read the log again, as after a crash; what lies sealed in it is opened by ``cells``."""
        effects = cls()
        for stamp, body, check in connection.execute(QUERIES["effects"]).fetchall():
            for number, kept, line in DECODE_CHANGES(checked(b"%d" % stamp, body, against=check)):
                effects._sheets[number].load(line, kept=kept, stamp=stamp)
            effects._stamp = stamp
        effects.kept.open(lambda key, sealed: open_kept(cells, *key, kept=sealed))
        return effects

    def __len__(self) -> int:
        """Return how many rows wait for their table."""
        return sum([len(sheet.entries) for sheet in self._sheets])

    def begin_batch(self) -> None:
        """Start a batch: what it changes goes into one row of the log."""
        self._stamp += 1
        self._changes.clear()

    def begin_act(self) -> None:
        """Start an act: what it changes can be undone."""
        self._undo.clear()

    def undo_act(self) -> None:
        """Take back what the act changed since ``begin_act``."""
        for number, key, before in reversed(self._undo):
            if before is None:
                self._sheets[number].remove(key)
                del self._changes[number, key]
            else:
                # Logged again: the row moves behind younger ones, and the log is cut at its oldest.
                self._sheets[number].put(key, replace(before, stamp=self._stamp))
                self._changes[number, key] = before.line
        self._undo.clear()

    def put(self, number: int, key: Key, line: Line | None, *, value: object = None) -> None:
        """Change one row of a sheet; no line: the row is dropped."""
        before = self._sheets[number].put(key, Entry(line, value, self._stamp))
        self._undo.append((number, key, before))
        self._changes[number, key] = line

    def drop(self, number: int, key: Key) -> None:
        """Forget an unwritten row that its table has lost already; harmless where there is none."""
        sheet = self._sheets[number]
        before = sheet.entries.get(key)
        if before is not None:
            self._undo.append((number, key, before))
            sheet.remove(key)
            self._changes.pop((number, key), None)

    def flush(self, connection: Connection) -> None:
        """Write the batch's changes into the log."""
        if self._changes:
            body = ENCODE(
                [
                    (number, False, key) if line is None else (number, True, line)
                    for (number, key), line in self._changes.items()
                ]
            )
            check = digest(b"%d" % self._stamp, body)
            connection.execute(QUERIES["effects_add"], (self._stamp, body, check))

    def step(self, connection: Connection, limit: int = STEP_ROWS_MAX) -> int:
        """Write the oldest rows into their tables and cut the log behind them, in one transaction."""
        left = limit
        connection.execute(QUERIES["begin"])
        for sheet in self._sheets:
            left -= sheet.write(connection, QUERIES, left)
        oldest = [stamp for stamp in map(Sheet.oldest, self._sheets) if stamp is not None]
        connection.execute(QUERIES["effects_cut"], (min(oldest, default=self._stamp + 1),))
        connection.execute(QUERIES["commit"])
        return limit - left
