"""Erasing: the rows of one guest leave the state file at once, past the log that rows usually wait in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from edge.store.cells import Cells, open_kept
from edge.store.effects import ANSWERS, BANDS, MEMBERS, USES, Effects
from edge.store.queries import QUERIES
from edge.store.records import Cell, Cursor, checked, kept_name


class _Pages(Protocol):
    """What erasing needs of the transaction that it is a part of."""

    _effects: Effects
    _cells: Cells

    def _write(self, name: str, parameters: tuple[Cell, ...]) -> None: ...

    def _read(self, statement: str, parameters: tuple[Cell, ...]) -> Cursor: ...

    def delete(self, kind: str, key: str) -> None: ...


class Erasing:
    """Deletes what is kept of bands, rights and taps; whoever calls it settles before and afterwards."""

    def erase_bands(self: _Pages, bands: Iterable[bytes]) -> None:
        """Forget what the site remembers of these bands, and where their parties' members were."""
        for band in bands:
            self._write("band_drop", (band,))
            self._effects.drop(BANDS, (band,))
            self._write("members_drop", (band,))
            for key in [key for key in self._effects.members.entries if key[1] == band]:
                self._effects.drop(MEMBERS, key)

    def erase_uses(self: _Pages, rights: Iterable[str]) -> None:
        """Forget every use of these rights."""
        for right in rights:
            self._write("uses_drop", (right,))
            for key, _ in list(self._effects.uses.group(right)):
                self._effects.drop(USES, key)

    def erase_answers(self: _Pages, taps: Iterable[str]) -> None:
        """Forget what these taps were answered; their records stay."""
        for tap in taps:
            self._write("answer_drop", (tap,))
            self._effects.drop(ANSWERS, (tap,))

    def erase_kept(self: _Pages, bands: Collection[bytes]) -> int:
        """Forget every small thing that speaks of one of these bands, in its key or within; say how many."""
        words = [form for band in bands for form in (band, band.hex().encode())]
        found = []
        for kind, key, body, check in self._read(QUERIES["kept_everything"], ()).fetchall():
            kept = checked(kept_name(kind, key), body, against=check)
            told = key.encode() + b"\0" + open_kept(self._cells, kind, key, kept=kept)
            if any(word in told for word in words):
                found.append((kind, key))
        for kind, key in found:
            self.delete(kind, key)
        return len(found)
