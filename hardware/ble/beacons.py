"""Beacons by their addresses: what a configuration calls them, and the octets that a frame says of itself."""

from __future__ import annotations

import re
from uuid import UUID

from hardware.ble.frames import AltBeacon, BandFrame, EddystoneUid, Frame, IBeacon

FORMS = "ibeacon:UUID/MAJOR/MINOR, altbeacon:40 HEX DIGITS, eddystone:NAMESPACE/INSTANCE, polso:16 HEX DIGITS"
"""Addresses of one beacon. Without what follows a slash, or with 32 digits, one stands for a whole family."""
WHOLE_BYTES = {b"i": 21, b"a": 21, b"e": 17, b"p": 9}
"""Octets of a whole address by its first one, which says the make."""
_WRITTEN = {
    "ibeacon": re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/(\d{1,5})/(\d{1,5}))?"),
    "altbeacon": re.compile(r"([0-9a-f]{32}(?:[0-9a-f]{8})?)"),
    "eddystone": re.compile(r"([0-9a-f]{20})(?:/([0-9a-f]{12}))?"),
    "polso": re.compile(r"([0-9a-f]{16})"),
}


def octets_of(address: str) -> bytes:
    """Return an address's octets, by which its beacons' begin; raises ``ValueError`` with the forms."""
    make, _, rest = address.lower().partition(":")
    form = _WRITTEN.get(make)
    found = form.fullmatch(rest) if form is not None else None
    if found is None:
        raise ValueError(f"{address!r} is no beacon's address; write one as {FORMS}")
    parts = [part for part in found.groups() if part is not None]
    if make != "ibeacon":
        return make[:1].encode() + bytes.fromhex("".join(parts))
    if any(int(number) > 0xFFFF for number in parts[1:]):
        raise ValueError(f"{address!r}: major and minor are 0 to 65535")
    return b"i" + UUID(parts[0]).bytes + b"".join(int(number).to_bytes(2, "big") for number in parts[1:])


def is_whole(octets: bytes) -> bool:
    """Whether these stand for one beacon rather than for a family."""
    return len(octets) == WHOLE_BYTES[octets[:1]]


def said_by(frame: Frame) -> bytes:
    """Return what a frame says of the beacon that sent it, as ``octets_of``; nothing where it names none."""
    match frame:
        case IBeacon():
            return b"i" + frame.uuid.bytes + frame.major.to_bytes(2, "big") + frame.minor.to_bytes(2, "big")
        case AltBeacon():
            return b"a" + frame.beacon_id
        case EddystoneUid():
            return b"e" + frame.namespace + frame.instance
        case BandFrame():
            return b"p" + frame.eid
        case _:
            return b""
