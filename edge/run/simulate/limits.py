"""Limits: what goes over the wire, waits and lies on a disk, beside what the product says is the most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from edge import sequencer
from edge.run.simulate.device import Device
from edge.store import effects
from sync import lending, wire
from sync.client import pushing


class Measure(NamedTuple):
    """So many of something, and how many there may be."""

    what: str
    found: int
    most: int


class Limits:
    """Whatever was more than it may be; ``seen`` counts how often a limit was just reached."""

    def __init__(self, seen: Counter[str]) -> None:
        """Begin with nothing carried."""
        self.broken: list[str] = []
        self._seen = seen

    def carried(self, message: msgspec.Struct, octets: int) -> None:
        """Take note of a message, and how many octets it has before it is packed."""
        self._measured(_of_message(message, octets))

    def kept(self, device: Device) -> None:
        """Take note of what waits at a device and lies on its disk between two acts."""
        self._measured(_of_device(device))

    def _measured(self, measures: Iterator[Measure]) -> None:
        for one in measures:
            if one.found > one.most:
                self.broken.append(f"{one.found} {one.what}, at most {one.most}")
            elif one.found == one.most > 0:
                self._seen[f"limit reached: {one.what}"] += 1


def _of_message(message: msgspec.Struct, octets: int) -> Iterator[Measure]:
    match message:
        case wire.Batch():
            rows = sum(len(bytes(row)) for row in message.rows)
            yield Measure("rows in a batch", len(message.rows), wire.ROWS_MAX)
            yield Measure("octets of rows in a batch", rows, pushing.ROWS_BYTES_MAX)
            yield Measure("octets in a batch", octets, wire.UNPACKED_BYTES_MAX)
        case wire.Ack():
            yield Measure("refused records in an answer", len(message.quarantined), wire.QUARANTINED_MAX)
        case wire.Page():
            yield Measure("items in a page", len(message.items), wire.PAGE_ITEMS_MAX)
            yield Measure("urgent items in a page", len(message.urgent), wire.URGENT_MAX)
            yield Measure("octets in a page", octets, wire.PAGE_BYTES_MAX)
        case wire.Attested():
            yield Measure("urgent items beside a report", len(message.urgent), wire.URGENT_MAX)
        case lending.LeaseAsk():
            yield Measure("wants in a request", len(message.wants), lending.WANTS_MAX)
            yield Measure("presences in a request", len(message.presences), lending.WANTS_MAX)
        case lending.LeaseAnswer():
            told = {one.lease for one in message.grants} | {one.lease for one in message.closes}
            yield Measure("leases in an answer", len(told), lending.GRANTS_MAX)


def _of_device(device: Device) -> Iterator[Measure]:
    books = device.books
    yield Measure("acts that wait", books.waiting(), sequencer.QUEUE_MAX)
    yield Measure("rows that wait for their table", books.unsettled(), effects.EFFECTS_ROWS_MAX)
    if books.trouble is None:
        yield Measure("disks without their reserve", int(not device.disk.disk.has_reserve()), 0)
        device.profiles.cursor()  # whoever asks next leaves an old copy, and the last one takes it away
        copies = len([*device.folder.glob("profiles.*.db")])
        yield Measure("copies of the site beside the live one", copies - 1, 0)
