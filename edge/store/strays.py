"""Strays: rows that one flipped bit in their key has hidden, found by their digest and put back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from edge.errors import StoreDamaged
from edge.store import driver
from edge.store.database import open_reader
from edge.store.queries import QUERIES
from edge.store.records import Cell, Connection, Cursor, digest

PIECE_ROWS = 500
"""Rows that are looked at in one piece: a millisecond, so that no tap waits for it."""
WALK_MS_MAX = 60_000
"""A walk reads one state of the file, and the log cannot be reset meanwhile: a longer one begins anew."""
EVERY_MS = 86_400_000
ORDINAL_BITS = 16
LOG = logging.getLogger("polso.sequencer")
Cells = tuple[bytes | int, ...]
Read = Callable[[str, tuple[Cell, ...]], Cursor]


class Table(NamedTuple):
    """A table in which a row that is not found says yes: how it is walked, mended and rid of a stray."""

    walk: str
    mend: str
    stray: str
    keys: int
    """How many cells of a row are its key; its body and digest are its last."""
    text: bool
    """Whether cells of the key are text."""


TABLES = (
    Table("use_walk", "use_mend", "use_stray", keys=3, text=True),
    Table("band_walk", "band_mend", "band_stray", keys=1, text=False),
    Table("kept_walk", "kept_mend", "kept_stray", keys=2, text=True),
)
"""A forgotten use opens again, a forgotten band is no lost one, a forgotten block or lease is none."""


class Lookout:
    """Until the walk has come by, looks whether a row that a flip hides lies where a search ended.

    A flip in a row's key does not move the row, and a search that it misleads, for this row or for another,
    ends beside it.
    """

    def __init__(self, *, walked: bool = False) -> None:
        """Look out, unless somebody has ``walked`` these tables since the start."""
        self.walked = walked

    def for_use(self, read: Read, right: str, found: int) -> None:
        """Raise ``StoreDamaged`` where a hidden row lies beside the uses of a right, of which so many are."""
        if not self.walked:
            _demand_none(read(QUERIES["use_beside"], (right, found, right)).fetchall())

    def for_band(self, read: Read, band: bytes) -> None:
        """Raise ``StoreDamaged`` where a hidden row lies beside the place of a band."""
        if not self.walked:
            _demand_none(read(QUERIES["band_beside"], (band, band)).fetchall())

    def for_kept(self, read: Read, kind: str, key: str) -> None:
        """Raise ``StoreDamaged`` where a hidden row lies beside the place of a small thing."""
        if not self.walked:
            _demand_none(read(QUERIES["kept_beside"], (kind, key, kind, key)).fetchall())


def _demand_none(rows: Iterable[Cells]) -> None:
    for row in rows:
        key, body, check = row[:-2], row[-2], row[-1]
        if not (isinstance(body, bytes) and isinstance(check, bytes)) or _is(key, body, check):
            continue
        if true_key(key, body, check) is not None:
            raise StoreDamaged("A row of the store lies under a key that it never had.")


class Strays:
    """Walks these tables in pieces after a start and once a day."""

    def __init__(self, path: Path, lookout: Lookout) -> None:
        """Look over the file at ``path``, and relieve the lookout then; nothing is read yet."""
        self._path, self._lookout = path, lookout
        self._walk: Generator[tuple[Table, list[Cells]]] | None = None
        self._began_ms = 0
        self._done_ms: int | None = None

    def piece(self, writer: Connection, now_ms: int) -> bool:
        """Look at some rows and put back which are astray; say whether there are more."""
        if self._walk is None:
            if self._done_ms is not None and now_ms - self._done_ms < EVERY_MS:
                return False
            self._walk, self._began_ms = self._rows(), now_ms
        try:
            found = next(self._walk, None)
        except driver.ERRORS as error:  # the acts that need those pages say so; what lies behind is unseen
            LOG.error("the store cannot be looked over: %s", error)
            self._walk, self._done_ms = None, now_ms
            return False
        if found is None:
            self._walk, self._done_ms = None, now_ms
            self._lookout.walked = True
            return False
        _mend(writer, *found)
        if now_ms - self._began_ms > WALK_MS_MAX:
            self.close()
        return True

    def close(self) -> None:
        """Let go of the file; a walk that was not at its end begins anew."""
        if self._walk is not None:
            self._walk.close()
            self._walk, self._done_ms = None, None

    def _rows(self) -> Generator[tuple[Table, list[Cells]]]:
        with closing(open_reader(self._path)) as reader:
            for table in TABLES:
                rows = reader.execute(QUERIES[table.walk])
                while piece := rows.fetchmany(PIECE_ROWS):
                    yield table, piece


def _mend(writer: Connection, table: Table, rows: list[Cells]) -> None:
    """Put back those of some rows that lie under a key one bit away from their own."""
    for row in rows:
        key, body, check = row[: table.keys], row[-2], row[-1]
        if not (isinstance(body, bytes) and isinstance(check, bytes)) or _is(key, body, check):
            continue
        true = true_key(key, body, check)
        if true is None:
            continue  # another cell of it is damaged: the act that reads it says so
        LOG.error("a flipped bit had hidden a row of the store (%s): it is put back", table.walk)
        there = tuple(cell.decode() if table.text and isinstance(cell, bytes) else cell for cell in true)
        writer.execute(QUERIES["begin"])
        try:
            writer.execute(QUERIES[table.mend], (*there, *row[table.keys :]))
            writer.execute(QUERIES[table.stray], (*key, check))
            writer.execute(QUERIES["commit"])
        except BaseException:
            if writer.in_transaction:
                writer.execute(QUERIES["rollback"])
            raise


def true_key(key: Cells, body: bytes, check: bytes) -> Cells | None:
    """Return the key, one bit away, under which a row was written; None: no such key."""
    for place, cell in enumerate(key):
        for other in _one_bit_away(cell):
            tried = (*key[:place], other, *key[place + 1 :])
            if _is(tried, body, check):
                return tried
    return None


def _one_bit_away(cell: bytes | int) -> Iterator[bytes | int]:
    if isinstance(cell, int):
        yield from (cell ^ 1 << bit for bit in range(ORDINAL_BITS))
        return
    for at in range(8 * len(cell)):
        octet = cell[at // 8] ^ 1 << at % 8
        yield cell[: at // 8] + bytes((octet,)) + cell[at // 8 + 1 :]


def _is(key: Cells, body: bytes, check: bytes) -> bool:
    return digest(_named(key), body) == check


def _named(key: Cells) -> bytes:
    """Return a key in one piece, as ``records.use_name`` and its kin write it."""
    return b"\0".join(cell if isinstance(cell, bytes) else b"%d" % cell for cell in key)
