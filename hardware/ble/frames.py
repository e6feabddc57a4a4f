"""Frames: what beacons and bands say on air, read from octets that anybody may have sent."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

APPLE = 0x004C
EDDYSTONE = "0000feaa-0000-1000-8000-00805f9b34fb"
POLSO = "4293a025-0558-426f-8c6e-da1da73ed36a"
"""The service whose data a Polso band sends (.docs/decisions/0022)."""
EID_BYTES = 8
POWER_LOST_DB = 41
"""From the transmitter to one metre of it, in free air (Eddystone-UID, "Tx Power")."""
BATTERY_MAX = 3

_BAND_VERSION = 0x10
_BAND = struct.Struct(">B8sbBBB")
_BASE_UUID = "-0000-1000-8000-00805f9b34fb"
_FLAGS_MASK = 0x3F
_MANUFACTURER, _SERVICE_16, _SERVICE_32, _SERVICE_128 = 0xFF, 0x16, 0x20, 0x21
_SCHEMES = ("http://www.", "https://www.", "http://", "https://")
_ENDINGS = (".com", ".org", ".edu", ".net", ".info", ".biz", ".gov")


@dataclass(frozen=True, slots=True)
class IBeacon:
    """A fixed beacon; ``power_1m`` is the level in dBm that it is heard with at one metre."""

    uuid: UUID
    major: int
    minor: int
    power_1m: int


@dataclass(frozen=True, slots=True)
class AltBeacon:
    """A fixed beacon of any maker: ``beacon_id`` is 20 octets, ``reserved`` the maker's own octet."""

    company: int
    beacon_id: bytes
    power_1m: int
    reserved: int


@dataclass(frozen=True, slots=True)
class EddystoneUid:
    """A fixed beacon: 10 octets of namespace, 6 of instance; ``power_0m`` in dBm at the transmitter."""

    namespace: bytes
    instance: bytes
    power_0m: int

    @property
    def power_1m(self) -> int:
        """The level at one metre, in dBm."""
        return self.power_0m - POWER_LOST_DB


@dataclass(frozen=True, slots=True)
class EddystoneUrl:
    """A page to open, written out in full; ``power_0m`` in dBm at the transmitter."""

    url: str
    power_0m: int


@dataclass(frozen=True, slots=True)
class EddystoneTlm:
    """How a beacon is; it names nobody and belongs to the address it came with.

    ``battery_mv`` is 0 and ``temperature_c`` -128 where the beacon does not measure them; ``uptime_ds`` in
    tenths of a second.
    """

    battery_mv: int
    temperature_c: float
    adv_count: int
    uptime_ds: int


@dataclass(frozen=True, slots=True)
class EddystoneEtlm:
    """The same, readable by whoever has the beacon's key."""

    sealed: bytes
    salt: bytes
    mic: bytes


@dataclass(frozen=True, slots=True)
class EddystoneEid:
    """A beacon whose identity changes: 8 octets that mean something to its owner only."""

    eid: bytes = field(repr=False)
    power_0m: int

    @property
    def power_1m(self) -> int:
        """The level at one metre, in dBm."""
        return self.power_0m - POWER_LOST_DB


@dataclass(frozen=True, slots=True)
class BandFrame:
    """A Polso band. ``counter`` makes each advertisement new and orders nothing.

    ``battery`` is 0 (to be changed) to 3 (full) in one period of eight, and else 3, so that it does not tell
    one band from another (.docs/decisions/0030);
    ``flags`` are six bits, zero today.
    """

    eid: bytes = field(repr=False)
    power_1m: int
    counter: int
    battery: int
    flags: int = 0


Frame = (
    IBeacon
    | AltBeacon
    | EddystoneUid
    | EddystoneUrl
    | EddystoneTlm
    | EddystoneEtlm
    | EddystoneEid
    | BandFrame
)


@dataclass(frozen=True, slots=True)
class Payloads:
    """An advertisement taken apart: what it says by maker's code, and what by service."""

    manufacturer: Mapping[int, bytes]
    service: Mapping[str, bytes]


def of_manufacturer(company: int, octets: bytes) -> Frame | None:
    """Read what stands behind a maker's code; None where it is no frame that is known here.

    Sources: AltBeacon specification 1.0; iBeacon as others published it.
    """
    if company == APPLE and octets[:2] == b"\x02\x15" and len(octets) == 23:
        major, minor, power = struct.unpack(">HHb", octets[18:])
        return IBeacon(UUID(bytes=octets[2:18]), major, minor, power)
    if octets[:2] == b"\xbe\xac" and len(octets) == 24:
        power, reserved = struct.unpack(">bB", octets[22:])
        return AltBeacon(company, octets[2:22], power, reserved)
    return None


