"""The adapter: what controller, kernel and bluetoothd let a program hear (.docs/decisions/0027)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from hardware.ble.frames import elements, split

RSSI_STEP_DB = 8
"""By so much a level must move to be told, unless a session asks for exact ones (bluez ``src/device.c``)."""
SCAN_S = 10.24
"""After so long the kernel begins an active scan anew."""
FORGOTTEN_S = 30.0
"""``TemporaryTimeout`` of bluez ``src/main.conf``."""

K = TypeVar("K")


class Pattern(NamedTuple):
    """What a monitor lets pass: these octets at this place of an element of this type."""

    start: int
    kind: int
    content: bytes

    def fits(self, advertisement: bytes) -> bool:
        """Whether an advertisement has such an element."""
        end = self.start + len(self.content)
        return any(
            kind == self.kind and octets[self.start : end] == self.content
            for kind, octets in elements(advertisement)
        )


class Asked(NamedTuple):
    """What one client's session asks for."""

    exact: bool = False
    """Levels as they are: a threshold was set."""
    duplicates: bool = False


@dataclass(slots=True)
class Device:
    """A device as bluetoothd remembers it: its level as last told, and all that it ever sent."""

    address: str
    rssi: int
    at_s: float
    manufacturer: dict[int, bytes] = field(default_factory=dict)
    service: dict[str, bytes] = field(default_factory=dict)


class News(NamedTuple):
    """What bluetoothd tells of a device: that it is new, or which of its properties changed."""

    device: Device
    new: bool
    rssi: bool = True
    manufacturer: bool = True
    service: bool = True


@dataclass(slots=True)
class Adapter:
    """One radio of the machine and who listens by it; clients are their names on the bus."""

    name: str
    powered: bool = True
    asked: dict[str, Asked] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    monitors: dict[tuple[str, str], tuple[Pattern, ...]] = field(default_factory=dict)
    """By client and object."""
    devices: dict[str, Device] = field(default_factory=dict)
    begun_s: float = 0.0
    stalled: bool = False
    """Nothing is heard any more, and everything says that all is well; a scan that is begun anew helps."""
    orphan_until_s: float = 0.0
    """So long the kernel runs the scan of a daemon that died; whoever wants one meanwhile is refused."""
    filtering: bool = True
    """Whether the controller leaves out what it has heard since this scan began."""
    scanned: set[tuple[str, bytes]] = field(default_factory=set)

    def begin(self, now_s: float) -> None:
        """Begin an active scan: where a monitor is registered, duplicates are heard too."""
        self.begun_s, self.filtering, self.stalled = now_s, not self.monitors, False
        self.scanned.clear()

    def hear(self, address: str, advertisement: bytes, rssi: int, *, now_s: float) -> News | None:
        """Return what of an advertisement on air is told, if anything."""
        if not self._passes(address, advertisement, now_s):
            return None
        said, known = split(advertisement), self.devices.get(address)
        if known is None:
            known = Device(address, rssi, now_s, dict(said.manufacturer), dict(said.service))
            self.devices[address] = known
            return News(known, True)
        known.at_s = now_s
        asked = [self.asked.get(client, Asked()) for client in self.sessions]
        exact, again = any(one.exact for one in asked), any(one.duplicates for one in asked)
        moved = rssi != known.rssi and (exact or abs(rssi - known.rssi) >= RSSI_STEP_DB)
        known.rssi = rssi if moved else known.rssi
        manufacturer = _adds(known.manufacturer, said.manufacturer) or (again and bool(said.manufacturer))
        service = _adds(known.service, said.service) or (again and bool(said.service))
        return News(known, False, moved, manufacturer, service) if moved or manufacturer or service else None

    def forget(self, now_s: float) -> list[Device]:
        """Forget who was not heard for long."""
        gone = [one for one in self.devices.values() if now_s - one.at_s > FORGOTTEN_S]
        for one in gone:
            del self.devices[one.address]
        return gone

    def _passes(self, address: str, advertisement: bytes, now_s: float) -> bool:
        if not self.powered or self.stalled:
            return False
        if not self.sessions:
            return any(pattern.fits(advertisement) for one in self.monitors.values() for pattern in one)
        if now_s - self.begun_s > SCAN_S:
            self.begin(now_s)
        known = (address, advertisement) in self.scanned
        self.scanned.add((address, advertisement))
        return not (self.filtering and known)


def _adds(known: dict[K, bytes], said: Mapping[K, bytes]) -> bool:
    """Merge what was said now into what was ever said; returns whether that changed it."""
    before = dict(known)
    known.update(said)
    return known != before
