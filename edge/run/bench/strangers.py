"""Strangers on air: their advertisements in every other second, by the bus and at the callback's door."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import msgspec

from edge.run import processor
from edge.run.bench.figures import BenchError
from edge.run.bench.radio import SYSTEM_BUS, UP_S_MAX, restore, when_up
from hardware.ble.frames import APPLE
from hardware.ble.scanner import Mode, Receiver, Scanner
from hardware.virtual.radio import Advert, Bluez, private_bus
from hardware.virtual.radio.bluez import BURST

ADDRESSES = 500
BUS_PER_S_MAX = 2_000
"""More, and the bus and who plays bluetoothd take the second processor from whoever is measured."""
EACH_S = 0.01


class Flood(msgspec.Struct, frozen=True):
    """When the flood began on the machine's monotonic clock, how long it lasts, and each window of it."""

    began_s: float
    seconds: float
    window_s: float

    def due(self, per_s: float) -> int:
        """Return how many should have been sent by now: every other window is quiet, the first of all too."""
        now_s = max(0.0, min(time.monotonic() - self.began_s, self.seconds))
        pairs, within_s = divmod(now_s, 2 * self.window_s)
        return int((pairs * self.window_s + max(0.0, within_s - self.window_s)) * per_s)


@dataclass(slots=True)
class Counted:
    """How many advertisements came by the bus, and how many at the door."""

    bus: int = 0
    door: int = 0


@contextmanager
def strangers(flood: Flood, per_s: int) -> Iterator[Counted]:
    """Have a radio listen in this process while ``per_s`` strangers' advertisements a second reach it."""
    before, counted, up, over = os.environ.get(SYSTEM_BUS), Counted(), Event(), Event()
    with private_bus() as address:
        os.environ[SYSTEM_BUS] = address
        words = [sys.executable, "-m", "edge.run.bench.strangers", address, str(min(per_s, BUS_PER_S_MAX))]
        with processor.beside():  # a stranger's radio has a machine of its own
            air = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
        ear = Receiver("bench", mode=Mode.PRECISE, beacons=True)
        scanner = Scanner([ear], lambda frame: None, hear=lambda sighting: None, tell=when_up(up))
        door = Thread(target=_door, args=(scanner, flood, per_s), kwargs={"over": over, "counted": counted})
        try:
            if air.stdin is None or air.stdout is None or air.stdout.readline() != "ready\n":
                raise BenchError("The virtual radio did not start.")
            scanner.start()
            if not up.wait(UP_S_MAX):
                raise BenchError("bleak does not listen on the private bus.")
            air.stdin.write(msgspec.json.encode(flood).decode() + "\n")
            air.stdin.flush()
            door.start()
            yield counted
            counted.bus = int(air.stdout.readline())
        finally:
            over.set()
            if door.is_alive():
                door.join()
            scanner.stop()
            air.communicate(timeout=UP_S_MAX)
            restore(before)


def _door(scanner: Scanner, flood: Flood, per_s: int, *, over: Event, counted: Counted) -> None:
    """Bring what the bus does not carry, until it is over."""
    while not over.wait(EACH_S):
        due = flood.due(per_s - BUS_PER_S_MAX)
        scanner.overhear(APPLE, [_beacon(number) for number in range(counted.door, due)], -70)
        counted.door = max(due, counted.door)


def _beacon(number: int) -> tuple[str, bytes]:
    """One stranger's advertisement: an address of many, and octets that are new each time."""
    address = (0xC0 << 40 | number % ADDRESSES).to_bytes(6, "big")
    octets = b"\x02\x15" + number.to_bytes(16, "big") + bytes(4) + b"\xc5"
    return ":".join(f"{octet:02X}" for octet in address), octets


def _advert(number: int) -> Advert:
    address, octets = _beacon(number)
    element = APPLE.to_bytes(2, "little") + octets
    return Advert(address, b"\x02\x01\x06" + bytes([len(element) + 1, 0xFF]) + element, -70)


async def send(address: str, per_s: int) -> None:
    """Be the other process: a radio on which strangers are heard until the flood is over; say how many."""
    radio, count = Bluez("hci0"), 0
    await radio.start(address)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    flood = msgspec.json.decode(await asyncio.to_thread(sys.stdin.readline), type=Flood)
    while time.monotonic() - flood.began_s < flood.seconds:
        due = min(flood.due(per_s), count + BURST)
        radio.hear(*map(_advert, range(count, due)))
        count = max(due, count)
        await radio.settled()
        await asyncio.sleep(0.001)  # the rhythm in which a bus can take them
    sys.stdout.write(f"{count}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await radio.crash()


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1], int(sys.argv[2])))
