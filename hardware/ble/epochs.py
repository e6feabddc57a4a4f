"""Epochs: whose identity was heard, among all bands that are expected here (.docs/decisions/0022)."""

from __future__ import annotations

import hmac
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hardware.ble.eid import K_DEFAULT, K_MAX, KEY_BYTES, identity, temporary_key, window
from hardware.ble.frames import EID_BYTES

ID_BYTES = 16
SLICE_ROWS = 200
"""Rows between two looks at the clock: some two milliseconds of one processor."""
NEIGHBOURS = (0, 1, -1, 2)
"""Tables that are kept, the likeliest first. A band goes over at some moment inside an epoch of the place, so
that it is in this one or the next; and its clock may be off by one either way."""
DRIFTS = (0, 1, -1, 2, -2)
"""Epochs by which a band's clock may be off: a table may be of before it was put right."""
DRIFT_PERIODS_MAX = 2
"""So far a clock is put right in all, from where it stood when its key was registered: more than a year of a
usual quartz. Without an end whoever records one identity could play it for ever, each time a little later."""
_NO_WINDOW = 2**16


class Expected(NamedTuple):
    """A band that may be heard here: its guest said yes.

    ``offset_s`` is its clock less the place's when its key was registered, ``drift_s`` what came since.
    """

    id: bytes
    key: bytes
    offset_s: int = 0
    drift_s: int = 0


class Heard(NamedTuple):
    """Whose identity it was, and by how many epochs that band's clock was off."""

    id: bytes
    drift: int


class Roster:
    """All bands that are expected, by row, in flat arrays; who withdraws is nobody from that moment."""

    def __init__(self, expected: Iterable[Expected] = ()) -> None:
        """Take in bands; ids are 16 octets each, keys too."""
        self.ids, self.keys, self.temporary = bytearray(), bytearray(), bytearray()
        self.offsets, self.drifts = array("q"), array("q")
        self.windows, self.there = array("I"), bytearray()
        for band in expected:
            self._append(band)

    def __len__(self) -> int:
        """Return how many rows there are, withdrawn ones among them."""
        return len(self.there)

    def enrol(self, band: Expected) -> None:
        """Expect one band more, or one that is known by another key: it gets a row of its own."""
        self.withdraw(band.id)
        self._append(band)

    def withdraw(self, band_id: bytes) -> bool:
        """Forget a band at once, in every table; returns whether it was expected."""
        row = self._row(band_id)
        if row is None:
            return False
        self.there[row] = False
        for octets in (self.keys, self.temporary):
            octets[row * KEY_BYTES : (row + 1) * KEY_BYTES] = bytes(KEY_BYTES)
        return True

    def has(self, band_id: bytes, key: bytes) -> bool:
        """Whether a band is expected by this very key."""
        row = self._row(band_id)
        return row is not None and hmac.compare_digest(self._key(row), key)

    def drift_s(self, band_id: bytes) -> int:
        """Return by how much a band's clock was found off since its key was registered."""
        row = self._row(band_id)
        return 0 if row is None else self.drifts[row]

    def put_right(self, row: int, drift_s: int) -> None:
        """Take a band's clock to be that far from where it stood at first."""
        self.offsets[row] += drift_s - self.drifts[row]
        self.drifts[row] = drift_s

    def id(self, row: int) -> bytes:
        """Return whose row it is."""
        return bytes(self.ids[row * ID_BYTES : (row + 1) * ID_BYTES])

    def identity(self, row: int, place_s: int, k: int) -> int | None:
        """Return by which identity a band goes at a time of the place, as a number; nobody goes by none."""
        if not self.there[row]:
            return None
        time_s = place_s + self.offsets[row]
        keys = slice(row * KEY_BYTES, (row + 1) * KEY_BYTES)
        if self.windows[row] != window(time_s):
            self.temporary[keys] = temporary_key(self._key(row), time_s)
            self.windows[row] = window(time_s)
        return int.from_bytes(identity(bytes(self.temporary[keys]), time_s, k), "big")

    def _append(self, band: Expected) -> None:
        if (len(band.id), len(band.key)) != (ID_BYTES, KEY_BYTES):
            raise ValueError(f"a band's id has {ID_BYTES} octets and its key {KEY_BYTES}")
        self.ids += band.id
        self.keys += band.key
        self.temporary += bytes(KEY_BYTES)
        self.offsets.append(band.offset_s + band.drift_s)
        self.drifts.append(band.drift_s)
        self.windows.append(_NO_WINDOW)
        self.there.append(True)

    def _key(self, row: int) -> bytes:
        return bytes(self.keys[row * KEY_BYTES : (row + 1) * KEY_BYTES])

    def _row(self, band_id: bytes) -> int | None:
        place = self.ids.find(band_id)
        while place >= 0:
            row, off = divmod(place, ID_BYTES)
            if off == 0 and self.there[row]:
                return row
            place = self.ids.find(band_id, place + 1)
        return None


