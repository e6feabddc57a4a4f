"""A virtual band in words of a configuration: what it is, who it is, what it knows, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from hardware.nfc.diversify import band_key
from hardware.nfc.uri import link_record
from hardware.virtual.bands.band import Band, MifareClassic
from hardware.virtual.bands.felica import FelicaLiteS
from hardware.virtual.bands.hostile import FAULTS
from hardware.virtual.bands.ntag21x import NTAG213, NTAG216, Ntag21x
from hardware.virtual.bands.ntag424 import Mirror, Ntag424

Kind = Literal["ntag213", "ntag216", "ntag424", "felica_lite_s", "mifare_classic"]
Fault = Literal["", "short_select", "mute", "endless_wait", "torn", "lossy", "noisy", "random_uid", "replay"]

_KEY_OCTETS = 16


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One band of a configuration; identifiers, keys and messages are hexadecimal.

    ``keys`` are by number ("1": live proof, "2": SUN, "3": encrypted PICC data; FeliCa: "1" is the card key).
    ``master`` is a site's, from which keys that are not named are diversified.
    ``message`` replaces the link by fixed NDEF octets. ``fault_at`` is the fault's own figure: octets,
    frame, or per cent.
    """

    kind: Kind
    uid: str
    name: str = ""
    keys: dict[str, str] = {}
    master: str = ""
    counter: int = 0
    url: str = "https://polso.example/b"
    encrypted: bool = False
    password: str = ""
    message: str | None = None
    fault: Fault = ""
    fault_at: int = 0
    seed: int = 0
    factory: bool = False
    """An NTAG 424 DNA as its maker sends it, which a desk may personalise."""

    def __repr__(self) -> str:
        """Name kind and band; identifier and keys never reach a log."""
        return f"Description(kind={self.kind!r}, name={self.name!r}, fault={self.fault!r})"


def _keys(told: Description) -> dict[int, bytes]:
    """Derive and read the keys, and refuse those that are none."""
    master, uid = bytes.fromhex(told.master), bytes.fromhex(told.uid)
    keys = {number: band_key(master, uid, number) for number in range(5)} if master else {}
    keys |= {int(number): bytes.fromhex(key) for number, key in told.keys.items()}
    if any(number not in range(5) or len(key) != _KEY_OCTETS for number, key in keys.items()):
        raise ValueError("a band's keys are 16 octets each, numbered 0 to 4")
    return keys


def _honest(told: Description) -> Band:
    """Make the band without its fault."""
    uid, keys = bytes.fromhex(told.uid), _keys(told)
    message = None if told.message is None else bytes.fromhex(told.message)
    if told.kind == "ntag424" and told.factory:
        return Ntag424.from_factory(uid)
    if told.kind == "ntag424":
        mirror = Mirror(told.url, encrypted=told.encrypted, frozen=told.fault == "replay")
        return Ntag424(uid, keys, mirror=mirror, counter=told.counter, message=message)
    if told.kind == "mifare_classic":
        return MifareClassic(uid)
    fixed = link_record(told.url) if message is None else message
    if told.kind == "felica_lite_s":
        return FelicaLiteS(uid, keys.get(1, bytes(_KEY_OCTETS)), message=fixed)
    model = NTAG213 if told.kind == "ntag213" else NTAG216
    return Ntag21x(uid, model, message=fixed, password=bytes.fromhex(told.password))


def build(description: Description | Mapping[str, object]) -> Band:
    """Make the band that a configuration describes; raises ``msgspec.ValidationError`` or ``ValueError``."""
    told = description if isinstance(description, Description) else msgspec.convert(description, Description)
    band, fault = _honest(told), FAULTS.get(told.fault)
    return fault(band, at=told.fault_at, seed=told.seed) if fault else band
