"""Lines: one row of the CSV file judged by itself, to what it asks for or to what is wrong with it."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from edge.core.cards import holds_card_number, masked
from edge.core.entitlements import Entitlement, Party
from edge.errors import Refused
from sync.central.imports.cells import Cells, Instants, Text, guest_id, name_of, uid_in
from sync.central.imports.columns import COLUMNS, LINE_CHARS_MAX
from sync.central.registry.guests import Guest
from sync.central.registry.tables import ID_CHARS_MAX

CARD_CHARS_MIN = 12
DELIMITERS = (",", ";", "\t")


class Line(NamedTuple):
    """What one row asks for."""

    number: int
    guest: Guest
    uid: bytes | None
    chip: str
    label: str
    right: Entitlement | None


class Wrong(NamedTuple):
    """What is wrong with one row, in words for whoever wrote the file."""

    number: int
    why: str


class Terrain(NamedTuple):
    """What lines are judged against: the site's products and its time zone."""

    products: frozenset[str]
    timezone: dt.tzinfo


Progress = Callable[[int, int], None]
"""Told (rows done, rows refused) after every chunk."""


def read(text: Iterable[str], terrain: Terrain) -> Iterator[Line | Wrong]:
    """Judge every row after the heading; an unusable heading raises ``Refused``. Line 1 is the heading."""
    lines = iter(text)
    first = next(lines, "")[:LINE_CHARS_MAX].removeprefix("\ufeff")
    delimiter = max(DELIMITERS, key=first.count)
    heading = [column.strip().lower() for column in cut(first, delimiter)]
    _check_heading(heading)
    judge = Judge(heading, terrain)
    for number, line in enumerate(lines, 2):
        if len(line) > LINE_CHARS_MAX:
            yield Wrong(number, f"the line is longer than {LINE_CHARS_MAX} characters: is a quote missing?")
        elif line.strip(" \t\r\n,;"):
            yield judge(number, cut(line, delimiter))


def cut(line: str, delimiter: str) -> list[str]:
    """Return the fields of one line; a quoted field never reaches into the next line."""
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return [line]


class Judge:
    """Judges rows under one heading."""

    def __init__(self, heading: Sequence[str], terrain: Terrain) -> None:
        """Remember where each column stands; a missing one is empty in every row."""
        self._count = len(heading)
        places = {column: at for at, column in enumerate(heading)}
        # One empty field is put behind every row: that is where missing columns point to.
        self._ordered = operator.itemgetter(*(places.get(column, self._count) for column in COLUMNS))
        self._cells = Cells(terrain.products, Instants(terrain.timezone))

    def __call__(self, number: int, row: list[str]) -> Line | Wrong:
        """Return what one row asks for, or the first thing wrong with it."""
        if len(row) != self._count:
            return Wrong(number, f"{len(row)} fields, the heading has {self._count}: check the commas")
        row.append("")
        try:
            cells = self._ordered(row)
            _refuse_cards(cells)
            return self._line(number, cells)
        except ValueError as wrong:
            return Wrong(number, str(wrong))

    def _line(self, number: int, row: Sequence[str]) -> Line:
        cells = self._cells
        guest = Guest(
            id=guest_id(row[0]),
            name=name_of("name", row[1]),
            language=cells.language(row[2]),
            tier=cells.tier(row[3]),
            tags=cells.tags(row[4]),
            age_band=cells.age_band(row[5]),
            height_cm=cells.height(row[6]),
            party=self._party(row) if row[7] else None,
        )
        right = self._right(guest.id, row) if row[14] else None
        return Line(number, guest, uid_in(row[10]), cells.chip(row[11]), name_of("label", row[12]), right)

    def _party(self, row: Sequence[str]) -> Party | None:
        id_ = Text("party", ID_CHARS_MAX)(row[7])
        size, role = self._cells.party_size(row[8]), self._cells.party_role(row[9])
        return Party(id=id_, size=size or 1, role=role or "adult") if id_ else None

    def _right(self, guest: str, row: Sequence[str]) -> Entitlement | None:
        product = self._cells.product(row[14])
        if not product:
            return None
        start, end = self._cells.valid_from(row[16]), self._cells.valid_until(row[17])
        if start is not None and end is not None and end <= start:
            raise ValueError("valid_until is not after valid_from: mend one of them")
        return Entitlement(
            id=_right_id(row[13]) or f"{guest}.{product}"[:ID_CHARS_MAX],
            product=product,
            status=self._cells.status(row[15]),
            valid_from_ms=start,
            valid_until_ms=end,
        )


def _refuse_cards(cells: Sequence[str]) -> None:
    """Refuse a payment card's number without saying it again; a chip's number may look like one."""
    for column, text in zip(COLUMNS, cells, strict=True):
        if len(text) >= CARD_CHARS_MIN and column != "uid" and holds_card_number(text):
            raise ValueError(f"{column} looks like the number of a payment card: take it out of the file")


_right_id = functools.partial(Text.read, Text("entitlement", ID_CHARS_MAX))


def _check_heading(heading: list[str]) -> None:
    unknown = [masked(column)[:40] for column in heading if column not in COLUMNS]
    if unknown or "guest" not in heading or len(set(heading)) != len(heading):
        what = (
            f"columns {', '.join(unknown)} are not known"
            if unknown
            else "column guest is missing, or one stands twice"
        )
        raise Refused(f"Line 1: {what}.", hint=f"The columns are: {', '.join(COLUMNS)}.")
