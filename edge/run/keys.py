"""Keys that central derives for a site: its bands' own (NXP AN10922) and the hashes of PINs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.core.pins import keyed_guest_pin, keyed_pin
from edge.staff.pins import hash_pin
from hardware.nfc.diversify import band_keys

KEY_NUMBERS = (1, 2)
"""1 proves the band live, 2 makes its SUN message; key 0 never leaves the desk that writes bands."""


def diversify(master: bytes, uids: Sequence[bytes]) -> list[dict[int, bytes]]:
    """Return the keys by number of each band, in order (``sync.central.registry.bands.Diversify``)."""
    return band_keys(master, uids, KEY_NUMBERS)


def desk_keys(master: bytes, uid: bytes, numbers: Sequence[int]) -> Mapping[int, bytes]:
    """Return one band's keys for the desk that writes them (``sync.central.personalisation.MakeKeys``)."""
    return band_keys(master, [uid], numbers)[0]


def pin_hash(site_key: bytes, staff: str, pin: str) -> str:
    """Return the hash of a PIN as every device of the site checks it; slow on purpose."""
    return hash_pin(keyed_pin(site_key, staff, pin))


def guest_pin_hash(site_key: bytes, wallet: str, pin: str) -> str:
    """Return the hash of a guest's PIN for one wallet, likewise."""
    return hash_pin(keyed_guest_pin(site_key, wallet, pin))
