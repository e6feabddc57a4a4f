"""The radio: whether the real bleak hears each advertisement of a crowd of bands, and what that costs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple
from uuid import UUID

import msgspec

from edge.run.bench.figures import BenchError, as_json
from hardware.ble.eid import KEY_BYTES, eid
from hardware.ble.epochs import ID_BYTES, Epochs, Expected, Roster
from hardware.ble.frames import POLSO, BandFrame, Frame, band_payload
from hardware.ble.scanner import Mode, Receiver, Scanner
from hardware.port import DeviceState, State
from hardware.virtual.radio import Advert, Bluez, private_bus
from hardware.virtual.radio.bluez import BURST

NOW_S = 1_700_000_000
UP_S_MAX = 10.0
THROUGH_S_MAX = 5.0
SYSTEM_BUS = "DBUS_SYSTEM_BUS_ADDRESS"


class Crowd(NamedTuple):
    """How many bands send, how often all together, and for how long."""

    devices: int
    per_s: int
    seconds: float


class Sent(msgspec.Struct):
    """What the other process says it sent."""

    adverts: int
    took_s: float


def expected(devices: int) -> list[Expected]:
    """Return the bands of the crowd, the same in both processes."""
    return [Expected(n.to_bytes(ID_BYTES, "big"), (n + 1).to_bytes(KEY_BYTES, "big")) for n in range(devices)]


def measure(crowd: Crowd) -> str:
    """Return the figures as JSON; bus and radio are processes of their own, the share of a core is ours."""
    epochs = Epochs(Roster(expected(crowd.devices)))
    while epochs.work(NOW_S):
        pass

    def whose(frame: Frame) -> bytes | None:
        heard = epochs.resolve(frame.eid, NOW_S) if isinstance(frame, BandFrame) else None
        return None if heard is None else heard.id

    with _air(crowd) as (asks, told):
        heard, up = [0], threading.Event()
        scanner = Scanner(
            [Receiver("bench", mode=Mode.PRECISE)], whose, hear=_counting(heard), tell=when_up(up)
        )
        scanner.start()
        if not up.wait(UP_S_MAX):
            raise BenchError("bleak does not listen on the private bus.")
        spent_s = time.process_time()
        asks.write("go\n")
        asks.flush()
        sent = msgspec.json.decode(told.readline(), type=Sent)
        ends = time.monotonic() + THROUGH_S_MAX
        while heard[0] < sent.adverts and time.monotonic() < ends:
            time.sleep(0.01)
        spent_s = time.process_time() - spent_s
        scanner.stop()
    figures: dict[str, float | int | str] = {
        "adverts_per_s": sent.adverts / sent.took_s,
        "lost": sent.adverts - heard[0],
        "core_share": spent_s / sent.took_s,
        "advert_us": spent_s / sent.adverts * 1e6,
        "devices": crowd.devices,
    }
    return as_json(figures)


def _counting(heard: list[int]) -> Callable[[object], None]:
    def hear(_: object) -> None:
        heard[0] += 1

    return hear


def when_up(up: threading.Event) -> Callable[[DeviceState], None]:
    """Return what sets ``up`` once a radio listens."""

    def tell(state: DeviceState) -> None:
        if state.state is State.IDLE:
            up.set()

    return tell


@contextmanager
def _air(crowd: Crowd) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run bus and radio, and point this process's bleak at them."""
    before = os.environ.get(SYSTEM_BUS)
    with private_bus() as address:
        os.environ[SYSTEM_BUS] = address
        words = [sys.executable, "-m", "edge.run.bench.radio", address, *map(str, crowd)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
        try:
            if process.stdin is None or process.stdout is None or process.stdout.readline() != "ready\n":
                raise BenchError("The virtual radio did not start.")
            yield process.stdin, process.stdout
        finally:
            process.communicate(timeout=UP_S_MAX)
            restore(before)


def restore(before: str | None) -> None:
    """Point this process at the bus of before."""
    if before is None:
        os.environ.pop(SYSTEM_BUS, None)
    else:
        os.environ[SYSTEM_BUS] = before


async def send(address: str, crowd: Crowd) -> None:
    """Be the other process: a radio on which a crowd is heard, until our input ends."""
    radio = Bluez("hci0")
    await radio.start(address)
    heads = [_advert(band) for band in expected(crowd.devices)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    began, count, total = time.monotonic(), 0, round(crowd.per_s * crowd.seconds)
    while count < total:
        due = min(total, round((time.monotonic() - began) * crowd.per_s))
        for number in range(count, min(due, count + BURST)):
            radio.hear(heads[number % crowd.devices](number // crowd.devices))
            count = number + 1
        await radio.settled()
        await asyncio.sleep(0.001)
    sent = Sent(count, time.monotonic() - began)
    sys.stdout.write(msgspec.json.encode(sent).decode() + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await radio.crash()


def _advert(band: Expected) -> Callable[[int], Advert]:
    at = ":".join(f"{octet:02X}" for octet in b"\xc0" + band.id[-5:])
    identity = eid(band.key, NOW_S)

    def advert(count: int) -> Advert:
        payload = band_payload(BandFrame(identity, -60, count & 0xFF, 3))
        head = bytes([len(payload) + 17, 0x21]) + UUID(POLSO).bytes[::-1]
        return Advert(at, head + payload, -60 - count % 3)

    return advert


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1], Crowd(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