class Table:
    """The identities of one epoch by row: a hash table by open addressing, whose load stays under a half."""

    def __init__(self, epoch: int, room: int, there: Sequence[int]) -> None:
        """Make room for so many rows; more make it grow. Rows that are not ``there`` stand for nobody."""
        self.epoch, self._there = epoch, there
        self.ambiguous: set[int] = set()
        self.moved: dict[int, int] = {}
        """Rows by the identity that they have here since their clock was put right."""
        self._identities = array("Q")
        self._lay_out(room)

    def __len__(self) -> int:
        """Return how many rows have their identity here."""
        return len(self._identities)

    def add(self, value: int | None) -> None:
        """Give the next row its identity, or none; two rows of one identity are neither of them."""
        if 2 * len(self) > self._mask:
            self._lay_out(2 * len(self))
        self._identities.append(value or 0)
        if value is not None:
            self._put(len(self) - 1, value)

    def find(self, value: int) -> int | None:
        """Return the row of an identity."""
        held = self._slots[self._place(value)]
        row = held - 1 if held else self.moved.get(value)
        return None if value in self.ambiguous else row

    def _lay_out(self, room: int) -> None:
        self._mask = (1 << (2 * max(room, 4)).bit_length()) - 1
        self._slots = array("I", bytes(4 * (self._mask + 1)))
        for row, value in enumerate(self._identities):
            if value:
                self._put(row, value)

    def _put(self, row: int, value: int) -> None:
        place = self._place(value)
        held = self._slots[place]
        if held and self._there[held - 1]:
            self.ambiguous.add(value)
        else:
            # Free, or of who withdrew: somebody who said yes again goes by the same identity.
            self._slots[place] = row + 1

    def _place(self, value: int) -> int:
        """Return where an identity stands, or where it would."""
        place = value & self._mask
        while (held := self._slots[place]) and self._identities[held - 1] != value:
            place = (place + 1) & self._mask
        return place


class Epochs:
    """Resolves identities: ``work`` makes tables, ``resolve`` looks into them; both from one thread."""

    def __init__(self, roster: Roster, k: int = K_DEFAULT) -> None:
        """Begin with no table: until ``work`` has made one nobody is found."""
        if not 0 <= k <= K_MAX:
            raise ValueError(f"the exponent of the rotation period is 0 to {K_MAX}, not {k}")
        self._roster, self._k = roster, k
        self._tables: dict[int, Table] = {}

    @property
    def ambiguous(self) -> int:
        """How many identities stand for two bands just now, and so for none."""
        return sum(len(table.ambiguous) for table in self._tables.values())

    def work(self, place_s: int) -> bool:
        """Do one slice of what is due at this second of the place; returns whether more may be due."""
        wanted = [(place_s >> self._k) + step for step in NEIGHBOURS]
        for gone in set(self._tables).difference(wanted):
            del self._tables[gone]
        for epoch in wanted:
            table = self._tables.get(epoch)
            if table is None:
                table = self._tables[epoch] = Table(epoch, len(self._roster), self._roster.there)
            if len(table) < len(self._roster):
                self._fill(table)
                return True
        return False

    def resolve(self, eid: bytes, place_s: int) -> Heard | None:
        """Say whose identity it is, if anybody's; a band that is ahead or behind is put right for later."""
        value = int.from_bytes(eid, "big") if len(eid) == EID_BYTES else 0
        for step in NEIGHBOURS if value else ():
            table = self._tables.get((place_s >> self._k) + step)
            row = None if table is None else table.find(value)
            if row is not None and self._roster.there[row]:
                return Heard(self._roster.id(row), self._put_right(row, value, place_s))
        return None

    def _fill(self, table: Table) -> None:
        place_s = table.epoch << self._k
        for row in range(len(table), min(len(table) + SLICE_ROWS, len(self._roster))):
            table.add(self._roster.identity(row, place_s, self._k))

    def _put_right(self, row: int, value: int, place_s: int) -> int:
        """Move a band's clock just so far that it had to send what it sent."""
        k, offset_s = self._k, self._roster.offsets[row]
        own = (place_s + offset_s) >> k
        for drift in DRIFTS:
            begun_s = (own + drift) << k
            if self._roster.identity(row, begun_s - offset_s, k) == value:
                if drift:
                    found_s = begun_s - place_s + (0 if drift > 0 else (1 << k) - 1)
                    self._move(row, self._roster.drifts[row] + found_s - offset_s)
                return drift
        return 0

    def _move(self, row: int, drift_s: int) -> None:
        """Put a clock right and let tables that are made already know the band by it; not without an end."""
        if abs(drift_s) > DRIFT_PERIODS_MAX << self._k:
            return
        self._roster.put_right(row, drift_s)
        for table in self._tables.values():
            value = self._roster.identity(row, table.epoch << self._k, self._k)
            if value is not None:
                table.moved[value] = row