def of_service(uuid: str, octets: bytes) -> Frame | None:
    """Read a service's data; None where it is no frame that is known here.

    Sources: google/eddystone, the pages of UID, URL, TLM and EID; decision 0022 for bands.
    """
    if uuid == POLSO:
        return _band(octets)
    if uuid == EDDYSTONE and octets:
        read = _EDDYSTONE.get(octets[0])
        return read(octets) if read else None
    return None


def frames(payloads: Payloads) -> Iterator[Frame]:
    """Read all frames of an advertisement."""
    for company, octets in payloads.manufacturer.items():
        found = of_manufacturer(company, octets)
        if found is not None:
            yield found
    for uuid, octets in payloads.service.items():
        found = of_service(uuid, octets)
        if found is not None:
            yield found


def band_payload(band: BandFrame) -> bytes:
    """Write what a band sends as the data of its service; the spare octet is zero."""
    state = min(band.battery, BATTERY_MAX) << 6 | band.flags & _FLAGS_MASK
    return _BAND.pack(_BAND_VERSION, band.eid, band.power_1m, band.counter & 0xFF, state, 0)


def _band(octets: bytes) -> BandFrame | None:
    if len(octets) != _BAND.size or octets[0] != _BAND_VERSION:
        return None
    _, eid, power, counter, state, _ = _BAND.unpack(octets)
    return BandFrame(eid, power, counter, state >> 6, state & _FLAGS_MASK)


def _uid(octets: bytes) -> Frame | None:
    if len(octets) not in (18, 20):  # the two octets for later use may be left out
        return None
    return EddystoneUid(octets[2:12], octets[12:18], _signed(octets[1]))


def _url(octets: bytes) -> Frame | None:
    if not 4 <= len(octets) <= 20 or octets[2] >= len(_SCHEMES):
        return None
    parts = [_part(code) for code in octets[3:]]
    url = "".join(part for part in parts if part is not None)
    return None if None in parts else EddystoneUrl(_SCHEMES[octets[2]] + url, _signed(octets[1]))


def _part(code: int) -> str | None:
    """Return what one octet of a URL stands for: an ending, a character, or nothing that is defined."""
    if code < len(_ENDINGS):
        return _ENDINGS[code] + "/"
    if code < 2 * len(_ENDINGS):
        return _ENDINGS[code - len(_ENDINGS)]
    return chr(code) if 0x20 < code < 0x7F else None


def _tlm(octets: bytes) -> Frame | None:
    if len(octets) == 14 and octets[1] == 0:
        battery, temperature, count, uptime = struct.unpack(">HhII", octets[2:])
        return EddystoneTlm(battery, temperature / 256, count, uptime)
    if len(octets) == 18 and octets[1] == 1:
        return EddystoneEtlm(octets[2:14], octets[14:16], octets[16:18])
    return None


def _eid(octets: bytes) -> Frame | None:
    return EddystoneEid(octets[2:], _signed(octets[1])) if len(octets) == 2 + EID_BYTES else None


def _signed(octet: int) -> int:
    return octet - 0x100 if octet & 0x80 else octet


_EDDYSTONE = {0x00: _uid, 0x10: _url, 0x20: _tlm, 0x30: _eid}


def split(advertisement: bytes) -> Payloads:
    """Take advertising data apart as a receiver does, element by element.

    An element that says it is longer than what is left ends the list, and so does one of no length.
    Source: Bluetooth Core Specification, Vol. 3 Part C, 11, and its Supplement, Part A.
    """
    manufacturer: dict[int, bytes] = {}
    service: dict[str, bytes] = {}
    for kind, octets in elements(advertisement):
        if kind == _MANUFACTURER and len(octets) >= 2:
            manufacturer[int.from_bytes(octets[:2], "little")] = octets[2:]
        elif kind == _SERVICE_16 and len(octets) >= 2:
            service[f"0000{octets[1::-1].hex()}{_BASE_UUID}"] = octets[2:]
        elif kind == _SERVICE_32 and len(octets) >= 4:
            service[octets[3::-1].hex() + _BASE_UUID] = octets[4:]
        elif kind == _SERVICE_128 and len(octets) >= 16:
            service[str(UUID(bytes=octets[15::-1]))] = octets[16:]
    return Payloads(manufacturer, service)


def elements(advertisement: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield an advertisement's elements: their type (Assigned Numbers, 2.3) and their data."""
    place = 0
    while place < len(advertisement):
        end = place + 1 + advertisement[place]
        if end == place + 1 or end > len(advertisement):
            return
        yield advertisement[place + 1], advertisement[place + 2 : end]
        place = end
