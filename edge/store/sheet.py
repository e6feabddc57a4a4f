"""A sheet: the rows of one table that are durable in the effects log and not yet in their table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from edge.store.records import Connection, digest

Line = tuple[Any, ...]
"""Cells in a statement's order; each sheet's form knows what they are."""
Key = tuple[Any, ...]


class Entry(msgspec.Struct, frozen=True):
    """One row to write, its value as acts read it, and the batch that wrote it; no line: to be dropped."""

    line: Line | None
    value: Any
    stamp: int


class Form(NamedTuple):
    """How rows are keyed, decoded and written; a line begins with its key and ends with its body."""

    keys: int
    """How many cells the key has."""
    name: Callable[[Line], bytes]
    """The key in one piece, for the row's digest."""
    decode: Callable[[Line], Any]
    write: str
    drop: str = ""
    grouped: bool = False
    """Whether rows are also asked for by the first cell of their key."""


class Sheet:
    """Unwritten rows in the order of their last change; the oldest go first."""

    __slots__ = ("_form", "_groups", "entries")

    def __init__(self, form: Form) -> None:
        """Begin empty."""
        self._form = form
        self.entries: dict[Key, Entry] = {}
        self._groups: dict[object, dict[Key, None]] = {}

    def value(self, key: Key) -> Any:  # noqa: ANN401  # what the sheet's form decodes
        """Return the value of an unwritten row, or None."""
        entry = self.entries.get(key)
        return None if entry is None else entry.value

    def group(self, first: str) -> Iterator[tuple[Key, Any]]:
        """Return keys and values of the unwritten rows whose key begins so."""
        for key in self._groups.get(first, ()):
            yield key, self.entries[key].value

    def put(self, key: Key, entry: Entry) -> Entry | None:
        """Put a row last; it replaces an older one of its key, which is returned."""
        before = self.entries.pop(key, None)
        self.entries[key] = entry
        if self._form.grouped:
            self._groups.setdefault(key[0], {})[key] = None
        return before

    def remove(self, key: Key) -> None:
        """Take a row out."""
        del self.entries[key]
        if self._form.grouped:
            group = self._groups[key[0]]
            del group[key]
            if not group:
                del self._groups[key[0]]

    def load(self, cells: Line, *, kept: bool, stamp: int) -> None:
        """Put back a row from the effects log, or that it was dropped."""
        key = tuple(cells[: self._form.keys])
        self.put(key, Entry(cells, self._form.decode(cells), stamp) if kept else Entry(None, None, stamp))

    def open(self, how: Callable[[Key, Any], Any]) -> None:
        """Take what ``how`` makes of each loaded value in its place."""
        for key, entry in self.entries.items():
            if entry.line is not None:
                self.entries[key] = replace(entry, value=how(key, entry.value))

    def oldest(self) -> int | None:
        """Return the batch of the oldest unwritten row."""
        for entry in self.entries.values():
            return entry.stamp
        return None

    def write(self, connection: Connection, queries: dict[str, str], limit: int) -> int:
        """Write the oldest rows into the table and forget them here; return how many."""
        taken = list(islice(self.entries.items(), limit))
        name = self._form.name
        whole = [entry.line for _, entry in taken if entry.line is not None]
        lines = [(*line, digest(name(line), line[-1])) for line in whole]
        if lines:
            connection.executemany(queries[self._form.write], lines)
        gone = [key for key, entry in taken if entry.line is None]
        if gone:
            connection.executemany(queries[self._form.drop], gone)
        for key, _ in taken:
            self.remove(key)
        return len(taken)
