"""Journals, batches, sites and devices for the tests of the wire, each valid in one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from edge.core.events import Acted, Event, Kind, canonical, chain_start, chain_step
from sync.central import sites
from sync.central.machines import devices
from sync.central.machines.devices import Device, NewDevice
from sync.central.store import Store
from sync.signing import public_half
from sync.wire import WIRE_VERSION, Batch

NOW_MS = 1_760_000_000_000
SITE = "park"
PRIVATE_KEY = b"k" * 32
KEY = public_half(PRIVATE_KEY)


@dataclass
class Clockwork:
    """Central's time in a test: it stands until it is moved."""

    ms: int = NOW_MS

    def __call__(self) -> int:
        return self.ms


def a_site(store: Store, site: str = SITE) -> str:
    """A site with an empty feed."""
    with store.transaction() as tx:
        sites.create_site(tx, site)
    return site


def a_device(store: Store, site: str = SITE, *, points: tuple[str, ...] = ("gate-1",)) -> tuple[Device, str]:
    """An enrolled device and the name of its key; its site is made if need be."""
    with store.transaction() as tx:
        if not sites.has_site(tx, site):
            sites.create_site(tx, site)
        new = NewDevice(site=site, kind="edge", name="gate", points=points, public_key=KEY)
        return devices.add_device(tx, new)


@dataclass
class PaperJournal:
    """One device's journal kept in memory, chained by the product's own step."""

    site: str
    device: str
    public_key: bytes = KEY
    lanes: dict[int, list[Event]] = field(default_factory=lambda: {0: [], 1: []})

    def write(self, count: int, lane: int = 0, *, note: str = "tap") -> None:
        """Append plain events."""
        for _ in range(count):
            self.append(lane, msgspec.msgpack.encode(Acted(note=note, point="gate-1")))

    def append(self, lane: int, body: bytes, **columns: Any) -> Event:
        """Append one event with this body."""
        rows = self.lanes[lane]
        seq = len(rows) + 1
        plain = Event(
            lane=lane,
            seq=columns.get("seq", seq),
            hlc=columns.get("hlc", (NOW_MS << 16) + seq * 2 + lane),
            offset_ms=0,
            uncertainty_ms=columns.get("uncertainty_ms", 5),
            kind=columns.get("kind", int(Kind.LOOKED_UP)),
            schema=columns.get("schema", 1),
            band=columns.get("band", bytes([seq % 256]) * 16),
            body=body,
            h=b"",
        )
        event = msgspec.structs.replace(plain, h=chain_step(self.before(lane, seq), plain))
        rows.append(event)
        return event

    def before(self, lane: int, seq: int) -> bytes:
        """The hash before a sequence."""
        if seq == 1:
            return chain_start(self.site, self.device, lane, public_key=self.public_key)
        return self.lanes[lane][seq - 2].h

    def copy(self) -> PaperJournal:
        """The same journal on a second machine."""
        return PaperJournal(
            self.site, self.device, self.public_key, {k: list(v) for k, v in self.lanes.items()}
        )

    def batch(self, first: int, last: int, lane: int = 0, *, incarnation: int = 1) -> Batch:
        """The rows of a range as the wire carries them."""
        events = self.lanes[lane][first - 1 : last]
        return Batch(
            v=WIRE_VERSION,
            site=self.site,
            device=self.device,
            incarnation=incarnation,
            lane=lane,
            first=first,
            last=last,
            prev=self.before(lane, first),
            head=events[-1].h if events else b"",
            rows=tuple(msgspec.Raw(canonical(event)) for event in events),
        )


def a_journal(device: Device) -> PaperJournal:
    """An empty journal of an enrolled device."""
    return PaperJournal(device.site, device.id, device.public_key)


def cut(rows: Sequence[object], size: int) -> Iterator[Sequence[object]]:
    """Rows in pieces of a size."""
    return (rows[at : at + size] for at in range(0, len(rows), size))
