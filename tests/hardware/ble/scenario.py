"""The scenario: what goes on air and how much of it is heard, by the stand-in and by a real bluetoothd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from hardware.ble.frames import BandFrame, Frame, IBeacon
from hardware.ble.scanner import UNHEARD, Mode, Receiver, Scanner
from hardware.port import DeviceState, Sighting, State
from hardware.virtual.radio import Advert
from tests.hardware.ble.conftest import STRANGER, a_band, address

SENDERS, TIMES = 5, 50
LEVELS = (-60, -61, -63, -62, -64)
UP_S_MAX, THROUGH_S = 40.0, 1.0
Say = Callable[[Advert], bool]
"""Puts an advertisement on air; False while no scan runs, so that nobody could hear it."""


class Counted(NamedTuple):
    """How much was heard of what was on air while it was listened, and at which levels."""

    fixed: float
    """Beacons that say the same each time, as Polso listens."""
    changing: float
    """Bands that count, as Polso listens."""
    plain: float
    """The same beacons as bleak listens by itself."""
    levels: list[int]
    """Of bands, exactly."""
    private: int
    """How many levels of one band a private radio tells apart: none of them is a step away from another."""


def play(say: Say, pace_s: float) -> Counted:
    """Let the senders speak in turn, so many times each, with a pause after each round."""
    with listening(Receiver("kiosk-1", mode=Mode.PRECISE, beacons=True)) as heard:
        fixed = _heard_of(heard, _beacons(say, pace_s))
        heard.clear()
        changing = _heard_of(heard, _bands(say, pace_s))
        levels = sorted({one.rssi for one in heard})
    with listening(Receiver("kiosk-1", mode=Mode.PRIVACY)) as heard:
        _heard_of(heard, _bands(say, pace_s))
        bands = {one.id for one in heard}
        private = max(len({one.rssi for one in heard if one.id == band}) for band in bands)
    return Counted(fixed, changing, asyncio.run(_plain(say, pace_s)), levels, private)


@contextmanager
def listening(receiver: Receiver) -> Iterator[list[Sighting]]:
    """Listen as the product does; yields what is heard once it listens."""
    heard: list[Sighting] = []
    states: list[DeviceState] = []
    scanner = Scanner([receiver], _whose, hear=heard.append, tell=states.append)
    scanner.start()
    try:
        until(lambda: bool(states) and states[-1].state is State.IDLE)
        yield heard
    finally:
        scanner.stop()


def until(holds: Callable[[], bool], within_s: float = UP_S_MAX) -> float:
    """Wait for a condition; returns how long it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + within_s, f"not within {within_s} s"
        time.sleep(0.05)
    return time.monotonic() - began


async def _plain(say: Say, pace_s: float) -> float:
    heard: list[int] = []

    def hear(_: BLEDevice, told: AdvertisementData) -> None:
        heard.extend([told.rssi] if told.rssi != UNHEARD else [])

    async with BleakScanner(hear):
        await asyncio.sleep(THROUGH_S)  # what is known from before is told first
        heard.clear()
        sent = await asyncio.to_thread(_beacons, say, pace_s)
        await asyncio.sleep(THROUGH_S)
    return len(heard) / sent


def _heard_of(heard: list[Sighting], sent: int) -> float:
    time.sleep(THROUGH_S)  # what was not heard by then is what is counted as missed
    return len(heard) / sent


def _beacons(say: Say, pace_s: float) -> int:
    return _on_air(say, pace_s, lambda number, _: Advert(address(number + 2**32), STRANGER, 0))


def _bands(say: Say, pace_s: float) -> int:
    return _on_air(say, pace_s, a_band)


def _on_air(say: Say, pace_s: float, made: Callable[[int, int], Advert]) -> int:
    sent = 0
    for turn in range(TIMES):
        for number in range(2, 2 + SENDERS):
            sent += say(made(number, turn)._replace(rssi=LEVELS[(turn + number) % len(LEVELS)]))
        # As far apart as senders are: what is on air cannot be waited for.
        time.sleep(pace_s)
    return sent


def _whose(frame: Frame) -> bytes | None:
    """Every band and every beacon is expected here."""
    if isinstance(frame, BandFrame):
        return frame.eid * 2
    return bytes(16) if isinstance(frame, IBeacon) else None
