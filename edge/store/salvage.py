"""Salvage: what central lacks of the money lane, on a second disk, so that a dead one takes no sale along."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from edge.core.checkpoint import Checkpoint, Mark, encoded
from edge.core.events import Event, Lane, canonical
from edge.errors import StoreDamaged, StoreError
from edge.store.folder import sync_folder
from edge.store.journal import Journal
from edge.unsent import Piece, framed, newest

MONEY = Lane.PRIORITY
PIECE_ROWS_MAX = 250
SPENT_BYTES_MAX = 1024 * 1024
"""What central holds by now is thrown away once so much of the file is of that kind."""

Attest = Callable[[tuple[Mark, Mark], int], Checkpoint]
"""Signs where both lanes were seen to stand, at a hybrid time."""


class Salvage:
    """Keeps the file in step with the journal; for one thread, and whatever it costs no tap waits for it."""

    def __init__(self, path: Path, journal: Journal, attest: Attest) -> None:
        """Keep the file at ``path``; nothing is read or written before ``keep``."""
        self._path, self._journal, self._attest = path, journal, attest
        self._after, self._upto = -1, -1
        """What the file holds of the lane: above the one, up to the other; -1: not begun."""

    def keep(self) -> str:
        """Add what is new, let go what central holds; returns why nothing may be written, empty: it was.

        Raises ``OSError`` where the disk fails, ``StoreError`` where the journal does.
        """
        acked = self._journal.acked(MONEY)
        if self._upto < 0 and (seen := newest(self._path)) and (why := self._journal.contradiction(seen)):
            return why  # the file is evidence, and perhaps all that is left of those sales
        if acked > self._after and (acked >= self._upto or self._is_mostly_spent(acked)):
            self._begin(acked)
        elif self._journal.head(MONEY).seq > self._upto:
            self._append()
        return ""

    def _begin(self, acked: int) -> None:
        """Put a new file in the place of the old one, with all that central does not hold."""
        new = self._path.with_name(f"{self._path.name}.new")
        upto = self._write("wb", new, acked)
        new.replace(self._path)
        sync_folder(self._path.parent)
        self._after, self._upto = acked, upto

    def _append(self) -> None:
        try:
            self._upto = self._write("ab", self._path, self._upto)
        except (OSError, StoreError):
            self._after = self._upto = -1  # it may end in half a piece now, behind which nobody reads
            raise

    def _write(self, mode: Literal["ab", "wb"], path: Path, after: int) -> int:
        """Write all of the lane above ``after``, and return up to where that goes."""
        with path.open(mode) as file:
            while events := self._journal.range(MONEY, after, PIECE_ROWS_MAX):
                file.write(framed(self._piece(events)))
                after = events[-1].seq
            file.flush()
            os.fsync(file.fileno())
        return after

    def _is_mostly_spent(self, acked: int) -> bool:
        """Whether central holds the larger part of a file that is worth writing anew."""
        spent, wanted = acked - self._after, self._upto - acked
        return spent > wanted and self._path.stat().st_size > SPENT_BYTES_MAX

    def _piece(self, events: Sequence[Event]) -> Piece:
        ordinary, last = self._journal.head(Lane.ORDINARY), events[-1]
        marks = Mark(ordinary.seq, ordinary.h), Mark(last.seq, last.h)
        prev = self._journal.hash_at(MONEY, events[0].seq - 1)
        if prev is None:
            raise StoreDamaged(f"Record {events[0].seq - 1} of lane {MONEY} is not in the journal.")
        return Piece(
            first=events[0].seq,
            prev=prev,
            rows=tuple(map(canonical, events)),
            schema=max(event.schema for event in events),
            seen=encoded(self._attest(marks, last.hlc)),
        )
