"""Flips: one bit of a device's disk is another one when its process starts again."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from edge.errors import StoreDamaged
from edge.run.simulate.machine import Steps
from edge.store.live import live_file
from edge.store.profiles import Profiles

Cell = Any
"""Integer, text or octets, as the driver gives them."""


class Readable(Protocol):
    """A device of which something is read as it reads that itself."""

    @property
    def books(self) -> Steps:
        """What it decides by."""

    @property
    def profiles(self) -> Profiles:
        """Its copy of the site."""


Read = Callable[[Readable, tuple[Cell, ...]], object]


class Table(NamedTuple):
    """Rows in which a bit may flip, and how the product reads one; None: it may write nothing any more."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    read: Read | None = None
    file: str = "state"


class Place(NamedTuple):
    """One cell, as it was and as it is with its bit flipped."""

    table: Table
    key: tuple[Cell, ...]
    column: str
    true: Cell
    flipped: Cell

    def __str__(self) -> str:
        return f"{self.table.name}.{self.column}"

    def spoil(self, folder: Path) -> None:
        """Flip the bit."""
        _write(folder, self, of=self.true, to=self.flipped)

    def mend(self, folder: Path) -> None:
        """Put the bit right, where its row is still what it was."""
        _write(folder, self, of=self.flipped, to=self.true)

    def stands(self, folder: Path) -> bool:
        """Say whether the flipped cell is still there: a row may have been put back, or written anew."""
        where, cells = _where(self, self.flipped)
        with closing(sqlite3.connect(_file(folder, self.table))) as file:
            found = file.execute(f"SELECT 1 FROM {self.table.name} WHERE {where}", cells)  # noqa: S608 - names of ours
            return found.fetchone() is not None

    def read(self, device: Readable) -> object:
        """Return what the product reads there; ``StoreDamaged`` itself where it does not believe it."""
        if self.table.read is None:
            return None
        try:
            return self.table.read(device, self.key)
        except StoreDamaged:
            return StoreDamaged
        except msgspec.DecodeError as error:
            return str(error)


JOURNAL = ("hlc", "offset_ms", "uncertainty_ms", "kind", "schema", "band", "body", "h")
TABLES = (
    Table("journal", ("key",), ("body", "h")),
    Table("journal", ("key",), JOURNAL),
    Table("effects", ("key",), ("body", "digest")),
    Table(
        "uses",
        ("entitlement", "device", "ordinal"),
        ("entitlement", "device", "ordinal", "body", "digest"),
        lambda device, key: device.books.peek(lambda tx: tx.held(b"", (key[0],))),
    ),
    Table(
        "bands",
        ("band",),
        ("band", "body", "digest"),
        lambda device, key: device.books.peek(lambda tx: tx.held(key[0])),
    ),
    Table(
        "kept",
        ("kind", "key"),
        ("kind", "key", "body", "digest"),
        lambda device, key: device.books.peek(lambda tx: tx.get(*key)),
    ),
    Table(
        "answers",
        ("tap_id",),
        ("body", "digest"),
        lambda device, key: device.books.peek(lambda tx: tx.answer(key[0])),
    ),
    Table(
        "profiles",
        ("band",),
        ("band", "rev", "body"),
        lambda device, key: device.profiles.get(key[0]),
        file="profiles",
    ),
)
"""Whose answer is kept under another name is judged anew, and its use is there: nobody walks those keys."""


def found(folder: Path, dice: random.Random) -> Place | None:
    """Return a cell of a device's disk that has a bit to flip, if the table that was drawn has one."""
    table = dice.choice(TABLES)
    column = dice.choice(table.columns)
    names = ", ".join(table.keys)
    query = f"SELECT {names}, {column} FROM {table.name} WHERE length({column}) > 0 ORDER BY {names}"  # noqa: S608 - names of ours
    with closing(sqlite3.connect(_file(folder, table))) as file:
        rows = file.execute(query).fetchall()
    if not rows:
        return None
    *key, cell = dice.choice(rows)
    return Place(table, tuple(key), column, cell, _flipped(cell, dice))


def _flipped(cell: Cell, dice: random.Random) -> Cell:
    """Return a cell with one bit flipped; a text is in its octets from there on."""
    if isinstance(cell, int):
        return cell ^ 1 << dice.randrange(max(8, cell.bit_length()))
    octets = bytearray(cell.encode() if isinstance(cell, str) else cell)
    octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
    return bytes(octets)


def _write(folder: Path, place: Place, *, of: Cell, to: Cell) -> None:
    """Put another cell in place of one, if it is there; a text that is none any more is told in octets."""
    where, cells = _where(place, of)
    new = "CAST(? AS TEXT)" if isinstance(place.true, str) else "?"
    change = f"UPDATE OR IGNORE {place.table.name} SET {place.column} = {new} WHERE {where}"  # noqa: S608 - names of ours
    with closing(sqlite3.connect(_file(folder, place.table), isolation_level=None)) as file:
        file.execute(change, (to, *cells))


def _where(place: Place, cell: Cell) -> tuple[str, list[Cell]]:
    """Return how a row is found in which ``cell`` stands, and what is asked for."""
    others = {
        name: own for name, own in zip(place.table.keys, place.key, strict=True) if name != place.column
    }
    own = (
        f"CAST({place.column} AS BLOB) = CAST(? AS BLOB)"
        if isinstance(place.true, str)
        else f"{place.column} = ?"
    )
    return " AND ".join([*(f"{name} = ?" for name in others), own]), [*others.values(), cell]


def _file(folder: Path, table: Table) -> Path:
    return folder / "state.db" if table.file == "state" else live_file(folder)
