"""Counting: how many people are in each zone, and came at each booked time, through this device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from edge.store.cells import COUNT

COUNTS = (COUNT, "now")
TAKEN = "slot_taken"
"""How many were let in by this device at a booked time, by the time's key."""
ENCODE = msgspec.msgpack.Encoder().encode
Deltas = Iterable[tuple[str, int]]


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """People in minus people out per zone, through this device, since a moment; never changed in place."""

    since_ms: int = 0
    inside: Mapping[str, int] = {}


DECODE_COUNTS = msgspec.msgpack.Decoder(Counts).decode


class _Pages(Protocol):
    """What counting needs of the transaction that it is a part of."""

    counts: Counts

    def get(self, kind: str, key: str) -> bytes | None: ...

    def put(self, kind: str, key: str, body: bytes) -> None: ...

    def rows(self, kind: str) -> list[tuple[str, bytes]]: ...


class Counting:
    """Counts as acts change them; what an act counted stays or goes with the act."""

    def count_from(self: _Pages, reset_ms: int) -> None:
        """Begin the zones' counts anew if they are older than ``reset_ms``: nobody is inside over night."""
        if reset_ms > self.counts.since_ms:
            _keep(self, Counts(reset_ms))

    def count(self: _Pages, zones: Deltas, slots: Deltas = ()) -> None:
        """Count people who came into zones or left them, and places of booked times taken or given back."""
        inside = dict(self.counts.inside)
        for zone, people in zones:
            inside[zone] = inside.get(zone, 0) + people
        if zones:
            _keep(self, Counts(self.counts.since_ms, inside))
        for slot, people in slots:
            self.put(TAKEN, slot, str(int(self.get(TAKEN, slot) or b"0") + people).encode())

    def inside(self: _Pages) -> dict[str, int]:
        """Return people in minus people out, per zone, through this device since the count began."""
        return dict(self.counts.inside)

    def places(self: _Pages, leases: Mapping[str, int]) -> dict[str, int]:
        """Return the places this device may still give away, of those set aside for it per zone."""
        inside = self.counts.inside
        return {zone: places - inside.get(zone, 0) for zone, places in leases.items()}

    def taken(self: _Pages, slot: str) -> int:
        """Return how many people were let in by this device at a booked time."""
        return int(self.get(TAKEN, slot) or b"0")

    def all_taken(self: _Pages) -> dict[str, int]:
        """Return the same of every time that is remembered."""
        return {slot: int(people) for slot, people in self.rows(TAKEN)}


def _keep(pages: _Pages, counts: Counts) -> None:
    pages.counts = counts
    pages.put(*COUNTS, ENCODE(counts))
