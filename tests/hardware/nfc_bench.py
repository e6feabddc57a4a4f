"""Benches on which a virtual band lies behind one of nfcpy's own drivers, and the bands to lay there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nfc.clf.acr122

from hardware.nfc.budget import READ_MS_MAX, Budget
from hardware.nfc.nfcpy import NfcpyReader
from hardware.port import KeyLookup, Presented
from hardware.virtual.bands import Band, Description, build
from hardware.virtual.chip import Acr122u, PtyChip
from hardware.virtual.field import Field

KEY = bytes(range(16))
OTHER_KEY = bytes(range(16, 32))
LIVE_UID = bytes.fromhex("04DE5F1EACC040")
SUN_UID = bytes.fromhex("04DE5F1EACC041")
PLAIN_UID = bytes.fromhex("04DE5F1EACC042")
FELICA_UID = bytes.fromhex("0102030405060708")
NTAG_UID = bytes.fromhex("04112233445566")

KNOWN = {(LIVE_UID, 1): KEY, (FELICA_UID, 1): KEY, (SUN_UID, 2): KEY, (SUN_UID, 3): KEY}


def keys(uid: bytes, key_no: int) -> bytes | None:
    """Find a band's key, as a vault does."""
    return KNOWN.get((uid, key_no))


def a_live_band(**changes: Any) -> Band:
    return build(_told("ntag424", LIVE_UID, {"keys": {"1": KEY.hex()}} | changes))


def a_sun_band(**changes: Any) -> Band:
    return build(_told("ntag424", SUN_UID, {"keys": {"2": KEY.hex(), "3": KEY.hex()}} | changes))


def a_felica_band(**changes: Any) -> Band:
    return build(_told("felica_lite_s", FELICA_UID, {"keys": {"1": KEY.hex()}} | changes))


def an_ntag213(**changes: Any) -> Band:
    return build(_told("ntag213", NTAG_UID, changes))


def a_classic(**changes: Any) -> Band:
    return build(_told("mifare_classic", b"\x01\x02\x03\x04", changes))


def a_band_without_key(number: int = 0) -> Band:
    """One of many bands that differ by their identifier only."""
    return build(_told("ntag213", b"\x04\x99" + number.to_bytes(5), {}))


def _told(kind: str, uid: bytes, changes: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "uid": uid.hex(), **changes}


@dataclass
class Bench:
    """A reader, what lays bands before it, and who counts its chip commands."""

    reader: NfcpyReader
    place: Callable[[Band], None]
    remove: Callable[[], None]
    count: Callable[[], int]

    def read(self, ms: int = READ_MS_MAX) -> Presented | None:
        return self.reader.read(time.monotonic_ns() + ms * 1_000_000)

    def read_of(self, band: Band) -> Presented:
        """Lay a band down and read it."""
        self.place(band)
        found = self.read()
        assert found is not None
        return found

    def still_there(self, uid: bytes) -> bool:
        return self.reader.still_there(uid, time.monotonic_ns() + READ_MS_MAX * 1_000_000)


@contextmanager
def udp_bench(keys: KeyLookup = keys) -> Iterator[Bench]:
    field = Field()
    reader = NfcpyReader(field.path, keys)
    reader.open()
    try:
        yield Bench(reader, field.place, field.remove, lambda: 0)
    finally:
        reader.close()
        field.close()


@contextmanager
def pty_bench() -> Iterator[Bench]:
    chip = PtyChip()
    reader = NfcpyReader(chip.path, keys)
    reader.open()
    try:
        yield Bench(reader, chip.place, chip.remove, lambda: chip.chip.commands)
    finally:
        reader.close()
        chip.close()


def acr122_opener(device: Acr122u) -> Callable[[str, Budget], Any]:
    """Open nfcpy's own acr122 driver over the virtual cable."""
    return lambda path, budget: nfc.clf.acr122.init(device)


@contextmanager
def acr122_bench(device: Acr122u | None = None) -> Iterator[Bench]:
    device = device or Acr122u()
    reader = NfcpyReader("usb:072f:2200", keys, opener=acr122_opener(device))
    reader.open()
    try:
        yield Bench(reader, device.chip.place, device.chip.remove, lambda: device.chip.commands)
    finally:
        reader.close()


BENCHES = {"udp": udp_bench, "pn532": pty_bench, "acr122": acr122_bench}

__all__ = ["BENCHES", "Bench", "Description"]
