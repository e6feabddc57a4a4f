"""The park's air: bands of the tray that are carried about, heard by the real bleak on a bus of their own."""

from __future__ import annotations

import math
import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from edge.errors import Refused, Unknown
from hardware.ble.eid import K_DEFAULT, eid
from hardware.ble.frames import POLSO, BandFrame, band_payload
from hardware.virtual.radio import Advert, Radio, private_bus
from kiosk.park import DemoWalk, Place

SYSTEM_BUS = "DBUS_SYSTEM_BUS_ADDRESS"
EVERY_S = 0.3
POWER_1M_DBM = -59
LOSS_DB = 22.0
"""For each tenfold distance, in a room with people in it."""
FADES_DB = 2.0
REFERENCE = bytes.fromhex("00000000000000a1")
"""The beacon that hangs in the shop and is always heard."""


@dataclass(frozen=True, slots=True)
class Ear:
    """One radio of the park: what the configuration says of it, and how far from it places are, in metres."""

    name: str
    adapter: str
    where: str
    distances_m: Mapping[Place, float]


EARS = (
    Ear(
        "radio-bottega",
        "hci0",
        'point = "kiosk-1"\narea = "bottega"',
        {Place.BAR: 40, Place.SHOP: 5, Place.KIOSK: 0.8},
    ),
    Ear("radio-bar", "hci1", 'area = "bar"', {Place.BAR: 3, Place.SHOP: 38, Place.KIOSK: 40}),
)


class Air:
    """A message bus with nobody else on it, a radio that hears bands, and those who carry them."""

    def __init__(self, keys: Mapping[str, bytes], now_s: Callable[[], int]) -> None:
        """Know the bands' keys by their names, and the time by which they change theirs on air."""
        self._keys, self._now_s = keys, now_s
        self._chance = random.Random()  # noqa: S311 - fading, nothing secret
        self._places: dict[str, Place] = {}
        self._counts: dict[str, int] = {}
        self._changed, self._ending = threading.Condition(), False
        self._thread = threading.Thread(target=self._send, name="demo-air", daemon=True)
        self._open = ExitStack()
        self._radio: Radio | None = None

    def start(self) -> bool:
        """Take a bus of our own and point this process at it; say whether there is one."""
        try:
            address = self._open.enter_context(private_bus())
        except OSError:
            return False
        before = os.environ.get(SYSTEM_BUS)
        self._open.callback(_restore, before)
        os.environ[SYSTEM_BUS] = address
        self._radio = Radio(address, *(ear.adapter for ear in EARS))
        self._open.callback(self._radio.close)
        self._radio.start()
        self._thread.start()
        return True

    def stop(self) -> None:
        """Be silent."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._open.close()

    @property
    def configuration(self) -> Sequence[str]:
        """The radios as an operator would write them; none without a bus."""
        if self._radio is None:
            return ()
        return [
            f'[[radios]]\nname = "{ear.name}"\nadapter = "{ear.adapter}"\n{ear.where}\n'
            f'reference = "polso:{REFERENCE.hex()}"'
            for ear in EARS
        ]

    def carry(self, band: str, place: Place) -> None:
        """Carry a band to a place."""
        if self._radio is None:
            raise Refused("This demo has no radio.", hint="Install dbus-daemon (Debian: dbus-daemon).")
        if band not in self._keys:
            raise Unknown(f"There is no band {band!r}.", hint="GET /demo/state lists them.")
        with self._changed:
            self._places.pop(band, None)
            if place is not Place.AWAY:
                self._places[band] = place
            self._changed.notify_all()

    def clear(self) -> None:
        """Have everybody go home."""
        with self._changed:
            self._places.clear()

    def state(self, heard: int = 0) -> DemoWalk | None:
        """Say who is where, and how often the edge ``heard`` somebody; None: there is no radio."""
        return None if self._radio is None else DemoWalk(at=dict(self._places), heard=heard)

    def _send(self) -> None:
        while not self._ending:
            with self._changed:
                walking = dict(self._places)
                self._changed.wait(EVERY_S)
            if self._radio is not None and not self._ending:
                self._radio.hear(*self._adverts(walking))

    def _adverts(self, walking: Mapping[str, Place]) -> list[Advert]:
        """Return what all radios hear just now."""
        made = [Advert(_address(REFERENCE), _frame(REFERENCE, 0), -70, ear.adapter) for ear in EARS]
        for band, place in walking.items():
            identity = eid(self._keys[band], self._now_s(), K_DEFAULT)
            self._counts[band] = count = self._counts.get(band, self._chance.randrange(256)) + 1
            made += [
                Advert(_address(identity), _frame(identity, count), self._level(ear, place), ear.adapter)
                for ear in EARS
            ]
        return made

    def _level(self, ear: Ear, place: Place) -> int:
        level = POWER_1M_DBM - LOSS_DB * math.log10(ear.distances_m[place])
        return round(level + self._chance.gauss(0, FADES_DB))


def _frame(identity: bytes, count: int) -> bytes:
    payload = band_payload(BandFrame(identity, POWER_1M_DBM, count, 3))
    return bytes([len(payload) + 17, 0x21]) + UUID(POLSO).bytes[::-1] + payload


def _address(identity: bytes) -> str:
    """A band changes its address together with its identity (Core Specification, Vol. 6 Part B, 1.3.2.1)."""
    return ":".join(f"{octet:02X}" for octet in bytes([identity[0] | 0xC0]) + identity[1:6])


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(SYSTEM_BUS, None)
    else:
        os.environ[SYSTEM_BUS] = before
