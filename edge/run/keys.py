"""Keys that central derives for a site: its bands' own (NXP AN10922) and the hashes of PINs."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from edge.core.pins import keyed_guest_pin, keyed_pin
from edge.staff.pins import hash_pin, pin_matches
from hardware.ble.eid import K_DEFAULT, eid, registered
from hardware.nfc.diversify import band_keys
from sync.desk import Beacon

KEY_NUMBERS = (1, 2)
"""1 proves the band live, 2 makes its SUN message; key 0 never leaves the desk that writes bands."""


def diversify(master: bytes, uids: Sequence[bytes]) -> list[dict[int, bytes]]:
    """Return the keys by number of each band, in order (``sync.central.registry.bands.Diversify``)."""
    return band_keys(master, uids, KEY_NUMBERS)


def desk_keys(master: bytes, uid: bytes, numbers: Sequence[int]) -> Mapping[int, bytes]:
    """Return one band's keys for the desk that writes them (``sync.central.personalisation.MakeKeys``)."""
    return band_keys(master, [uid], numbers)[0]


def agreed(private: bytes, resolver: bytes, beacon: Beacon) -> bytes | None:
    """Return the identity key that a band goes by if it agreed with us (``sync.central.registry.onair``)."""
    key = registered(private, beacon.public, resolver=resolver, beacon=beacon.public)
    return key if hmac.compare_digest(eid(key, beacon.clock_s, K_DEFAULT), beacon.identity) else None


def pin_hash(site_key: bytes, staff: str, pin: str) -> str:
    """Return the hash of a PIN as every device of the site checks it; slow on purpose."""
    return hash_pin(keyed_pin(site_key, staff, pin))


def guest_pin_hash(site_key: bytes, wallet: str, pin: str) -> str:
    """Return the hash of a guest's PIN for one wallet, likewise."""
    return hash_pin(keyed_guest_pin(site_key, wallet, pin))


def guest_pin_matches(site_key: bytes, wallet: str, pin: str, *, hashed: str) -> bool:
    """Say whether this is the PIN of a wallet that was hashed so."""
    return pin_matches(hashed, keyed_guest_pin(site_key, wallet, pin))
