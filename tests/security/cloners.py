"""Guests with bands of every kind, the copies that thieves make of them, and a gate that meets both."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from edge.core.bands import Trust
from edge.core.decision import Outcome
from edge.core.profiles import Profile
from edge.views import StaffView
from hardware.nfc.uri import link_record
from hardware.port import Presented, Tap
from hardware.virtual.bands import Band
from hardware.virtual.bands.felica import FelicaLiteS
from hardware.virtual.bands.ntag21x import NTAG213, Ntag21x
from hardware.virtual.bands.ntag424 import Mirror, Ntag424
from tests.hardware.nfc_bench import Bench
from tests.service.house import House, band_of, worn

URL = "https://polso.example/b"


@dataclass
class Wearer:
    """A guest's band, the keys that the edge knows it by, and the least it must prove."""

    kind: str
    uid: bytes
    band: Band
    keys: dict[int, bytes]
    least: Trust


def a_wearer(kind: str, chance: random.Random) -> Wearer:
    """A band of a kind with keys of its own."""
    uid = b"\x04" + chance.randbytes(6)
    key = chance.randbytes(16)
    if kind == "live":
        return Wearer(kind, uid, Ntag424(uid, {1: key, 2: key}), {1: key, 2: key}, Trust.SUN)
    if kind == "sun":
        return Wearer(kind, uid, Ntag424(uid, {2: key}), {2: key}, Trust.SUN)
    if kind == "felica":
        uid = b"\x01\x2e" + chance.randbytes(6)
        return Wearer(kind, uid, FelicaLiteS(uid, key), {1: key}, Trust.SUN)
    return Wearer(kind, uid, Ntag21x(uid, NTAG213), {}, Trust.UID)


def another_key(wearer: Wearer) -> Band:
    """The same identifier on a chip of the same kind, with keys that the thief made."""
    key = secrets.token_bytes(16)
    if wearer.kind == "felica":
        return FelicaLiteS(wearer.uid, key)
    return Ntag424(wearer.uid, dict.fromkeys(range(5), key), counter=900)


def factory_key(wearer: Wearer) -> Band:
    """The same identifier on a chip as it comes from its maker."""
    if wearer.kind == "felica":
        return FelicaLiteS(wearer.uid, bytes(16))
    return Ntag424(wearer.uid, {}, counter=900)


def plain_chip(wearer: Wearer) -> Band:
    """The identifier alone, on a chip that proves nothing."""
    return FelicaLiteS(wearer.uid, bytes(16)) if wearer.kind == "felica" else Ntag21x(wearer.uid, NTAG213)


def kept_message(wearer: Wearer) -> Band:
    """The very message that the band showed last, written onto a chip that repeats it."""
    if not isinstance(wearer.band, Ntag424):
        return another_key(wearer)
    return Ntag424(wearer.uid, {}, message=link_record(wearer.band.link()))


def frozen_chip(wearer: Wearer) -> Band:
    """A chip that even knows the key of the message, and whose counter stands: the worst of replays."""
    if wearer.kind != "sun" or not isinstance(wearer.band, Ntag424):
        return another_key(wearer)
    return Ntag424(wearer.uid, wearer.keys, mirror=Mirror(frozen=True), counter=wearer.band.counter)


COPIES: tuple[Callable[[Wearer], Band], ...] = (
    another_key, factory_key, plain_chip, kept_message, frozen_chip,
)  # fmt: skip


class Gatehouse:
    """An edge with one real reader driver, at which bands are laid."""

    def __init__(self, house: House, bench: Bench, known: dict[tuple[bytes, int], bytes]) -> None:
        self.house, self.bench, self.known = house, bench, known

    def admit(self, wearer: Wearer, number: int) -> Profile:
        """Make a guest known, with keys as they come with the profile."""
        self.known.update({(wearer.uid, no): key for no, key in wearer.keys.items()})
        profile = worn(self.house, wearer.uid, guest=f"guest-{number}", rev=number + 2)
        rights = tuple(
            msgspec.structs.replace(right, id=f"{right.id}-{number}") for right in profile.entitlements
        )
        band = msgspec.structs.replace(profile.band, trust_min=wearer.least)
        told = msgspec.structs.replace(profile, band=band, entitlements=rights)
        self.house.tell(told)
        return told

    def lay(self, band: Band, reader: str) -> StaffView:
        """Lay a band down and have the gate decide."""
        return self.house.service.present(self.tap_of(self.bench.read_of(band), reader))

    def tap_of(self, read: Presented, reader: str) -> Tap:
        return self.house.tap(
            read.uid,
            reader=reader,
            trust=read.trust,
            counter=read.counter,
            fault=read.fault,
            product=read.product,
            sak=read.sak,
        )

    def alarms(self, wearer: Wearer) -> list[str]:
        own = band_of(self.house, wearer.uid).hex()
        return [alarm.reason for alarm in self.house.service.alarms() if alarm.band == own]


def passed(view: StaffView) -> bool:
    return view.outcome is Outcome.GRANTED
