"""The park's air: bands of the tray that are carried about, heard by the real bleak on a bus of their own."""

from __future__ import annotations

import itertools
import math
import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from edge.errors import Refused, Unknown
from hardware.ble.frames import BATTERY_MAX, POLSO, BandFrame, band_payload
from hardware.virtual.bands.onair import POWER_1M_DBM, BandRadio
from hardware.virtual.radio import Advert, Radio, private_bus
from kiosk.park import DemoWalk, Place

SYSTEM_BUS = "DBUS_SYSTEM_BUS_ADDRESS"
EVERY_S = 0.3
LOSS_DB = 22.0
"""For each tenfold distance, in a room with people in it."""
FADES_DB = 2.0
REFERENCE = bytes.fromhex("00000000000000a1")
"""The beacon that hangs in the shop and is always heard."""
REFERENCE_AT = "C0:00:00:00:00:A1"
REFERENCE_DBM, BODY_DB, BODY_TURNS = -70, 12, 5
"""How loud it is, and how much less so while somebody stands before it, every other time of so many turns.

In privacy mode bluetoothd tells of a beacon that always says the same only when its level moved by 8 dB: in a
house with people in it it does.
"""
REFERENCE_SAYS = band_payload(BandFrame(REFERENCE, POWER_1M_DBM, 0, BATTERY_MAX))


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
        self._now_s = now_s
        self._chance = random.SystemRandom()
        self._radios = {name: BandRadio(key, chance=self._chance) for name, key in keys.items()}
        self._places: dict[str, Place] = {}
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
        if band not in self._radios:
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
        for turn in itertools.count():
            with self._changed:
                walking = dict(self._places)
                self._changed.wait(EVERY_S)
                if self._ending:
                    return
            if self._radio is not None:
                self._radio.hear(*reference(turn), *self._adverts(walking))

    def _adverts(self, walking: Mapping[str, Place]) -> list[Advert]:
        """Return what all radios hear just now of those who walk."""
        made: list[Advert] = []
        for band, place in walking.items():
            frame = self._radios[band].says(self._now_s())
            octets, address = _element(band_payload(frame)), self._radios[band].address
            made += [Advert(address, octets, self._level(ear, place), ear.adapter) for ear in EARS]
        return made

    def _level(self, ear: Ear, place: Place) -> int:
        level = POWER_1M_DBM - LOSS_DB * math.log10(ear.distances_m[place])
        return round(level + self._chance.gauss(0, FADES_DB))


def reference(turn: int) -> list[Advert]:
    """Return what all radios hear of the beacon that hangs in the shop, at one turn after the other."""
    hidden = turn // BODY_TURNS % 2
    level = REFERENCE_DBM - BODY_DB * hidden
    return [Advert(REFERENCE_AT, _element(REFERENCE_SAYS), level, ear.adapter) for ear in EARS]


def _element(payload: bytes) -> bytes:
    return bytes([len(payload) + 17, 0x21]) + UUID(POLSO).bytes[::-1] + payload


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(SYSTEM_BUS, None)
    else:
        os.environ[SYSTEM_BUS] = before
